"""Payments: each counts once, its money goes to what was owed when it was made, and nothing of it is lost."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from cobranza.policy.segment import segment_of
from cobranza.store.payments import Payments
from tests.integration.rows import (
    apply,
    assert_survives_any_death,
    book,
    codes,
    interrupt,
    keys_of,
    listed,
    owed,
    refused,
    writes_of,
)
from tests.integration.world import World, debts
from tests.unit.books import DAILY

type Drop = Callable[..., dict[str, Any]]

BEFORE = "2026-11-23T10:00:00-06:00"
PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "amount": "150.00",
    "currency": "MXN",
    "paid_at": "2026-11-24T09:00:00-06:00",
}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def load(drop: Drop, *rows: dict[str, str], as_of: str = BEFORE, kind: str = "debts") -> dict[str, Any]:
    summary = drop(f"{kind}/tienda/{as_of[:10]}.csv", debts(*rows), metadata={"as-of": as_of})
    assert summary["error"] is None
    assert summary["refused"] == 0
    return summary


def two(drop: Drop) -> None:
    """100.00 due today, 80.00 due in a week."""
    load(drop, {"amount": "100.00"}, {"debt_id": "F-2", "amount": "80.00", "due_date": "2026-12-01"})


def credit(world: World) -> str:
    (credit,) = book(world).credits
    return str(credit.left.amount)


# Where it goes.


def test_money_without_a_debt_goes_to_the_oldest_and_the_rest_to_the_next(world: World, drop: Drop) -> None:
    two(drop)
    assert apply(world, "payments", PAID).changes == {"created": 1}
    assert owed(world) == {"F-1": "0.00", "F-2": "30.00"}


@pytest.mark.parametrize(
    "payer",
    [
        {"borrower_id": "", "debt_id": "F-2"},
        {"borrower_id": "", "reference": "F-2"},
        {"reference": "F-2"},
        {"debt_id": "F-2", "reference": "F-1"},
    ],
)
def test_a_debt_is_found_by_its_number_and_by_a_reference(world: World, drop: Drop, payer: dict[str, str]) -> None:
    two(drop)
    apply(world, "payments", PAID | {"amount": "80.00"} | payer)
    assert owed(world) == {"F-1": "100.00", "F-2": "0.00"}


def test_an_instalment_is_paid_before_its_debts_others(world: World, drop: Drop) -> None:
    load(drop, {"instalment": "1", "amount": "50"}, {"instalment": "2", "amount": "50", "due_date": "2026-12-24"})
    apply(world, "payments", PAID | {"borrower_id": "", "debt_id": "F-1", "instalment": "2", "amount": "20"})
    assert owed(world) == {"F-11": "50.00", "F-12": "30.00"}


def test_a_part_of_a_debt_leaves_the_rest_to_be_asked_for(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"})
    apply(world, "payments", PAID | {"amount": "30.01"})
    assert codes(world) == ["SKIPPED_JUST_PAID"]
    world.later(days=1)
    assert codes(world) == ["SENT"]
    (message,) = world.whatsapp.sent
    assert "69.99" in str(message["template"])


def test_a_payment_between_queue_and_sender_stops_the_reminder(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"})
    (reminder,) = world.tick()
    apply(world, "payments", PAID)
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_PAID"
    assert world.whatsapp.sent == []


# More than is owed.


def test_what_is_paid_too_much_covers_the_next_debt(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00", "due_date": "2026-11-20"})
    apply(world, "payments", PAID)
    assert credit(world) == "50.00"
    load(drop, {"debt_id": "F-2", "amount": "50.00"}, as_of="2026-11-24T08:00:00-06:00")
    assert codes(world) == ["SKIPPED_CREDIT_COVERS"]
    assert world.whatsapp.sent == []


@pytest.mark.parametrize(
    "paid_at",
    ["2026-11-20", "2026-11-20T09:00:00-06:00", "2026-11-20T23:30:00-06:00", "2026-11-21T03:00:00Z"],
)
def test_who_pays_on_the_due_date_is_punctual_by_their_own_clock(world: World, drop: Drop, paid_at: str) -> None:
    load(drop, {"amount": "150.00", "due_date": "2026-11-20"}, as_of="2026-11-19T10:00:00-06:00")
    apply(world, "payments", PAID | {"paid_at": paid_at})
    assert segment_of(book(world).debts, DAILY.segments) == "punctual"


def test_a_declared_credit_holds_what_was_paid_too_much_before_it(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"})
    apply(world, "payments", PAID)
    payments, ref = Payments(world.table), world.ref()

    def declare(amount: str, at: str) -> None:
        moment = datetime.fromisoformat(at)
        payments.declare_credit(ref, "tienda", "MXN", Decimal(amount), moment)

    declare("10.00", BEFORE)
    assert credit(world) == "60.00"
    declare("50.00", "2026-11-24T10:00:00-06:00")
    assert credit(world) == "50.00"
    declare("0", "2026-11-23T20:00:00-06:00")  # older: nothing
    assert credit(world) == "50.00"
    declare("0", "2026-11-24T10:30:00-06:00")
    assert credit(world) == "0"
    payments.declare_credit(ref, "tienda", "USD", Decimal(0), datetime.fromisoformat(BEFORE))
    assert len(book(world).credits) == 1


def test_a_credit_that_one_row_of_a_person_tells_is_not_undone_by_the_others(world: World, drop: Drop) -> None:
    second = {"debt_id": "F-2", "due_date": "2026-11-24"}
    load(drop, {"amount": "40.00", "credit": "100.00"}, second | {"amount": "50.00", "credit": "0"})
    assert credit(world) == "100.00"
    assert codes(world) == ["SKIPPED_CREDIT_COVERS"]


def test_a_credit_may_be_declared_of_who_has_none(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"})
    moment = datetime.fromisoformat(BEFORE)
    for _ in range(2):
        Payments(world.table).declare_credit(world.ref(), "tienda", "MXN", Decimal("100"), moment)
    assert world.item("CREDIT#tienda#MXN")["rev"] == 1
    assert codes(world) == ["SKIPPED_CREDIT_COVERS"]


# Once.


def test_the_same_file_again_writes_nothing(world: World, drop: Drop) -> None:
    two(drop)
    rows = [PAID, PAID | {"payment_id": "P-2", "amount": "500.00"}]
    assert apply(world, "payments", *rows).changes == {"created": 2}
    before = world.kept()
    assert writes_of(world, "payments", *rows) == 0
    assert apply(world, "payments", *rows).changes == {"unchanged": 2}
    assert world.kept() == before


def test_a_number_that_comes_again_with_another_amount_changes_nothing(world: World, drop: Drop) -> None:
    two(drop)
    apply(world, "payments", PAID | {"amount": "30.00"})
    applied = apply(world, "payments", PAID | {"amount": "99.00"})
    assert applied.changes == {"unchanged": 1}
    assert applied.warnings[0].startswith("OTHER_AMOUNT: ")
    assert owed(world)["F-1"] == "70.00"


@pytest.mark.parametrize("twin", [{}, {"reference": "SPEI 7"}, {"amount": "20.00"}])
def test_a_number_that_stands_twice_in_a_file_is_one_payment(
    world: World, drop: Drop, twin: dict[str, str]
) -> None:
    load(drop, {"amount": "100.00"})
    applied = apply(world, "payments", PAID | {"amount": "30.00"}, PAID | {"amount": "30.00"} | twin)
    assert applied.changes == {"created": 1, "unchanged": 1}
    assert owed(world) == {"F-1": "70.00"}
    assert bool(applied.warnings) == ("amount" in twin)


@pytest.mark.parametrize("is_one_file", [True, False])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"borrower_id": "C2"}),
        ({"debt_id": "F-1"}, {"debt_id": "F-2"}),
        ({"debt_id": "F-1", "instalment": "1"}, {"debt_id": "F-1", "instalment": "2"}),
        ({"borrower_id": "", "reference": "F-2"}, {"borrower_id": "", "reference": "F-3"}),
    ],
)
def test_another_payment_under_the_same_number_is_told_and_not_passed_over(
    world: World, drop: Drop, one: dict[str, str], other: dict[str, str], is_one_file: bool
) -> None:
    second = {"borrower_id": "C2", "phone": "+525555550102", "debt_id": "F-3"}
    load(drop, {"instalment": "1"}, {"instalment": "2"}, {"debt_id": "F-2"}, second)
    files = [[PAID | one, PAID | other]] if is_one_file else [[PAID | one], [PAID | other]]
    applied = [apply(world, "payments", *rows) for rows in files]
    assert refused(applied[-1]) == {len(files[-1]) + 1: "NUMBER_TAKEN"}
    kept = world.kept()
    again = apply(world, "payments", *files[-1])
    assert (refused(again), world.kept()) == (refused(applied[-1]), kept)
    mended = apply(world, "payments", PAID | other | {"payment_id": "P-1b"})
    assert mended.changes == {"created": 1}


def test_two_portfolios_may_use_the_same_number(world: World, drop: Drop) -> None:
    two(drop)
    drop("debts/otra/a.csv", debts({"amount": "100.00"}), metadata={"as-of": BEFORE})
    for portfolio in ("tienda", "otra"):
        applied = apply(world, "payments", PAID | {"amount": "30.00"}, portfolio=portfolio)
        assert applied.changes == {"created": 1}
    debts_ = book(world).debts
    assert sorted(f"{debt.owed.amount:.2f}" for debt in debts_) == ["70.00", "70.00", "80.00"]


SEVERAL = [
    PAID | {"amount": "60.00", "paid_at": "2026-11-24T07:00:00-06:00"},
    PAID | {"payment_id": "P-2", "amount": "70.00", "paid_at": "2026-11-24T08:00:00-06:00"},
    PAID | {"payment_id": "P-3", "amount": "90.00", "debt_id": "F-2"},
    PAID | {"payment_id": "P-4", "amount": "5.00", "paid_at": "2026-11-24"},
]


def test_whatever_the_order_of_the_rows_the_money_ends_in_the_same_place(world: World, drop: Drop) -> None:
    two(drop)
    before = world.kept()
    ends: list[Any] = []
    for order in permutations(SEVERAL):
        world.restore(before)
        assert apply(world, "payments", *order, import_id="one").changes == {"created": 4}
        ends.append(world.kept())
    assert all(end == ends[0] for end in ends)
    assert owed(world) == {"F-1": "0.00", "F-2": "0.00"}
    assert credit(world) == "45.00"


def test_a_worker_that_dies_anywhere_loses_no_money_and_gives_none_twice(world: World, drop: Drop) -> None:
    two(drop)
    sold = {"borrower_id": "C1", "debt_id": "F-1", "action": "vendida", "at": "2026-11-22"}
    apply(world, "recalls", sold)
    assert_survives_any_death(world, "payments", *SEVERAL, PAID | {"payment_id": "P-5", "debt_id": "F-1"})


def test_a_debt_that_changes_while_a_payment_is_given_to_it_gets_it_once(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(drop)

    def meanwhile() -> None:
        apply(world, "requests", {"borrower_id": "C1", "debt_id": "F-1"})

    interrupt(monkeypatch, meanwhile)
    assert apply(world, "payments", PAID).changes == {"created": 1}
    assert owed(world) == {"F-1": "0.00", "F-2": "30.00"}
    assert str(book(world).debts[0].requested_on) == "2026-11-24"


# Money of nobody.


def test_money_that_belongs_to_nobody_is_listed_and_can_come_again(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"}, {"borrower_id": "C2", "phone": "+525555550102", "amount": "50.00"})
    rows = [
        PAID | {"borrower_id": "C9"},
        PAID | {"payment_id": "P-2", "debt_id": "F-9"},
        PAID | {"payment_id": "P-3", "borrower_id": "", "reference": "REF-9"},
        PAID | {"payment_id": "P-4", "borrower_id": "", "debt_id": "F-1"},  # two owe an F-1
        PAID | {"payment_id": "P-5", "currency": "USD"},
        PAID | {"payment_id": "P-6", "borrower_id": "", "debt_id": "F-9"},
        PAID | {"payment_id": "P-6", "borrower_id": "", "debt_id": "F-9"},
    ]
    before = world.kept()
    applied = apply(world, "payments", *rows)
    assert applied.changes == {}
    assert refused(applied) == dict.fromkeys(range(2, 9), "UNMATCHED_PAYMENT")
    kept = [item for item in world.items() if "looked_into" not in item]
    assert [item for item in kept if not item["pk"].startswith("OWNERLESS#")] == before["ledger"]
    unmatched = listed(applied, "unmatched.csv")
    assert [(row["line"], row["code"]) for row in unmatched] == [
        ("2", "NO_SUCH_BORROWER"),
        ("3", "NO_SUCH_DEBT"),
        ("4", "NO_SUCH_REFERENCE"),
        ("5", "SEVERAL_BORROWERS"),
        ("6", "OTHER_CURRENCY"),
        ("7", "NO_SUCH_DEBT"),
        ("8", "NO_SUCH_DEBT"),
    ]
    load(drop, {"borrower_id": "C9", "phone": "+525555550109"}, as_of="2026-11-23T20:00:00-06:00")
    assert apply(world, "payments", rows[0]).changes == {"created": 1}


def test_a_payment_of_a_debt_that_has_left_the_book_is_known_when_it_comes_again(world: World, drop: Drop) -> None:
    load(drop, {"amount": "100.00"}, {"debt_id": "F-2", "amount": "1.00"})
    named = PAID | {"borrower_id": "", "debt_id": "F-1", "amount": "100.00"}
    apply(world, "payments", named)
    load(drop, {"balance": "0.00", "amount": "100.00"}, as_of="2026-11-24T10:00:00-06:00")
    applied = apply(world, "payments", named)
    assert (applied.changes, applied.refusals) == ({"unchanged": 1}, [])


# Debts that were taken back.


def test_a_payment_for_a_sold_debt_is_told_to_somebody(world: World, drop: Drop) -> None:
    two(drop)
    sold = {"borrower_id": "C1", "debt_id": "F-2", "action": "vendida", "at": "2026-11-22"}
    apply(world, "recalls", sold)
    applied = apply(world, "payments", PAID | {"debt_id": "F-2"}, PAID | {"payment_id": "P-2", "amount": "10"})
    (late,) = listed(applied, "payments_after_recall.csv")
    assert (late["recalled_debt_id"], late["recall"], late["given"]) == ("F-2", "sold", "80.00")
    assert late["payment_id"] == "P-1"
    assert owed(world) == {"F-1": "90.00", "F-2": "0.00"}
    assert apply(world, "payments", PAID | {"debt_id": "F-2"}).listings == {}


# Rows.


def test_a_row_that_cannot_be_read_keeps_no_other_from_being_used(world: World, drop: Drop) -> None:
    two(drop)
    applied = apply(world, "payments", PAID | {"amount": "zero"}, PAID, PAID | {"paid_at": "2026-11-25"})
    assert refused(applied) == {2: "BAD_AMOUNT", 4: "FUTURE_MOMENT"}
    assert applied.changes == {"created": 1}


def test_no_key_names_a_payment_or_a_person(world: World, drop: Drop) -> None:
    load(drop, {"debt_id": "F-2"})
    apply(world, "payments", PAID | {"payment_id": "SPEI-LUCIA"})
    assert not any(word in keys_of(world) for word in ("SPEI", "C1", "5550101"))

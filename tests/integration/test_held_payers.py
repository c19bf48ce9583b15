"""Whoever may have made a payment that could not be booked gets no reminder until a person has looked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.hold_payers import FEW
from cobranza.store.erasures import Erasure, Erasures
from cobranza.store.objects import Bucket
from tests.integration.rows import apply, assert_survives_any_death, codes, refused
from tests.integration.world import World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]
PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "debt_id": "F-1",
    "amount": "1234.50",
    "currency": "MXN",
    "paid_at": "2026-11-24T09:00:00-06:00",
}
SECOND = {"borrower_id": "C2", "phone": "+525555550102"}
HELD = "SKIPPED_OPEN_CASE"


def load(world: World, drop: Drop, *rows: dict[str, str], **ago: int) -> None:
    as_of = world.now - timedelta(**ago or {"days": 1})
    assert drop("debts/tienda/a.csv", debts(*rows or ({},)), {"as-of": as_of.isoformat()})["refused"] == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"paid_at": "ayer"},
        {"paid_at": "2026-11-25"},
        {"amount": "todo"},
        {"currency": "pesos"},
        {"currency": "USD"},
        {"payment_id": ""},
        {"debt_id": "F-9"},
        {"borrower_id": "", "amount": "todo"},
        {"borrower_id": "", "debt_id": "", "reference": "F-1", "amount": "todo"},
        {"borrower_id": "C01"},
        {"borrower_id": "", "instalment": "1/12"},
    ],
)
def test_a_payment_that_could_not_be_booked_keeps_its_payer_silent_for_two_days(
    world: World, drop: Drop, bad: dict[str, str]
) -> None:
    load(world, drop, {}, SECOND | {"debt_id": "F-2"})
    applied = apply(world, "payments", PAID | bad)
    assert list(refused(applied)) == [2]
    assert applied.warnings[-1].startswith("HELD_PAYERS: ")
    assert sorted(codes(world)) == ["SENT", HELD]
    assert [message["to"] for message in world.whatsapp.sent] == [SECOND["phone"]]
    world.later(days=2, hours=1)
    assert "SENT" in codes(world)
    assert len(world.whatsapp.sent) == 2


def test_a_row_that_is_cut_off_names_whom_it_names(world: World, drop: Drop) -> None:
    load(world, drop)
    summary = drop("payments/tienda/p.csv", f"{','.join(PAID)}\nP-1,C1,F-1\n")
    assert summary["refused_by_code"] == {"RAGGED_ROW": 1}
    assert summary["warnings"][-1].endswith(": 1")
    assert codes(world) == [HELD]


def test_a_payment_that_comes_before_its_debt_keeps_the_debt_silent(world: World, drop: Drop) -> None:
    apply(world, "payments", PAID)
    load(world, drop, hours=5)
    assert codes(world) == [HELD]


@pytest.mark.parametrize(
    "row",
    [
        {"borrower_id": ""},
        {"borrower_id": "", "debt_id": "", "reference": "F-1"},
        {"borrower_id": "C01"},
        {"borrower_id": "", "amount": "todo"},
    ],
)
def test_a_debt_that_was_paid_before_anybody_owed_it_is_silent_when_it_comes(
    world: World, drop: Drop, row: dict[str, str]
) -> None:
    assert list(refused(apply(world, "payments", PAID | row))) == [2]
    load(world, drop, {}, SECOND | {"debt_id": "F-2"}, hours=5)
    assert sorted(codes(world)) == ["SENT", HELD]


def test_a_balance_that_knows_the_payment_of_a_new_debt_is_asked_for(world: World, drop: Drop) -> None:
    apply(world, "payments", PAID | {"borrower_id": ""})
    load(world, drop, hours=1)
    assert codes(world) == ["SENT"]


def test_of_old_payments_of_debts_that_nobody_owes_nothing_is_kept(world: World) -> None:
    before = world.kept()
    apply(world, "payments", PAID | {"borrower_id": "", "paid_at": "2026-11-17T10:00:00-06:00"})
    assert world.kept() == before


def test_all_who_may_have_paid_are_silent_where_nobody_chooses_between_them(world: World, drop: Drop) -> None:
    load(world, drop, {}, SECOND)
    apply(world, "payments", PAID | {"borrower_id": ""})
    assert codes(world) == [HELD, HELD]


def test_a_number_that_many_have_names_no_debt(world: World, drop: Drop) -> None:
    people = ({"borrower_id": f"C{n}", "phone": f"+5255555501{n:02}"} for n in range(1, FEW + 2))
    load(world, drop, *people)
    applied = apply(world, "payments", PAID | {"borrower_id": ""})
    assert list(refused(applied).values()) == ["UNMATCHED_PAYMENT"]
    assert set(codes(world)) == {"SENT"}


def test_a_payment_that_all_balances_know_holds_nobody(world: World, drop: Drop) -> None:
    load(world, drop, hours=1)
    applied = apply(world, "payments", PAID | {"debt_id": "F-0"})
    assert list(refused(applied).values()) == ["UNMATCHED_PAYMENT"]
    assert applied.warnings == []
    assert codes(world) == ["SENT"]


def test_nothing_is_kept_of_who_was_erased(world: World) -> None:
    Erasures(world.table, Bucket(world.s3, "work")).remember(Erasure(world.ref(), world.now, "tienda"))
    before = world.kept()
    assert list(refused(apply(world, "payments", PAID)).values()) == ["UNMATCHED_PAYMENT"]
    assert world.kept() == before


def test_a_worker_that_dies_anywhere_leaves_the_same_silence(world: World, drop: Drop) -> None:
    load(world, drop, {}, SECOND)
    rows = [PAID | {"borrower_id": "", "payment_id": "P-2"}, PAID | {"payment_id": "P-3", "amount": "todo"}]
    assert_survives_any_death(world, "payments", PAID | {"amount": "10.00"}, *rows)

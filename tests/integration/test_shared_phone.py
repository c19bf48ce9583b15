"""Nobody may read another's debt: of borrowers who owe and have one phone, none is reminded."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.ledger import Ledger
from tests.integration.rows import apply, book, codes, results, run
from tests.integration.world import PORTFOLIO_YAML, ROW, TUESDAY, World, debts
from tests.unit.books import MEXICO

type Drop = Callable[..., dict[str, Any]]
type Cells = dict[str, str]

BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "debt_id": "F-2"}
PAID = {"payment_id": "P-1", "borrower_id": "C2", "amount": "1234.50", "currency": "MXN", "paid_at": "2026-11-24"}
SAID = {"borrower_id": "C2", "at": "2026-11-24T09:00:00-06:00", "source": "call centre"}
HOME, OTHER = ROW["phone"], "+525555550109"
BOTH = ["SKIPPED_SHARED_PHONE"] * 2

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def couple(drop: Drop, portfolio: None) -> None:
    """C1 and C2 have one phone, and a debt each that is due."""
    load(drop, {}, BRUNO)


def load(drop: Drop, *rows: Cells, to: str = "debts/tienda/a.csv") -> None:
    assert drop(to, debts(*rows), metadata={"as-of": "2026-11-23T10:00:00-06:00"})["refused"] == 0


@pytest.mark.usefixtures("couple")
def test_neither_of_two_who_have_one_phone_is_reminded(world: World) -> None:
    assert codes(world) == BOTH
    assert world.whatsapp.sent == []


def test_a_phone_is_one_in_all_portfolios_and_countries_and_spellings(world: World, drop: Drop) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    load(drop, {})
    load(drop, BRUNO | {"phone": "+52 1 55 5555 0101", "country": "CO", "currency": "COP"}, to="debts/otra/a.csv")
    assert codes(world) == BOTH


def test_many_who_are_written_without_being_read_know_their_phone_too(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cobranza.flows.import_part.INDEXED_FROM", 2)
    monkeypatch.setattr("cobranza.flows.import_part.NEW_FROM", 2)
    load(drop, {}, BRUNO)
    assert codes(world) == BOTH


def test_one_person_with_two_numbers_is_two_borrowers(world: World, drop: Drop) -> None:
    load(drop, {}, {"borrower_id": "C2", "debt_id": "F-2"})
    assert codes(world) == BOTH


@pytest.mark.usefixtures("couple")
@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("payments", PAID),
        ("recalls", SAID | {"debt_id": "F-2", "action": "vendida"}),
        ("contacts", SAID | {"action": "telefono", "phone": OTHER}),
        ("contacts", SAID | {"action": "equivocado"}),
    ],
)
def test_who_owes_nothing_there_any_more_is_in_nobodys_way(world: World, kind: str, row: Cells) -> None:
    assert codes(world) == BOTH
    apply(world, kind, row)
    world.later(days=1)
    run(world, world.now)
    assert [sent["to"] for sent in world.whatsapp.sent].count(HOME) == 1
    assert ROW["name"] in str(world.whatsapp.sent)


@pytest.mark.usefixtures("couple")
@pytest.mark.parametrize("action", ["baja", "disputa", "pausa"])
def test_who_is_not_to_be_written_to_still_may_not_read_anothers_debt(world: World, action: str) -> None:
    apply(world, "contacts", SAID | {"action": action, "until": "2026-11-30"})
    assert sorted(codes(world))[-1] == "SKIPPED_SHARED_PHONE"
    assert world.whatsapp.sent == []


def test_a_phone_that_a_contacts_row_told_is_shared_from_then_on(world: World, drop: Drop) -> None:
    load(drop, {}, BRUNO | {"phone": OTHER})
    reminders = world.tick()
    apply(world, "contacts", SAID | {"action": "telefono", "phone": "+52 1 55 5555 0101"})
    assert book(world, "C2").borrower.phone_ref == book(world).borrower.phone_ref
    told = [world.sender.remind(each, world.now).code for each in reminders]
    assert [code for code in told + codes(world) if code] == BOTH  # the row asked for another look at C2


def test_what_is_said_after_a_new_phone_does_not_forget_it(world: World, drop: Drop) -> None:
    load(drop, {}, BRUNO | {"phone": OTHER})
    apply(world, "contacts", SAID | {"action": "telefono", "phone": HOME})
    apply(world, "contacts", SAID | {"action": "alta"})
    assert codes(world) == BOTH


def test_who_changes_phone_twice_leaves_the_first_two_to_their_owners(world: World, drop: Drop) -> None:
    third = {"borrower_id": "C3", "name": "Clara Ejemplo", "debt_id": "F-3", "phone": OTHER}
    load(drop, {}, BRUNO, third)
    apply(world, "contacts", SAID | {"action": "telefono", "phone": OTHER})
    assert Counter(codes(world)) == {"SENT": 1, "SKIPPED_SHARED_PHONE": 2}
    moved = {"action": "telefono", "phone": "+525555550108", "at": "2026-11-24T10:00:00-06:00"}
    apply(world, "contacts", SAID | moved)
    world.later(days=1)
    run(world, world.now)
    assert sorted(sent["to"] for sent in world.whatsapp.sent) == [HOME, "+525555550108", OTHER]


def test_a_file_without_phones_leaves_the_one_that_is_shared(world: World, drop: Drop) -> None:
    load(drop, {}, BRUNO)
    drop("mappings/tienda/sin.yaml", 'applies_to: "sin_*"\nwithout: [name, phone]\n')
    bare = debts(BRUNO | {"amount": "99.00"}).replace("name,phone,", "").replace(f"{BRUNO['name']},{HOME},", "")
    assert drop("debts/tienda/sin_telefono.csv", bare)["updated"] == 1
    assert codes(world) == BOTH


# What it costs.


def test_nobody_is_asked_for_a_message_that_does_not_leave_and_no_items_of_who_is_alone(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(drop, {}, BRUNO | {"phone": OTHER, "consent": "no"})
    asked: Counter[str] = Counter()
    for name in ("borrowers_behind", "load"):
        monkeypatch.setattr(Ledger, name, counting(asked, name))
    assert sorted(codes(world)) == ["SENT", "SKIPPED_NO_CONSENT"]
    assert asked == {"borrowers_behind": 1, "load": 2}


def counting(asked: Counter[str], name: str) -> Callable[..., Any]:
    method = getattr(Ledger, name)

    def counted(ledger: Ledger, ref: str, **how: bool) -> Any:
        asked[name] += 1
        return method(ledger, ref, **how)

    return counted


# Plans and the book say the same.


@pytest.mark.usefixtures("couple")
def test_a_plan_says_what_the_run_that_follows_does(world: World) -> None:
    evening = TUESDAY.astimezone(MEXICO).replace(hour=18, minute=30)
    assert set(run(world, evening)) == {"SKIPPED_SHARED_PHONE"}
    list(world.planning.make_plans(evening))
    assert [row["outcome"] for row in results(world, "plans/dt=2026-11-25/plan.csv")] == BOTH
    assert run(world, evening.replace(day=26, hour=0)) == BOTH


def test_the_days_book_says_whose_phone_is_shared_at_each_of_their_debts(world: World, drop: Drop) -> None:
    load(
        drop,
        {},
        {"debt_id": "F-3", "due_date": "2026-12-20"},
        BRUNO,
        BRUNO | {"borrower_id": "C3", "phone": OTHER},
    )
    codes(world)
    list(world.reports.close_days(TUESDAY.astimezone(MEXICO).replace(day=25, hour=1)))
    rows = results(world, "book/dt=2026-11-24/book.csv")
    assert sorted((row["borrower_id"], row["stopped"], row["outcome"]) for row in rows) == [
        ("C1", "shared_phone", "NOTHING_DUE"),
        ("C1", "shared_phone", "SKIPPED_SHARED_PHONE"),
        ("C2", "shared_phone", "SKIPPED_SHARED_PHONE"),
        ("C3", "", "SENT"),
    ]

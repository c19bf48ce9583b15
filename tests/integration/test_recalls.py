"""A debt that the creditor took back is never reminded, until a later word brings it home; and requests."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from tests.integration.rows import (
    apply,
    assert_survives_any_death,
    book,
    codes,
    keys_of,
    refused,
    writes_of,
)
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

BEFORE = "2026-11-23T10:00:00-06:00"
SOLD = {"borrower_id": "C1", "debt_id": "F-1", "action": "vendida", "at": "2026-11-24T08:00:00-06:00"}
HOME = SOLD | {"action": "devuelta", "at": "2026-11-24T09:00:00-06:00", "source": "tesorería"}
ASKED = {"borrower_id": "C1", "debt_id": "F-1"}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def load(drop: Drop, *rows: dict[str, str], as_of: str = BEFORE, kind: str = "debts") -> None:
    file = debts(*rows or ({},))
    assert drop(f"{kind}/tienda/{as_of[:16]}.csv", file, metadata={"as-of": as_of})["refused"] == 0


@pytest.mark.parametrize("action", ["vendida", "retirada", "despacho", "juicio"])
def test_a_recall_stops_a_reminder_that_is_queued(world: World, drop: Drop, action: str) -> None:
    load(drop)
    (reminder,) = world.tick()
    assert apply(world, "recalls", SOLD | {"action": action}).changes == {"created": 1}
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_RECALLED"
    assert world.whatsapp.sent == []
    assert "due_at" not in world.item("PROFILE")


def test_a_recall_takes_all_instalments_and_leaves_other_debts(world: World, drop: Drop) -> None:
    load(drop, {"instalment": "1"}, {"instalment": "2"}, {"debt_id": "F-2", "amount": "7.00"})
    apply(world, "recalls", SOLD)
    assert [debt.recalled for debt in book(world).debts] == [True, True, False]
    assert codes(world) == ["SENT"]
    assert "7.00" in str(world.whatsapp.sent[0]["template"])


@pytest.mark.parametrize("kind", ["debts", "snapshots"])
def test_no_daily_file_brings_a_recalled_debt_home(world: World, drop: Drop, kind: str) -> None:
    load(drop)
    apply(world, "recalls", SOLD)
    load(drop, {"amount": "99.00"}, as_of="2026-11-24T10:00:00-06:00", kind=kind)
    assert codes(world) in ([], ["SKIPPED_RECALLED"])
    load(drop, {"amount": "98.00"}, as_of="2026-11-24T10:30:00-06:00", kind=kind)
    assert codes(world) == []
    assert world.whatsapp.sent == []


def test_a_debt_that_comes_home_is_reminded_the_same_day(world: World, drop: Drop) -> None:
    load(drop)
    apply(world, "recalls", SOLD)
    assert codes(world) == ["SKIPPED_RECALLED"]
    assert apply(world, "recalls", HOME).changes == {"created": 1}
    assert codes(world) == ["SENT"]


def test_recalls_in_any_order_end_the_same(world: World, drop: Drop) -> None:
    load(drop)
    again = SOLD | {"action": "juicio", "at": "2026-11-24T10:00:00-06:00"}
    before = world.kept()
    for rows, recalled in (((SOLD, HOME), False), ((SOLD, HOME, again), True)):
        for order in permutations(rows):
            world.restore(before)
            for row in order:
                apply(world, "recalls", row)
            assert [debt.recalled for debt in book(world).debts] == [recalled]


def test_a_recall_of_a_debt_that_comes_tomorrow_is_kept(world: World, drop: Drop) -> None:
    applied = apply(world, "recalls", SOLD)
    assert applied.changes == {"created": 1}
    assert applied.warnings[0].startswith("UNKNOWN_DEBT: ")
    load(drop)
    assert [debt.recalled for debt in book(world).debts] == [True]
    assert codes(world) == []
    assert world.whatsapp.sent == []


def test_a_recall_is_of_its_portfolio(world: World, drop: Drop) -> None:
    load(drop)
    apply(world, "recalls", SOLD, portfolio="otra")
    assert [debt.recalled for debt in book(world).debts] == [False]


def test_the_same_recalls_again_write_nothing(world: World, drop: Drop) -> None:
    load(drop)
    rows = [SOLD, HOME, SOLD | {"debt_id": "F-9"}]
    assert apply(world, "recalls", *rows, SOLD).changes == {"created": 3, "unchanged": 1}
    before = world.kept()
    assert writes_of(world, "recalls", *rows) == 0
    assert apply(world, "recalls", *rows).changes == {"unchanged": 3}
    assert world.kept() == before


def test_a_worker_that_dies_anywhere_leaves_no_debt_between(world: World, drop: Drop) -> None:
    load(drop, {}, {"borrower_id": "C2", "phone": "+525555550102"})
    apply(world, "recalls", SOLD)
    codes(world)
    assert_survives_any_death(world, "recalls", HOME, SOLD | {"borrower_id": "C2"}, SOLD | {"debt_id": "F-2"})


# Requests.


def test_a_request_is_reminded_now_whatever_its_step(world: World, drop: Drop) -> None:
    load(drop, {"due_date": "2026-10-01"})
    assert codes(world) == []
    assert apply(world, "requests", ASKED).changes == {"created": 1}
    assert codes(world) == ["SENT"]
    before = world.kept()
    assert writes_of(world, "requests", ASKED) == 0
    assert apply(world, "requests", ASKED, ASKED).changes == {"unchanged": 2}
    assert world.kept() == before
    assert codes(world) == []


def test_a_request_of_another_day_is_another_request(world: World, drop: Drop) -> None:
    load(drop, {"due_date": "2026-10-01"})
    apply(world, "requests", ASKED)
    assert codes(world) == ["SENT"]
    world.later(days=6)
    assert apply(world, "requests", ASKED).changes == {"updated": 1}
    assert codes(world) == ["SENT"]


def test_a_request_asks_for_an_instalment_or_for_all(world: World, drop: Drop) -> None:
    load(drop, *({"instalment": str(n), "due_date": "2026-10-01"} for n in (1, 2, 3)))

    def requested() -> list[str]:
        return [debt.terms.instalment for debt in book(world).debts if debt.requested_on]

    one = ASKED | {"instalment": "2"}
    assert apply(world, "requests", one, one).changes == {"created": 1, "unchanged": 1}
    assert requested() == ["2"]
    assert apply(world, "requests", one, ASKED | {"instalment": ""}).changes == {"created": 1, "unchanged": 1}
    assert requested() == ["1", "2", "3"]


def test_a_request_lifts_nothing(world: World, drop: Drop) -> None:
    load(drop)
    apply(world, "contacts", SOLD | {"action": "baja"})
    apply(world, "requests", ASKED)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_a_request_of_nobodys_debt_is_refused(world: World, drop: Drop) -> None:
    load(drop)
    applied = apply(
        world, "requests", ASKED | {"borrower_id": "C9"}, ASKED | {"debt_id": "F-9"}, ASKED | {"debt_id": ""}
    )
    assert refused(applied) == {2: "UNKNOWN_BORROWER", 3: "UNKNOWN_DEBT", 4: "MISSING_VALUE"}
    assert applied.changes == {}


def test_a_worker_that_dies_anywhere_forgets_no_request(world: World, drop: Drop) -> None:
    load(drop, {"due_date": "2026-10-01"}, {"due_date": "2026-10-01", "debt_id": "F-2"})
    assert_survives_any_death(world, "requests", ASKED, ASKED | {"debt_id": "F-2"})


def test_no_key_names_anybody(world: World, drop: Drop) -> None:
    load(drop, {"borrower_id": "LUCIA"})
    apply(world, "recalls", SOLD | {"borrower_id": "LUCIA"})
    apply(world, "requests", ASKED | {"borrower_id": "LUCIA"})
    assert "LUCIA" not in keys_of(world)

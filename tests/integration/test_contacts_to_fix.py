"""Whose phone turned out bad comes back in a file that, filled in, tells the new one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.loading import KEY
from tests.integration.rows import apply, book, codes, results, table
from tests.integration.sending import NOT_ON_WHATSAPP, status
from tests.integration.test_first_contact import declare, payloads, press
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

MIDNIGHT = datetime(2026, 11, 25, 6, tzinfo=UTC)  # in Mexico City
FILE = "contacts_to_fix/dt=2026-11-24/contacts_to_fix.csv"
NEW = "+525555550177"


def closed(world: World) -> list[dict[str, str]]:
    for _ in world.reports.close_days(MIDNIGHT + timedelta(hours=1)):
        pass
    return results(world, FILE)


def test_each_borrower_whose_phone_turned_out_bad_has_a_row(world: World, drop: Drop) -> None:
    drop(
        KEY,
        debts(
            {},
            {"debt_id": "F-2", "due_date": "2026-12-24"},
            *({"borrower_id": f"C{n}", "debt_id": f"F-{n}1", "phone": f"+52555555010{n}"} for n in (2, 3, 4)),
        ),
    )
    reminders = {reminder.borrower: reminder for reminder in world.tick()}
    world.whatsapp.answers.append(NOT_ON_WHATSAPP)
    for who in ("C1", "C2", "C4"):
        world.sender.remind(reminders[world.ref(who)], world.now)
    failed = [{"code": 131026, "title": "Undeliverable"}]
    status(world, world.whatsapp.sent[0], "failed", errors=failed)
    status(world, world.whatsapp.sent[0], "failed", errors=failed)
    status(world, world.whatsapp.sent[1], "failed", errors=[{"code": 131049, "title": "Limited"}])
    apply(world, "contacts", {"borrower_id": "C3", "action": "wrong_number", "at": "2026-11-24T10:00:00-06:00"})
    wish = {"borrower_id": "C2", "action": "canal", "channel": "correo", "source": "call centre"}
    apply(world, "contacts", wish | {"at": "2026-11-24T10:00:00-06:00"})
    rows = {row["borrower_id"]: row for row in closed(world)}
    assert {name: (row["code"], row["debts"]) for name, row in rows.items()} == {
        "C1": ("FAILED_131026", "F-1|F-2"),
        "C2": ("FAILED_131026", "F-21"),
        "C3": ("WRONG_NUMBER", "F-31"),
    }
    assert {name: row["channel"] for name, row in rows.items()} == {
        "C1": "whatsapp",
        "C2": "email",
        "C3": "whatsapp",
    }
    assert rows["C1"]["found_at"] == "2026-11-24T11:00:00-06:00"
    assert rows["C3"]["reason_es"].startswith("Otra persona tiene ese número")
    assert "gets no WhatsApp" in rows["C1"]["reason_en"]
    assert "55555501" not in str(rows)


def test_a_no_to_the_first_contact_is_in_the_file(world: World, drop: Drop) -> None:
    declare(world)
    drop(KEY, debts({}))
    codes(world)
    press(world, payloads(world)[1])
    (row,) = closed(world)
    assert (row["borrower_id"], row["code"], row["debts"]) == ("C1", "WRONG_NUMBER", "F-1")


def test_a_day_on_which_no_phone_turned_out_bad_has_an_empty_file(world: World, drop: Drop) -> None:
    drop(KEY, debts({}))
    codes(world)
    assert closed(world) == []


@pytest.mark.parametrize("what", ["unreachable", "wrong_number"])
def test_the_file_filled_in_is_understood_as_a_contacts_file(world: World, drop: Drop, what: str) -> None:
    drop(KEY, debts({}, {"borrower_id": "C2", "debt_id": "F-2", "phone": "+525555550102"}))
    if what == "unreachable":
        world.whatsapp.answers += [NOT_ON_WHATSAPP] * 2
        codes(world)
    else:
        at = {"action": "wrong_number", "at": "2026-11-24"}
        apply(world, "contacts", {"borrower_id": "C1"} | at, {"borrower_id": "C2"} | at)
    rows = closed(world)
    filled = [row | {"phone": NEW if row["borrower_id"] == "C1" else ""} for row in rows]
    world.later(days=1)
    told = drop("contacts/tienda/fixed.csv", table(*filled))
    assert (told["created"], told["refused"]) == (1, 1)
    fixed, left = book(world).borrower, book(world, "C2").borrower
    assert (fixed.phone, fixed.unreachable, fixed.wrong_number) == (NEW, False, False)
    assert left.unreachable or left.wrong_number
    codes(world)
    assert [message["to"] for message in world.whatsapp.sent] == [NEW]

"""The day in numbers: each can be counted again in outcomes.csv and interactions.csv."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.reports.activity import DEFINITIONS
from cobranza.store.keys import MessageKey
from tests.integration.receipts import desk, send_picture
from tests.integration.rows import apply
from tests.integration.sending import CUT, NOT_ON_WHATSAPP, due, remind, status
from tests.integration.test_confirmations import configure
from tests.integration.test_reports import AS_OF, MIDNIGHT, PAID, close, read, wrote
from tests.integration.test_reports import status as status_of
from tests.integration.world import TUESDAY, World, debts

type Drop = Callable[..., dict[str, Any]]
type Row = dict[str, str]

STOP = {"action": "baja", "at": "2026-11-24T10:00:00-06:00", "source": "call centre"}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def activity(world: World, day: str = "2026-11-24") -> dict[str, dict[str, int]]:
    """What the file counts, by code; the sum has none."""
    found: dict[str, dict[str, int]] = {}
    for row in read(world, "activity", day):
        found.setdefault(row["what"], {})[row["code"]] = int(row["count"])
    return found


def counted_again(outcomes: list[Row], interactions: list[Row]) -> dict[str, dict[str, int]]:
    due = [row["outcome"] for row in outcomes if row["outcome"] != "SKIPPED_SUPERSEDED"]
    reminders = [row for row in interactions if row["step"]]
    replies = [row for row in interactions if row["event"] == "reply"]
    stops = [row for row in interactions if row["event"] == "opt_out"]

    def debts(beginning: str) -> Counter[str]:
        return Counter(outcome for outcome in due if outcome.startswith(beginning))

    def messages(event: str) -> Counter[str]:
        return Counter(row["code"] for row in reminders if row["event"] == f"message.{event}")

    skipped, deferred, failed = debts("SKIPPED_"), debts("DEFERRED_"), messages("failed")
    return {
        "due": {"": len(due)},
        "attempted": {"": len(due) - skipped.total() - deferred.total()},
        "skipped": {"": skipped.total(), **skipped},
        "deferred": {"": deferred.total(), **deferred},
        "sent": {"": messages("accepted").total()},
        "delivered": {"": messages("delivered").total()},
        "read": {"": messages("read").total()},
        "failed": {"": failed.total(), **failed},
        "unknown": {"": messages("unknown").total()},
        "replies": {"": len(replies)},
        "replied": {"": len({row["borrower_id"] for row in replies} - {""})},
        "receipts": {"": sum(row["event"] == "receipt" for row in interactions)},
        "opted_out": {"": len({row["borrower_id"] for row in stops} - {""})},
    }


def reminder(world: World, borrower: str) -> dict[str, str]:
    return {"biz_opaque_callback_data": MessageKey(world.ref(borrower), TUESDAY.date()).opaque}


def a_full_day(world: World, drop: Drop) -> None:
    """C1 reads, writes and sends a picture; the messages of C2 and C3 fail, that of C4 may have; C5 asks to stop,
    twice, and has another debt; C6 never agreed; C7 comes after hours. Somebody else writes, too."""
    for borrower, answers in (("C1", []), ("C2", [NOT_ON_WHATSAPP]), ("C3", []), ("C4", [CUT]), ("C5", [])):
        world.whatsapp.answers += answers
        remind(world, due(world, drop, borrower))
    for state in ("sent", "delivered", "read"):
        status(world, reminder(world, "C1"), state)
    status(world, reminder(world, "C3"), "failed", errors=[{"code": 131049, "title": "Limited"}])
    answered = status_of(world, "delivered", wamid="wamid.ANSWER", opaque=None)
    stops = [wrote("BAJA", number, sender="525555550105") for number in (3, 4)]
    stranger = wrote("hola", 5, sender="525555550199")
    said = [answered, wrote("hola", 1), wrote("¿y?", 2), *stops, stranger]
    world.recorder.record(said, world.now, "trace")
    world.later(minutes=1)
    world.s3.create_bucket(Bucket="receipts")
    desk(world).fetch(send_picture(world), world.now)
    apply(world, "contacts", STOP | {"borrower_id": "C2"})
    drop("debts/tienda/b.csv", debts({"borrower_id": "C5", "debt_id": "F-2", "phone": "+525555550105"}))
    remind(world, due(world, drop, "C6", consent="no"))
    world.later(hours=11)
    drop("debts/tienda/late.csv", debts({"borrower_id": "C7", "phone": "+525555550107"}))


def test_each_number_can_be_counted_again_in_the_days_files(world: World, drop: Drop) -> None:
    a_full_day(world, drop)
    close(world)
    found = activity(world)
    assert found == counted_again(read(world, "outcomes"), read(world, "interactions"))
    assert found == {
        "due": {"": 8},
        "attempted": {"": 5},
        "skipped": {"": 2, "SKIPPED_FREQUENCY_CAP": 1, "SKIPPED_NO_CONSENT": 1},
        "deferred": {"": 1, "DEFERRED_WINDOW": 1},
        "sent": {"": 3},
        "delivered": {"": 1},
        "read": {"": 1},
        "failed": {"": 2, "FAILED_131026": 1, "FAILED_131049": 1},
        "unknown": {"": 1},
        "replies": {"": 6},
        "replied": {"": 2},
        "receipts": {"": 1},
        "opted_out": {"": 2},
    }


def test_what_has_no_codes_is_told_on_days_without_it_too(world: World) -> None:
    close(world)
    assert activity(world) == {what: {"": 0} for what in DEFINITIONS}


def test_confirmations_are_no_reminders(world: World, drop: Drop) -> None:
    configure(world, "confirms_payments: true\nthanks_punctual: false")
    drop("debts/tienda/a.csv", debts({"amount": "150.00"}), metadata=AS_OF)
    apply(world, "payments", PAID)
    remind(world, world.tick())
    (confirmation,) = world.whatsapp.sent
    status(world, confirmation, "delivered")
    close(world)
    assert [row["event"] for row in read(world, "interactions")] == ["confirmation", "message.delivered"]
    assert not activity(world)["delivered"][""]


def test_what_is_told_after_the_day_changes_nothing_that_was_counted_of_its_debts(
    world: World, drop: Drop
) -> None:
    a_full_day(world, drop)
    close(world)
    before = activity(world)
    world.later(hours=13)
    status(world, reminder(world, "C5"), "read")
    close(world, MIDNIGHT + timedelta(days=1, hours=1))
    assert "READ" in [row["outcome"] for row in read(world, "outcomes") if row["borrower_id"] == "C5"]
    again = counted_again(read(world, "outcomes"), read(world, "interactions"))
    assert activity(world) == before == again
    assert activity(world, "2026-11-25")["read"] == {"": 1}

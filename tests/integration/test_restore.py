"""A ledger that was restored to a moment before: the journal brings back what keeps messages back."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza.store.controls import Controls
from cobranza.store.objects import Bucket
from cobranza_cli import app
from tests.integration.place import OPEN, WorldPlace
from tests.integration.replies import say
from tests.integration.restoring import BRUNO, remind, run
from tests.integration.rows import apply
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
type Items = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = OPEN | {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox"}
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace(outputs, {}, world))


@pytest.fixture
def before(world: World, drop: Drop) -> Items:
    """The ledger of a morning with two borrowers who are due."""
    drop("debts/tienda/a.csv", debts({}, BRUNO))
    return {"ledger": world.items()}


def restored(world: World, before: Items, since: datetime | None = None) -> dict[str, Any]:
    """Half an hour later the ledger is that of the morning again, and the command has run."""
    world.restore(before)
    world.now += timedelta(minutes=30)
    result = run(since or world.now - timedelta(hours=3))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_nobody_gets_a_second_message_on_the_day_nor_of_the_same_step(world: World, before: Items) -> None:
    assert sorted(remind(world).values()) == ["SENT", "SENT"]
    assert restored(world, before)["put_back"] == {"outcome": 2}
    remind(world)
    world.later(days=1)
    remind(world)
    assert len(world.whatsapp.sent) == 2


def test_without_the_command_they_would_get_one(world: World, before: Items) -> None:
    remind(world)
    world.restore(before)
    world.now += timedelta(minutes=30)
    remind(world)
    assert len(world.whatsapp.sent) == 4


@pytest.mark.parametrize("answer", ["UNKNOWN", "FAILED_131026"])
def test_a_message_that_failed_or_may_have_left_is_put_back_as_such(
    world: World, before: Items, answer: str
) -> None:
    note(world, "outcome", "2026-11-24", {"code": answer, "debts": {"tienda#F-1#": answer}})
    restored(world, before)
    assert world.item("MSG#2026-11-24")["state"] == answer.partition("_")[0]
    remind(world)
    assert len(world.whatsapp.sent) == 1  # his


def test_a_claim_that_the_restored_ledger_has_stays_as_it_is(world: World, before: Items) -> None:
    remind(world)
    with_claims = {"ledger": world.items()}
    claim = world.item("MSG#2026-11-24")
    restored(world, with_claims)
    assert world.item("MSG#2026-11-24") == claim


def test_baja_holds(world: World, before: Items) -> None:
    say(world, "BAJA")
    assert restored(world, before)["put_back"] == {"opt_out": 1}
    world.later(days=1)
    assert remind(world) == {world.ref(): "SKIPPED_OPTED_OUT", world.ref("C2"): "SENT"}
    world.later(days=14)
    assert remind(world)[world.ref()] == "SKIPPED_OPTED_OUT"


def test_baja_holds_for_whoever_a_later_file_gives_the_phone(world: World, before: Items, drop: Drop) -> None:
    say(world, "BAJA")
    restored(world, before)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C9", "debt_id": "F-9", "consent_at": "2026-01-01"}))
    assert remind(world)[world.ref("C9")] == "SKIPPED_OPTED_OUT"


def test_baja_of_somebody_unknown_holds_in_each_form_of_the_number(
    world: World, before: Items, drop: Drop
) -> None:
    say(world, "BAJA", sender="5215555550109")
    restored(world, before)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C9", "debt_id": "F-9", "phone": "+525555550109"}))
    assert remind(world)[world.ref("C9")] == "SKIPPED_OPTED_OUT"


def test_a_stop_of_somebody_whom_the_restored_ledger_does_not_know_waits_for_them(
    world: World, before: Items, drop: Drop
) -> None:
    note(world, "opt_out", "wamid", {"message": "wamid", "debts": []}, "C9")
    restored(world, before)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C9", "debt_id": "F-9", "phone": "+525555550109"}))
    assert remind(world)[world.ref("C9")] == "SKIPPED_OPTED_OUT"


def test_where_nobody_knows_who_of_two_stopped_it_holds_at_that_phone(world: World, before: Items) -> None:
    note(world, "opt_out", "wamid", {"message": "wamid", "debts": [], "scope": "phone"})
    restored(world, before)
    assert "opt_out" not in world.item("STANDING")
    assert world.references.ref("phone", "+525555550101") in world.item("STANDING")["stopped_phones"]


@pytest.mark.parametrize(
    ("event", "facts", "code"),
    [
        ("dispute", {"message": "wamid"}, "SKIPPED_DISPUTED"),
        ("no_consent", {"message": "wamid"}, "SKIPPED_NO_CONSENT"),
        ("wrong_number", {"message": "wamid"}, "SKIPPED_WRONG_NUMBER"),
        ("phone", {"message": "wamid"}, "SKIPPED_WRONG_NUMBER"),
        ("hold", {"source": "import", "until": "2026-12-24"}, "SKIPPED_HELD"),
        ("case.closed", {"by": "ana", "until": "2026-12-24"}, "SKIPPED_HELD"),
        ("promise", {"message": "wamid", "until": "2026-12-10"}, "SKIPPED_PROMISED"),
        ("channel", {"message": "wamid", "to": "phone"}, "SKIPPED_OTHER_CHANNEL"),
    ],
)
def test_what_was_said_keeps_reminders_back(
    world: World, before: Items, event: str, facts: dict[str, Any], code: str
) -> None:
    note(world, event, "one", {"debts": [], **facts})
    restored(world, before)
    world.later(days=8)
    assert remind(world) == {world.ref(): code, world.ref("C2"): "SENT"}


@pytest.mark.parametrize(
    ("event", "facts", "code"),
    [
        ("dispute", {}, "SKIPPED_DISPUTED"),
        ("hold", {"until": "2026-12-24"}, "SKIPPED_HELD"),
        ("recall.sold", {}, "SKIPPED_RECALLED"),
    ],
)
def test_what_a_file_said_of_one_debt_is_of_that_debt_alone(
    world: World, before: Items, event: str, facts: dict[str, str], code: str
) -> None:
    note(world, event, "one", {"source": "import", "debts": ["tienda#F-1#"], **facts})
    restored(world, before)
    assert world.item("STANDING") == {}
    assert remind(world)[world.ref()] == code


@pytest.mark.parametrize("event", ["opt_in", "consent", "resolved", "release", "recall.lift", "untag"])
def test_nothing_is_lifted(world: World, before: Items, event: str) -> None:
    apply(
        world,
        "contacts",
        {"borrower_id": "C1", "action": "opt_out", "source": "tienda", "at": world.now.isoformat()},
    )
    stopped = {"ledger": world.items()}
    world.now += timedelta(minutes=1)
    note(world, event, "one", {"debts": ["tienda#F-1#"], "source": "import"})
    told = restored(world, stopped)
    assert (told["put_back"].get(event), told["left"][event]) == (None, 1)
    assert remind(world)[world.ref()] == "SKIPPED_OPTED_OUT"


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("channel", {"message": "wamid", "to": "whatsapp"}),
        ("promise", {"source": "import", "until": "2026-12-10"}),
        ("case.closed", {"by": "ana"}),
    ],
)
def test_a_way_back_and_what_its_file_tells_better_are_left(
    world: World, before: Items, event: str, facts: dict[str, str]
) -> None:
    note(world, "channel", "one", {"message": "wamid", "to": "phone", "debts": []})
    world.now += timedelta(minutes=1)
    note(world, event, "two", {"debts": [], **facts})
    told = restored(world, before)
    assert (told["put_back"], told["left"]) == ({"channel": 1}, {event: 1})
    assert set(world.item("STANDING")) & {"hold", "promises"} == set()


def test_a_new_phone_that_its_file_tells_again_is_no_wrong_number(world: World, before: Items) -> None:
    moved = {"borrower_id": "C1", "action": "telefono", "phone": "+525555550109", "source": "sucursal"}
    moved |= {"at": world.now.isoformat()}
    apply(world, "contacts", moved)
    journal = world.items("journal")
    world.restore(before | {"journal": journal})
    apply(world, "contacts", moved)
    assert run(world.now).exit_code == 0
    assert remind(world)[world.ref()] not in ("SKIPPED_WRONG_NUMBER", "SKIPPED_OPEN_CASE")


@pytest.mark.parametrize(
    ("event", "facts"),
    [
        ("reply", {"message": "wamid", "intent": "PAID"}),
        ("receipt", {"message": "wamid", "state": "TO_VERIFY"}),
        ("payment.applied", {"source": "gateway", "allocations": {}}),
        ("payment.applied", {"source": "import", "allocations": {}}),
        ("case.opened", {"case": "one"}),
    ],
)
def test_of_whom_the_journal_tells_more_than_it_keeps_nobody_is_reminded_for_a_week(
    world: World, before: Items, event: str, facts: dict[str, Any]
) -> None:
    note(world, event, "one", {"debts": [], **facts})
    assert restored(world, before)["held"] == 1
    assert remind(world)[world.ref()] == "SKIPPED_OPEN_CASE"
    world.later(days=8)
    assert remind(world)[world.ref()] == "SENT"


def test_what_was_confirmed_is_not_confirmed_again(world: World, before: Items) -> None:
    note(world, "confirmation", "pago_recibido#P", {"code": "SENT", "portfolio": "tienda"})
    restored(world, before)
    assert world.item("CONFIRM#pago_recibido#P")["outcome"] == "SENT"
    assert world.item("TOLD#2026-11-24")["confirms"] == "pago_recibido#P"


def test_a_pause_that_nobody_ended_is_on_again(world: World, before: Items) -> None:
    for scope in ("all", "tienda"):
        world.s3.put_object(Bucket="inbox", Key=f"control/{scope}/PAUSE", Body=b"why")
        control(world, f"control/{scope}/PAUSE")
    world.now += timedelta(minutes=1)
    world.s3.delete_object(Bucket="inbox", Key="control/tienda/PAUSE")
    control(world, "control/tienda/PAUSE")
    world.s3.put_object(
        Bucket="inbox", Key="control/template:factura_vencida/PAUSE", Body=world.now.isoformat().encode()
    )
    control(world, "control/template:factura_vencida/PAUSE")
    assert restored(world, before)["paused"] == ["all", "template:factura_vencida"]
    assert [scope for scope in ("all", "tienda") if Controls(world.table).of(scope).is_paused] == ["all"]
    assert set(world.ledger.breakers()) == {"template:factura_vencida"}
    assert remind(world) == {}


def test_who_was_erased_is_left_out(world: World, before: Items) -> None:
    world.table.put({"pk": "ERASED", "sk": world.ref(), "at": "2026-11-24T17:00:00Z", "portfolio": "tienda"})
    erased = {"ledger": world.items()}
    note(world, "opt_out", "wamid", {"message": "wamid", "debts": []})
    restored(world, erased)
    assert world.item("STANDING") == {}


def test_twice_changes_nothing_more(world: World, before: Items) -> None:
    remind(world)
    world.now += timedelta(minutes=5)
    say(world, "BAJA")
    say(world, "no debo nada", sender=BRUNO["phone"][1:])
    told = restored(world, before)
    once = world.items()
    assert json.loads(run(datetime.fromisoformat(told["since"])).stdout) == told
    assert world.items() == once


def test_what_was_noted_before_the_moment_is_none_of_its_business(world: World, before: Items) -> None:
    note(world, "dispute", "one", {"message": "wamid", "debts": []})
    world.now += timedelta(hours=1)
    assert restored(world, before, since=world.now)["put_back"] == {}


def test_what_a_function_was_about_to_write_at_the_moment_is_put_back_too(world: World, before: Items) -> None:
    note(world, "dispute", "one", {"message": "wamid", "debts": []})
    assert restored(world, before, since=world.now + timedelta(minutes=14))["put_back"] == {"dispute": 1}


def test_the_files_to_be_dropped_again_and_what_nobody_knows_are_told(
    world: World, before: Items, drop: Drop
) -> None:
    drop("debts/tienda/b.csv", debts({}))
    told = restored(world, before)
    assert told["files"] == {"debts/tienda": 2}
    result = CliRunner().invoke(app.app, ["restore", "--since", told["since"], "--yes"])
    assert "files taken since: debts/tienda 2" in result.output
    assert "not in the journal: what WhatsApp had stopped" in result.output


def test_it_asks_before(world: World, before: Items) -> None:
    note(world, "dispute", "one", {"message": "wamid", "debts": []})
    asked = CliRunner().invoke(app.app, ["restore", "--since", "2026-11-24T00:00:00Z"], input="n\n")
    assert asked.exit_code == 1
    assert world.item("STANDING") == {}


def note(world: World, event: str, identity: str, facts: dict[str, Any], borrower_id: str = "C1") -> None:
    world.journal.append(f"B#{world.ref(borrower_id)}", world.now, event, identity, facts)


def control(world: World, key: str) -> None:
    world.control.take(Bucket(world.s3, "inbox"), key, world.now)

"""A ledger that was restored to a moment before: the journal brings back what keeps messages back."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cobranza.store.controls import Controls
from cobranza.store.objects import Bucket
from cobranza.store.table import Table
from cobranza_cli import app
from cobranza_cli.doctor import FUNCTIONS
from tests.integration.place import OPEN, PlaceWithFunctions
from tests.integration.replies import say
from tests.integration.rows import apply
from tests.integration.tables import create_table
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
type Items = dict[str, list[dict[str, Any]]]

BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "phone": "+525555550102", "debt_id": "F-2"}
PAID = {
    "payment_id": "P-1",
    "borrower_id": "C1",
    "debt_id": "F-1",
    "amount": "10.00",
    "currency": "MXN",
    "paid_at": "2026-11-24",
}
PHONES = {"C1": "525555550101", "C2": "525555550102"}


@dataclass
class Functions:
    """Lambda, where a function may run as often as `most` says."""

    most: dict[str, int] = field(default_factory=dict[str, int])

    def get_function_concurrency(self, FunctionName: str) -> dict[str, int]:
        return {"ReservedConcurrentExecutions": self.most.get(FunctionName, 0)}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = OPEN | {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox"}
    outputs |= {name: name for name in FUNCTIONS}
    monkeypatch.setattr(app.Where, "place", lambda _: PlaceWithFunctions(outputs, {}, world, functions))


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


def run(since: datetime, *words: str) -> Result:
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return CliRunner().invoke(app.app, ["restore", "--since", moment, "--yes", "--json", *words])


def remind(world: World) -> dict[str, str]:
    """The outcomes of all who are due now, by their references."""
    return {reminder.borrower: world.sender.remind(reminder, world.now).code for reminder in world.tick()}


def next_day(world: World) -> None:
    world.later(days=1)


def test_nobody_gets_a_second_message_on_the_day_nor_of_the_same_step(world: World, before: Items) -> None:
    assert sorted(remind(world).values()) == ["SENT", "SENT"]
    assert restored(world, before)["put_back"] == {"outcome": 2}
    remind(world)
    next_day(world)
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
    next_day(world)
    assert remind(world) == {world.ref(): "SKIPPED_OPTED_OUT", world.ref("C2"): "SENT"}
    world.later(days=14)
    assert remind(world)[world.ref()] == "SKIPPED_OPTED_OUT"


def test_baja_holds_for_whoever_a_later_file_gives_the_phone(world: World, before: Items, drop: Drop) -> None:
    say(world, "BAJA")
    restored(world, before)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C9", "debt_id": "F-9", "consent_at": "2026-01-01"}))
    assert "SENT" not in {remind(world).get(world.ref(name)) for name in ("C1", "C9")}


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
    say(world, "no debo nada", sender=PHONES["C2"])
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


# Step one: the ledger beside the table to which it was restored.


@pytest.fixture
def copy(world: World, before: Items) -> Items:
    create_table(world.dynamodb, "ledger", as_="copy")
    table = Table(world.dynamodb, "copy")
    for item in before["ledger"]:
        table.put(item)
    return before


def go_back(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["restore", "--from", "copy", "--yes", "--json", *words])


def test_what_files_told_goes_back(world: World, copy: Items, drop: Drop) -> None:
    apply(world, "payments", PAID)
    drop("debts/tienda/b.csv", debts({"amount": "9.00"}, {"borrower_id": "C9", "debt_id": "F-9"}))
    assert go_back().exit_code == 0
    told = [item for item in world.items() if not item["pk"].startswith("REF#")]
    assert told == [item for item in copy["ledger"] if not item["pk"].startswith("REF#")]


def test_what_people_said_and_what_was_sent_stays(world: World, copy: Items) -> None:
    remind(world)
    world.now += timedelta(minutes=5)
    say(world, "no debo nada")
    say(world, "BAJA", sender=PHONES["C2"])
    kept = [item for item in world.items() if item["sk"] not in ("PROFILE",) and "DEBT#" not in item["sk"]]
    assert json.loads(go_back().stdout)["deleted"] == 0
    assert [item for item in world.items() if item in kept] == kept


def test_what_waits_to_be_told_of_a_payment_goes_with_it_and_what_was_told_stays(
    world: World, copy: Items
) -> None:
    told = {"subject": "pago_recibido", "ref": "P", "portfolio": "tienda", "day": "2026-11-24"}
    waits, over = ({"pk": f"B#{world.ref()}", "sk": f"CONFIRM#pago_recibido#{ref}"} | told for ref in "AB")
    rejected = waits | {"sk": "CONFIRM#comprobante_no_confirmado#R"}
    for item in (waits, over | {"outcome": "SENT"}, rejected):
        world.table.put(item)
    Table(world.dynamodb, "copy").put(over)
    assert go_back().exit_code == 0
    assert (world.item(waits["sk"]), world.item(over["sk"])["outcome"]) == ({}, "SENT")
    assert world.item(rejected["sk"]) == rejected


def test_what_was_said_and_is_gone_comes_back_unless_its_time_is_over(world: World, before: Items) -> None:
    say(world, "BAJA")
    with_stop = world.items()
    over = {"pk": "CHAT#X", "sk": "2026-01-01T00:00:00Z#X", "expires": 1}
    create_table(world.dynamodb, "ledger", as_="copy")
    for item in [*with_stop, over]:
        Table(world.dynamodb, "copy").put(item)
    world.restore(before)
    assert go_back().exit_code == 0
    assert world.items() == with_stop


def test_the_whole_way_leaves_nobody_twice_and_every_stop(world: World, copy: Items, drop: Drop) -> None:
    since = world.now
    remind(world)
    world.now += timedelta(minutes=5)
    say(world, "BAJA")
    drop("debts/tienda/wrong.csv", debts({"due_date": "2026-11-25"}, BRUNO | {"amount": "1.00"}))
    assert go_back().exit_code == 0
    assert run(since).exit_code == 0
    world.now += timedelta(minutes=30)
    remind(world)
    next_day(world)
    remind(world)
    assert len(world.whatsapp.sent) == 3  # two reminders, and the answer to BAJA
    world.later(days=2)
    assert remind(world) == {world.ref(): "SKIPPED_OPTED_OUT", world.ref("C2"): "SENT"}


def test_to_go_back_twice_changes_nothing_more(world: World, copy: Items, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"amount": "9.00"}))
    go_back()
    assert json.loads(go_back().stdout) == {"from": "copy", "put": 0, "deleted": 0}


def test_it_does_not_go_back_while_a_function_may_run(world: World, copy: Items, functions: Functions) -> None:
    functions.most = {"Send": 5}
    told = world.items()
    result = go_back()
    assert (result.exit_code, "stop them first: send" in result.output) == (2, True)
    assert world.items() == told


@pytest.mark.parametrize("table", ["ledger", "empty"])
def test_it_does_not_go_back_to_what_is_no_restored_ledger(world: World, before: Items, table: str) -> None:
    create_table(world.dynamodb, "ledger", as_="empty")
    result = CliRunner().invoke(app.app, ["restore", "--from", table, "--yes"])
    assert (result.exit_code, world.items()) == (2, before["ledger"])


@pytest.mark.parametrize("words", [[], ["--from", "copy", "--since", "2026-11-24T00:00:00Z"]])
def test_one_step_is_named(words: list[str]) -> None:
    assert CliRunner().invoke(app.app, ["restore", "--yes", *words]).exit_code == 2


def note(world: World, event: str, identity: str, facts: dict[str, Any], borrower_id: str = "C1") -> None:
    world.journal.append(f"B#{world.ref(borrower_id)}", world.now, event, identity, facts)


def control(world: World, key: str) -> None:
    world.control.take(Bucket(world.s3, "inbox"), key, world.now)

"""From a creditor's file to the end of a debt: what others hear of it, once each, and nothing of anybody."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any

import pytest
from jsonschema import validate

from cobranza.bus import Bus
from cobranza.flows.announce import Announcer
from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.payment import parse
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from local import events
from tests.integration.deliveries import status as told_by_meta
from tests.integration.deliveries import tell
from tests.integration.fakes import DyingClient, FakeContext, Killed
from tests.integration.loading import take
from tests.integration.memory import packed
from tests.integration.replies import ask, say
from tests.integration.rows import apply, results, rooms_of
from tests.integration.sending import status
from tests.integration.world import World, debts, function
from tests.unit.streams import CLAIMS, patterns
from tests.unit.test_bus import FakeEvents

type Drop = Callable[..., dict[str, Any]]
type Told = list[tuple[str, dict[str, Any]]]

ERROR = ProviderError(131026, "Meta's title", "Meta's details", "Aabc")
PAID = {"portfolio": "tienda", "borrower_id": "C1", "currency": "MXN"}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def stream(world: World) -> list[dict[str, Any]]:
    """All that journal and claims have ever noted, in its order, as the event source mappings let it through."""
    noted = [(item["noted_at"], _line(item)) for item in world.items("journal")]
    noted += [told for item in world.items() if item["sk"].startswith("MSG#") for told in _told(item)]
    changes = (change for _, change in sorted(noted, key=itemgetter(0)))
    return [
        {"eventName": change["eventName"], "dynamodb": change["dynamodb"] | {"SequenceNumber": str(place)}}
        for place, change in enumerate(changes)
        if any(_fits(change, pattern) for pattern in (*patterns(), CLAIMS))
    ]


def _line(item: dict[str, Any]) -> dict[str, Any]:
    return {"eventName": "INSERT", "dynamodb": {"NewImage": packed(item)}}


def _told(claim: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The claim before and after each status, as each came alone."""
    moments = {name: claim[name] for name in claim if name.endswith("_noted_at")}
    names = sorted(moments, key=lambda name: (moments[name], claim[name.replace("_noted", "")]))
    images = [
        packed({n: v for n, v in claim.items() if n not in names[place:]}) for place in range(len(names) + 1)
    ]
    keys = packed({name: claim[name] for name in ("pk", "sk")})
    for name, (old, new) in zip(names, pairwise(images), strict=True):
        change = {"Keys": keys, "OldImage": old, "NewImage": new}
        yield moments[name], {"eventName": "MODIFY", "dynamodb": change}


def _fits(change: dict[str, Any], pattern: dict[str, Any]) -> bool:
    return change["eventName"] in pattern["eventName"] and all(
        any(_is(change["dynamodb"][part].get(name, {}).get("S"), each) for each in values["S"])
        for part, wanted in pattern["dynamodb"].items()
        for name, values in wanted.items()
    )


def _is(found: str | None, wanted: str | dict[str, Any]) -> bool:
    if found is None or isinstance(wanted, str):
        return found == wanted
    return found.startswith(wanted.get("prefix", ""))


def heard(world: World) -> Told:
    """What a subscriber gets of the whole stream."""
    client, door = FakeEvents(), function("events")
    deps = door.Deps(Announcer(Bus(client, "bus")))
    assert door.handler({"Records": stream(world)}, FakeContext(), deps=deps) == {"batchItemFailures": []}
    return [(entry["DetailType"], json.loads(entry["Detail"])) for call in client.calls for entry in call]


def pay(world: World, payment_id: str, amount: str) -> None:
    told = PAID | {"id": payment_id, "amount": amount, "paid_at": world.now.isoformat()}
    PaymentDesk(rooms_of(world)).take(parse(json.dumps(told).encode(), world.now), world.now)


def walk(world: World, drop: Drop) -> None:
    """A minute between two things."""

    def then(step: Callable[[], object]) -> None:
        world.now += timedelta(minutes=1)
        step()

    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2", "due_date": "2027-03-01"}))
    (reminder,) = world.tick()
    then(lambda: world.sender.remind(reminder, world.now))
    (message,) = world.whatsapp.sent
    for state in ("sent", "delivered", "read"):
        then(lambda state=state: status(world, message, state, recipient_id="525555550101"))
    then(lambda: say(world, "pago el viernes"))
    then(lambda: pay(world, "tx-1", "1000.00"))
    then(lambda: pay(world, "tx-2", "234.50"))


EXPECTED = [
    "import.finished",
    "message.sent",
    "message.delivered",
    "message.read",
    "reply.answered",
    "promise.made",
    "reply.received",
    "payment.applied",
    "debt.closed",
    "payment.applied",
    "promise.kept",
]


def test_others_hear_of_each_fact_once_in_its_order(world: World, drop: Drop) -> None:
    walk(world, drop)
    told = heard(world)
    assert [name for name, _ in told] == EXPECTED
    assert len({detail["id"] for _, detail in told}) == len(EXPECTED)
    details = dict(told)
    assert {detail["borrower"] for name, detail in told if name != "import.finished"} == {world.ref()}
    assert details["message.read"]["debts"] == ["tienda#F-1#"]
    assert details["message.read"]["data"]["kind"] == "reminder"
    assert (
        details["import.finished"]["data"] | {"kind": "debts", "read": 2, "created": 2}
        == (details["import.finished"]["data"])
    )
    assert details["reply.answered"]["data"]["queue"] == "general"
    assert details["promise.made"]["data"] == details["promise.kept"]["data"] == {"day": "2026-11-27"}
    assert details["payment.applied"]["data"]["allocations"] == {"tienda#F-1#": "234.50"}
    assert details["debt.closed"]["debts"] == ["tienda#F-1#"]
    assert details["debt.closed"]["data"]["payment"] == details["payment.applied"]["data"]["payment"]


def test_statuses_that_come_together_are_told_each_for_itself(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    world.sender.remind(reminder, world.now)
    (message,) = world.whatsapp.sent
    world.now += timedelta(minutes=1)
    sent = {
        "id": "wamid.0",
        "recipient_id": "525555550101",
        "biz_opaque_callback_data": message["biz_opaque_callback_data"],
    }
    assert tell(world, statuses=[told_by_meta(sent, state) for state in ("read", "sent", "delivered")]) == 200
    told = [(name, detail) for name, detail in heard(world) if name.startswith("message.")]
    assert [name for name, _ in told] == ["message.sent", "message.delivered", "message.read"]
    assert len({detail["id"] for _, detail in told}) == 3


@pytest.mark.parametrize(
    ("came", "name"),
    [(Unclear(ERROR), "message.unknown"), (Refused(Action.GIVE_UP, ERROR), "message.failed"), (None, "")],
)
def test_of_a_message_without_a_status_others_hear_what_went_wrong_alone(
    world: World, drop: Drop, came: Unclear | Refused | None, name: str
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    world.whatsapp.answers = [came] if came else []
    world.sender.remind(reminder, world.now)
    assert [told for told, _ in heard(world) if told.startswith("message.")] == ([name] if name else [])


def test_a_reply_says_what_was_heard_in_it_and_whether_a_person_has_it(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "ya pagué ayer")
    say(world, "quiero hablar con una persona")
    world.now += timedelta(minutes=5)
    say(world, "¿sigue ahí?")
    replies = [detail["data"] for name, detail in heard(world) if name == "reply.received"]
    assert [(each["intent"], each["bot_paused"]) for each in replies] == [
        ("PAID", False),
        ("PERSON", False),
        ("UNKNOWN", True),
    ]


def test_a_replay_of_the_stream_tells_the_same_ids(world: World, drop: Drop) -> None:
    walk(world, drop)
    assert heard(world) == heard(world)


def test_whoever_tells_again_is_heard_of_no_more(world: World, drop: Drop) -> None:
    """The gateway repeats itself, WhatsApp too, and so does whoever drops the files."""
    walk(world, drop)
    before = heard(world)
    world.now += timedelta(minutes=5)
    for payment, amount in (("tx-1", "1000.00"), ("tx-2", "234.50")):
        pay(world, payment, amount)
    status(world, world.whatsapp.sent[0], "delivered", recipient_id="525555550101")
    assert heard(world) == before


def test_whoever_dies_booking_a_payment_has_told_of_its_end_once(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    world.now += timedelta(minutes=1)
    before = world.kept()
    pay(world, "tx-1", "1234.50")
    undisturbed = {detail["id"] for name, detail in heard(world) if name == "debt.closed"}
    assert len(undisturbed) == 1
    for at in range(20):
        world.restore(before)
        dying = DyingClient(world.dynamodb, at, done=True)
        try:
            pay(replace(world, dynamodb=dying), "tx-1", "1234.50")
        except Killed:
            pay(world, "tx-1", "1234.50")
        assert {detail["id"] for name, detail in heard(world) if name == "debt.closed"} == undisturbed


def test_a_file_that_waits_for_a_yes_is_told_when_it_is_done(world: World, drop: Drop) -> None:
    key = "snapshots/tienda/cartera.csv"
    people = [{"borrower_id": f"C{n}", "phone": f"+5255555501{n:02}", "debt_id": f"F-{n}"} for n in range(10)]
    drop(key, debts(*people), {"as-of": (world.now - timedelta(hours=2)).isoformat()})
    assert drop(key, debts(*people[5:]))["waiting"]
    assert [name for name, _ in heard(world)] == ["import.finished"]
    take(world, "", 0, f"{key}.confirm", "")
    told = [detail["data"] for _, detail in heard(world)]
    counts = [(data["kind"], data["created"], data["unchanged"], data["closed"]) for data in told]
    assert sorted(counts) == [("snapshots", 0, 5, 5), ("snapshots", 10, 0, 0)]


def test_a_file_that_is_refused_whole_is_told_with_its_code(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", "one,two\n1,2\n")
    ((name, detail),) = heard(world)
    assert (name, detail["portfolio"]) == ("import.finished", "tienda")
    assert (detail["data"]["code"], detail["data"]["read"]) == ("MISSING_COLUMN", 0)


def test_the_days_interactions_are_what_they_were_before_anybody_listened(world: World, drop: Drop) -> None:
    walk(world, drop)
    list(world.reports.close_days(world.now + timedelta(days=1)))
    rows = results(world, "interactions/dt=2026-11-24/interactions.csv")
    told = {row["event"] for row in rows}
    assert {"message.accepted", "reply", "promise"} <= told
    assert not told & {"debt.closed", "promise.kept", "payment.applied"}


def test_rows_of_files_are_told_as_one_import(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts(*({"borrower_id": f"C{n}", "debt_id": f"F-{n}"} for n in range(20))))
    row = {"action": "baja", "at": "2026-11-24T09:00:00-06:00", "source": "sucursal"}
    said = apply(world, "contacts", *(row | {"borrower_id": f"C{n}"} for n in range(20)))
    paid = {"payment_id": "P1", "amount": "1234.50", "currency": "MXN", "paid_at": "2026-11-24"}
    apply(world, "payments", *(paid | {"payment_id": f"P{n}", "borrower_id": f"C{n}"} for n in range(20)))
    assert said.changes["created"] == 20
    assert len(world.items("journal")) > 60
    assert [name for name, _ in heard(world)] == ["import.finished"]


def test_nothing_of_the_borrower_is_in_any_of_it(world: World, drop: Drop) -> None:
    walk(world, drop)
    ask(world, "Soy Lucía Ejemplo, llámame al 525555550101")
    told = json.dumps(heard(world), ensure_ascii=False)
    for personal in ("Lucía", "Ejemplo", "5555550101", "wamid", "pago el viernes", "C1", "Muebles"):
        assert personal not in told


def test_all_that_is_heard_fits_its_schema(world: World, drop: Drop) -> None:
    walk(world, drop)
    told = heard(world)
    assert len(told) == len(EXPECTED)
    for name, detail in told:
        validate(detail, json.loads((events.FOLDER / events.file_of(name)).read_text()))

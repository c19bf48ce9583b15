"""Bodies with many updates: the same end in any order and number, few writes, and no update that stops another."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger.phone_forms import phone_variants
from cobranza.store.journal import Line
from cobranza.store.keys import MessageKey, borrower_pk, chat_pk
from cobranza.store.statuses import noted_of
from cobranza.store.table import Table
from cobranza.store.user_ids import Met
from tests.bench.table_server import Counted
from tests.integration.deliveries import AT, PHONE, Drop, Element, call, delivery, left, post, sign, status, text
from tests.integration.partiql import PartiqlClient
from tests.integration.replies import queued
from tests.integration.world import TUESDAY, World, debts, of_day

pytestmark = pytest.mark.in_memory

KINDS = ("sent", "delivered", "read", "failed", "reply")
NINE = range(9)
NOT_TAKEN: Element = {"code": 130472, "title": "User's number is part of an experiment"}


class Counting(Counted):
    """Tables in memory that count units, and calls that read."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        super().__init__(tables)
        self.calls: Counter[str] = Counter()

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.calls["batch_get_item"] += 1
        return super().batch_get_item(**request)

    def query(self, **request: Any) -> dict[str, Any]:
        self.calls["query"] += 1
        return super().query(**request)


def told(world: World, body: bytes) -> int:
    return call(world, post(body, sign(body, "new-secret")))["statusCode"]


def phone(number: int) -> str:
    return f"5255555502{number:02}"


def message_of(world: World, number: int) -> Element:
    opaque = MessageKey(world.ref(f"C{number}"), TUESDAY.date()).opaque
    return {"id": f"wamid.{number}", "recipient_id": phone(number), "biz_opaque_callback_data": opaque}


@pytest.fixture
def nine(world: World, drop: Drop, portfolio: None) -> list[Element]:
    """Nine borrowers who were written to."""

    def send() -> None:
        rows = [{"borrower_id": f"C{n}", "phone": f"+{phone(n)}", "debt_id": f"F-{n}"} for n in NINE]
        drop("debts/tienda/a.csv", debts(*rows))
        for reminder in world.tick():
            assert world.sender.remind(reminder, world.now).code == "SENT"

    world.begin("nine", send)
    return [message_of(world, number) for number in NINE]


def element(sent: Element, number: int, kind: str) -> tuple[str, Element]:
    if kind == "reply":
        return "messages", text("hola", wamid=f"wamid.IN{number}", sender=phone(number), at=AT + 9)
    return "statuses", status(sent, kind, **({"errors": [NOT_TAKEN]} if kind == "failed" else {}))


def body_of(elements: Iterable[tuple[str, Element]]) -> bytes:
    parts: dict[str, list[Element]] = {}
    for name, each in elements:
        parts.setdefault(name, []).append(each)
    return delivery(**parts)


def lines(world: World) -> list[tuple[str, str, str]]:
    """All that the journal and the claims tell of statuses and replies, each as often as it is told."""
    start = world.now.replace(hour=0, minute=0)
    found: list[Line] = list(world.journal.between(start, start.replace(hour=23)))
    found += [noted.line for claim in world.message_items() for noted in noted_of(claim)]
    return sorted(
        (line.subject, line.event, line.at.isoformat())
        for line in found
        if line.event == "reply" or line.event.startswith("message.")
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_repetition_of_bodies_ends_in_the_same_45_records(
    world: World, nine: list[Element], data: st.DataObject
) -> None:
    """Three bodies of three messages with five kinds of news each, cut and mixed as Meta likes."""
    before = world.kept()
    events = [element(sent, number, kind) for number, sent in enumerate(nine) for kind in KINDS]
    assert len(events) == 45
    for begin in (0, 15, 30):
        assert told(world, body_of(events[begin : begin + 15])) == 200
    in_order, ledger = lines(world), world.items()
    assert len(in_order) == len(set(in_order)) == 45
    assert Counter(event for _, event, _ in in_order) == {
        "reply": 9,
        **{f"message.{kind}": 9 for kind in KINDS[:4]},
    }
    assert {item["state"] for item in world.message_items()} == {"READ"}
    world.restore(before)
    again = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=30))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(again)), max_size=8)))
    for begin, end in zip([0, *cuts], [*cuts, len(again)], strict=True):
        if again[begin:end]:
            assert told(world, body_of(again[begin:end])) == 200
    assert lines(world) == in_order
    assert world.items() == ledger
    world.restore(before)


def copies(world: World, sent: Element, count: int) -> list[Element]:
    """So many other borrowers' claims, like this one."""
    claim = world.item("MSG#2026-11-24")
    found: list[Element] = []
    for number in range(count):
        key = MessageKey(f"{number:026}".translate(str.maketrans("0189", "ABCD")), TUESDAY.date())
        world.table.put(claim | {"pk": borrower_pk(key.borrower), "wamid": f"wamid.{number}"})
        found.append({**sent, "id": f"wamid.{number}", "biz_opaque_callback_data": key.opaque})
    return found


@pytest.mark.parametrize(
    ("states", "units"), [(("sent", "delivered", "read"), 1 / 3), (("sent", "delivered"), 1 / 2), (("sent",), 1)]
)
def test_a_thousand_statuses_go_in_few_calls_and_what_is_known_costs_no_write(
    world: World, drop: Drop, portfolio: None, states: tuple[str, ...], units: float
) -> None:
    """A message that is told of is one write, whatever is told of it."""
    messages = copies(world, left(world, drop), 1000 // len(states))
    body = delivery(statuses=[status(sent, state) for state in states for sent in messages])
    counting = Counting(world.dynamodb.tables)
    seen = replace(world, dynamodb=counting)
    assert told(seen, body) == 200
    count = len(messages) * len(states)
    assert counting.wru / count == pytest.approx(units)
    assert counting.calls["batch_get_item"] == -(-len(messages) // 100)
    assert counting.calls["query"] == 0
    assert {item["state"] for item in world.message_items() if item["wamid"] != "wamid.0"} == {states[-1].upper()}
    before, counting.wru = world.kept(), 0
    assert told(seen, body) == 200
    assert counting.wru == 0
    assert world.kept() == before


class Poisoned:
    """DynamoDB that never takes what is written to one partition."""

    def __init__(self, client: Any, pk: str) -> None:
        self._client, self._pk = client, pk

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def write(**request: Any) -> Any:
            if (request.get("Key") or request["Item"])["pk"]["S"] == self._pk:
                raise RuntimeError("not today")
            return operation(**request)

        return write if name in ("put_item", "update_item") else operation


def test_a_message_that_cannot_be_stored_keeps_no_other_of_its_batch_from_it(
    world: World, nine: list[Element]
) -> None:
    before = world.kept()
    body = body_of([element(sent, number, kind) for number, sent in enumerate(nine) for kind in KINDS[:3]])
    assert told(world, body) == 200
    undisturbed = world.kept()
    world.restore(before)
    poisoned = borrower_pk(world.ref("C4"))
    with pytest.raises(RuntimeError):
        told(replace(world, dynamodb=Poisoned(world.dynamodb, poisoned)), body)
    states = {item["pk"]: item["state"] for item in world.message_items()}
    assert Counter(states.values()) == {"READ": 8, "ACCEPTED": 1}
    assert states[poisoned] == "ACCEPTED"
    assert told(world, body) == 200
    assert world.kept() == undisturbed


def replies(count: int) -> bytes:
    """So many messages of the nine."""
    return delivery(
        messages=[text("hola", wamid=f"wamid.IN{n}", sender=phone(n % 9), at=AT + n) for n in range(count)]
    )


def test_what_borrowers_wrote_goes_in_few_calls_and_is_kept_once(
    world: World, nine: list[Element], monkeypatch: pytest.MonkeyPatch
) -> None:
    """27 messages of nine people: as many words and lines, and when the nine wrote last, 25 a call."""
    written: list[int] = []
    batch = PartiqlClient.batch_execute_statement

    def count(self: PartiqlClient, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:
        written.append(len(Statements))
        return batch(self, Statements=Statements)

    monkeypatch.setattr(PartiqlClient, "batch_execute_statement", count)
    counting = Counting(world.dynamodb.tables)
    assert told(replace(world, dynamodb=counting), replies(27)) == 200
    assert written == [25, 25, 13]
    assert counting.calls == {"query": 18}  # of each who has the phone, and what is known of them
    assert len([line for line in lines(world) if line[1] == "reply"]) == 27
    assert {item["last_inbound_at"] for item in world.items() if item["sk"] == "PROFILE"} == {
        f"2026-11-24T17:00:{second}Z" for second in range(18, 27)
    }
    before = world.kept()
    assert told(world, replies(27)) == 200
    assert world.kept() == before


def test_a_reply_that_cannot_be_stored_keeps_no_other_of_its_batch_from_its_answer(
    world: World, nine: list[Element]
) -> None:
    before = world.kept()
    assert told(world, replies(9)) == 200
    undisturbed = world.kept()
    world.restore(before)
    assert len(queued(world)) == 9
    poisoned = chat_pk(world.ref("C4"))
    with pytest.raises(RuntimeError):
        told(replace(world, dynamodb=Poisoned(world.dynamodb, poisoned)), replies(9))
    assert len([line for line in lines(world) if line[1] == "reply"]) == 8
    assert {each.borrower for each in queued(world)} == {world.ref(f"C{n}") for n in NINE if n != 4}
    assert told(world, replies(9)) == 200
    assert world.kept() == undisturbed


def test_somebody_who_writes_while_the_body_is_read_is_not_made_older(world: World, nine: list[Element]) -> None:
    """Two bodies at once: when somebody wrote last is the later moment of both."""

    class Overtaken(Table):
        def query(self, *asked: Any, **how: Any) -> Iterator[dict[str, Any]]:
            found = [*super().query(*asked, **how)]
            later = text("hola", wamid="wamid.LATER", sender=phone(4), at=AT + 60)
            assert told(world, delivery(messages=[later])) == 200
            return iter(found)

    slow = replace(world)
    slow.recorder = replace(
        slow.recorder, messages=type(world.messages)(Overtaken(PartiqlClient(world.dynamodb), "ledger"))
    )
    assert told(slow, replies(9)) == 200
    last = {item["pk"]: item["last_inbound_at"] for item in world.items() if item["sk"] == "PROFILE"}
    assert last[borrower_pk(world.ref("C4"))] == "2026-11-24T17:01:00Z"
    assert last[borrower_pk(world.ref("C5"))] == "2026-11-24T17:00:05Z"


@pytest.mark.parametrize("state", ["CLAIMED", "UNKNOWN"])
def test_a_status_that_comes_before_our_own_record_settles_it(
    world: World, drop: Drop, portfolio: None, state: str
) -> None:
    sent = left(world, drop)
    claim = world.item("MSG#2026-11-24")
    rank = {"CLAIMED": 1, "UNKNOWN": 2}[state]
    kept = {name: value for name, value in claim.items() if name not in ("wamid", "accepted_at")}
    world.table.put(kept | {"state": state, "rank": rank})
    assert told(world, delivery(statuses=[status(sent, "sent")])) == 200
    world.messages.accepted(MessageKey(world.ref(), TUESDAY.date()), "wamid.0", world.now)
    settled = world.item("MSG#2026-11-24")
    assert (settled["state"], settled["wamid"]) == ("SENT", "wamid.0")
    assert {"accepted_at", "sent_at"} <= settled.keys()


def test_a_claim_that_moved_since_it_was_read_keeps_both_news(world: World, drop: Drop, portfolio: None) -> None:
    """Two bodies at once: the second to write finds the claim changed, and goes on from there."""
    sent = left(world, drop)
    (another,) = copies(world, sent, 1)

    class Overtaken(Table):
        def get_all(self, keys: Any, attributes: Any = (), **how: Any) -> list[dict[str, Any]]:
            found = super().get_all(keys, attributes, **how)
            assert told(world, delivery(statuses=[status(sent, "read")])) == 200
            return found

    slow = replace(world)
    slow.recorder = replace(
        slow.recorder, messages=type(world.messages)(Overtaken(PartiqlClient(world.dynamodb), "ledger"))
    )
    assert told(slow, delivery(statuses=[status(each, "delivered") for each in (sent, another)])) == 200
    (claim,) = (item for item in world.message_items() if item["wamid"] == sent["id"] and "accepted_at" in item)
    assert claim["state"] == "READ"
    assert {"delivered_at", "read_at"} <= claim.keys()


@pytest.mark.parametrize(("known", "reads"), [((), {"batch_get_item": 1}), (("delivered",), {})])
def test_a_status_alone_is_one_write_and_a_read_where_a_user_id_may_be_new(
    world: World, drop: Drop, portfolio: None, known: tuple[str, ...], reads: dict[str, int]
) -> None:
    sent = left(world, drop) | {"recipient_id": PHONE, "recipient_user_id": "MX.1"}
    assert told(world, delivery(statuses=[status(sent, "sent")])) == 200
    phones = tuple(world.references.ref("phone", f"+{form}") for form in phone_variants(PHONE))
    world.ledger.user_ids.learn({world.references.ref("bsuid", "MX.1"): Met(phones, world.now)}, {})
    for state in known:
        assert told(world, delivery(statuses=[status(sent, state)])) == 200
    world.later(seconds=1)
    counting = Counting(world.dynamodb.tables)
    assert told(replace(world, dynamodb=counting), delivery(statuses=[status(sent, "read")])) == 200
    assert (counting.calls, counting.wru) == (reads, 1)
    assert world.item("MSG#2026-11-24")["state"] == "READ"


def test_statuses_that_come_as_they_should_not_cost_one_write_more(
    world: World, drop: Drop, portfolio: None
) -> None:
    sent = left(world, drop)
    spent: list[float] = []
    for state in ("read", "delivered", "sent", "sent"):
        counting = Counting(world.dynamodb.tables)
        assert told(replace(world, dynamodb=counting), delivery(statuses=[status(sent, state)])) == 200
        spent.append(counting.wru)
    assert spent == [1, 2, 2, 1]


def test_what_comes_late_is_in_the_journal_at_once(world: World, drop: Drop, portfolio: None) -> None:
    sent = left(world, drop)
    world.now = datetime(2026, 11, 25, 21, 59, 59, tzinfo=UTC)
    assert told(world, delivery(statuses=[status(sent, "sent")])) == 200
    assert [line.event for line in of_day(world.journal, world.now.date())] == []
    world.now = datetime(2026, 11, 25, 22, tzinfo=UTC)
    assert told(world, delivery(statuses=[status(sent, "delivered"), status(sent, "sent")])) == 200
    assert [line.event for line in of_day(world.journal, world.now.date())] == ["message.delivered"]
    assert [noted.line.event for noted in noted_of(world.item("MSG#2026-11-24"))] == ["message.sent"]


def test_a_large_body_of_every_kind_is_taken(world: World, nine: list[Element]) -> None:
    """What nobody knows is kept as it came, and answered like the rest."""
    value = {"metadata": {"phone_number_id": "1"}, "statuses": [status(sent, "played") for sent in nine]}
    changes = [{"field": f"field_{number}", "value": {"text": "x" * 1000}} for number in range(50)]
    entry = {"id": "W", "changes": [*changes, {"field": "messages", "value": value}, 7]}
    body = json.dumps({"entry": [entry]}).encode()
    for _ in range(2):
        assert told(world, body) == 200
    kinds = Counter(item["pk"].partition("_")[0] for item in world.items() if item["pk"].startswith("NEWS#"))
    assert kinds == {"NEWS#field": 50, "NEWS#status": 9, "NEWS#unreadable": 1}


def test_many_hands_keep_what_one_keeps(world: World, nine: list[Element]) -> None:
    before = world.kept()
    body = body_of([element(sent, number, "reply") for number, sent in enumerate(nine)])
    assert told(world, body) == 200
    by_one = world.kept()
    world.restore(before)
    many = replace(world)
    many.recorder = replace(many.recorder, workers=4)
    assert told(many, body) == 200
    assert world.kept() == by_one


def test_whose_number_a_user_id_is_costs_a_write_once_and_then_a_read(
    world: World, drop: Drop, portfolio: None
) -> None:
    messages = [
        sent | {"recipient_id": f"52555556{number:04}", "recipient_user_id": f"MX.{number}"}
        for number, sent in enumerate(copies(world, left(world, drop), 300))
    ]
    plain = [{name: sent[name] for name in sent if name != "recipient_user_id"} for sent in messages]
    before = world.kept()
    spent: list[float] = []
    for those in (plain, messages):
        world.restore(before)
        counting = Counting(world.dynamodb.tables)
        assert (
            told(replace(world, dynamodb=counting), delivery(statuses=[status(s, "delivered") for s in those]))
            == 200
        )
        spent.append(counting.wru)
    assert spent[1] - spent[0] == 300
    world.later(seconds=1)
    counting = Counting(world.dynamodb.tables)
    assert told(replace(world, dynamodb=counting), delivery(statuses=[status(s, "read") for s in messages])) == 200
    assert counting.calls == {"batch_get_item": 3}  # their claims
    assert sum(item["sk"] == "PHONES" for item in world.items()) == 300

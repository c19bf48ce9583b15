"""Token and app secret are changed while people are written to and answer: no message and no webhook is lost."""

import ast
import json
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import responses

from cobranza import telemetry
from cobranza.flows.say_once import TryLater
from cobranza.policy.breaker import Breaker
from cobranza.queues import Queue, Reminder
from cobranza.store.secrets import LIFETIME, RENEWAL, Secret
from cobranza.whatsapp.client import WITH_NEW_TOKEN, WhatsApp, pooled_session
from tests.integration.deliveries import delivery, text
from tests.integration.fakes import FakeContext
from tests.integration.replies import ask
from tests.integration.sending import ACCOUNT, due, resume
from tests.integration.test_handlers import Delays, body, record
from tests.integration.test_webhook_door import Door
from tests.integration.world import World, debts, function
from tests.unit.meta import error_body
from tests.unit.test_secrets import FakeMonotonic, FakeSecretsManager

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

URL = "https://graph.facebook.com/v25.0/100000000000001/messages"
OLD, NEW = "EAAG-old", "EAAG-new"
NAMES = [f"C{number}" for number in range(1, 7)]

type Drop = Callable[..., dict[str, Any]]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: names.append(name))
    return names


# The access token.


@dataclass
class Sending:
    """The function send with its own reading of the secret, and a Meta that takes the tokens that are good."""

    world: World
    good: set[str] = field(default_factory=lambda: {OLD})
    store: FakeSecretsManager = field(
        default_factory=lambda: FakeSecretsManager(json.dumps({"access_token": OLD}))
    )
    clock: FakeMonotonic = field(default_factory=FakeMonotonic)
    taken: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # token, phone
    calls: int = 0

    def __post_init__(self) -> None:
        secret = Secret(self.store, "provider", monotonic=self.clock)
        session = pooled_session(1)
        self.whatsapp = WhatsApp("https://graph.facebook.com", "v25.0", secret, session, reread=secret.again)
        self.delays = Delays()

    def put(self, token: str) -> None:
        self.store.value = json.dumps({"access_token": token})

    def answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        self.calls += 1
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token not in self.good:
            return 401, {}, json.dumps(error_body(190))
        self.taken.append((token, json.loads(request.body)["to"]))
        return 200, {}, json.dumps({"messages": [{"id": f"wamid.{len(self.taken)}"}]})

    def do(self, *reminders: Reminder) -> list[str]:
        """One batch; whose reminder comes back to the queue."""
        module = function("send")
        sender = replace(self.world.sender, whatsapp=self.whatsapp)
        deps = module.Deps(sender, Queue(self.delays, "url"), self.world.clock)
        batch = [record(each.borrower, body(each)) for each in reminders]
        answer = module.handler({"Records": batch}, FakeContext(), deps=deps)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    @property
    def phones(self) -> list[str]:
        return sorted(phone for _, phone in self.taken)


PHONES = [f"+52555555010{name[1:]}" for name in NAMES]


@pytest.fixture
def sending(world: World) -> Generator[Sending]:
    made = Sending(world)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as meta:
        meta.add_callback(responses.POST, URL, made.answer)
        yield made


def test_a_token_that_ends_amid_a_queue_stops_it_and_the_new_one_sends_the_rest_once(
    world: World, drop: Drop, sending: Sending, counted: list[str]
) -> None:
    queued = due(world, drop, *NAMES)
    assert sending.do(*queued[:2]) == []
    sending.good = {NEW}

    assert sending.do(*queued[2:]) == []
    assert sending.calls == 3, "the first that is refused is the last that asks"
    assert list(world.ledger.breakers()) == [ACCOUNT]
    assert "BreakersOpened" in counted
    assert sorted(world.outcomes()) == ["DEFERRED_BREAKER"] * 4 + ["SENT"] * 2
    assert sorted(item["state"] for item in world.message_items()) == ["ACCEPTED", "ACCEPTED", "RETRY"]
    world.later(minutes=5)
    assert world.tick() == [], "nobody is queued meanwhile"

    sending.put(NEW)
    sending.clock.seconds += 1
    assert resume(world, ACCOUNT).pause["held"] == 4
    again = world.tick()
    assert sending.do(*again) == [again[0].borrower], "whoever still knew the old token comes back"
    assert [delay for _, delay in sending.delays.delayed] == [WITH_NEW_TOKEN]
    assert sending.do(*again, *queued) == []
    assert sending.phones == PHONES
    assert [token for token, _ in sending.taken] == [OLD] * 2 + [NEW] * 4
    assert world.ledger.breakers() == {}


def test_a_token_that_is_changed_before_the_old_one_ends_stops_nothing(
    world: World, drop: Drop, sending: Sending, counted: list[str]
) -> None:
    queued = due(world, drop, *NAMES)
    sending.good = {OLD, NEW}
    assert sending.do(*queued[:2]) == []
    sending.put(NEW)
    assert sending.do(*queued[2:4]) == []
    sending.clock.seconds += LIFETIME + 1
    assert sending.do(queued[4]) == []
    sending.good = {NEW}
    assert sending.do(*queued) == []
    assert [token for token, _ in sending.taken] == [OLD] * 4 + [NEW] * 2
    assert sending.phones == PHONES
    assert "BreakersOpened" not in counted


def test_a_token_that_is_changed_and_ended_at_once_costs_seconds_and_no_message(
    world: World, drop: Drop, sending: Sending, counted: list[str]
) -> None:
    queued = due(world, drop, *NAMES)
    assert sending.do(*queued[:2]) == []
    sending.put(NEW)
    sending.good = {NEW}
    back = sending.do(*queued[2:])
    assert back == [queued[2].borrower]
    assert sending.do(*queued) == []
    assert sending.phones == PHONES
    assert "BreakersOpened" not in counted
    assert world.ledger.breakers() == {}


def test_a_breaker_that_is_resumed_before_the_token_is_new_opens_again_and_loses_nobody(
    world: World, drop: Drop, sending: Sending
) -> None:
    queued = due(world, drop, *NAMES)
    sending.good = {NEW}
    sending.do(*queued)
    world.later(minutes=5)
    resume(world, ACCOUNT)
    world.later(minutes=1)
    assert sending.do(*world.tick()) == []
    assert isinstance(world.ledger.breakers()[ACCOUNT], Breaker)
    world.later(minutes=5)
    sending.put(NEW)
    sending.clock.seconds += LIFETIME + 1
    resume(world, ACCOUNT)
    assert sending.do(*world.tick()) == []
    assert sending.phones == PHONES


def test_an_answer_that_meets_the_old_token_is_said_with_the_new_one(
    world: World, drop: Drop, sending: Sending
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    asked = ask(world, "SALDO")
    desk = replace(world.answers, whatsapp=sending.whatsapp)
    sending.whatsapp.access_token()
    sending.put(NEW)
    sending.good = {NEW}
    with pytest.raises(TryLater):
        desk.answer(asked, world.now)
    assert desk.answer(asked, world.now) == "OWED"
    assert desk.answer(asked, world.now) == "DONE"
    assert [token for token, _ in sending.taken] == [NEW]


@pytest.mark.parametrize("name", ["send", "answer", "receipts", "cases"])
def test_whoever_knows_the_token_reads_it_again_when_meta_refuses_it(name: str) -> None:
    """Each client that is made with the secret gets what reads it again."""
    code = Path(str(function(name).__file__)).read_text(encoding="utf-8")
    made = [call for call in ast.walk(ast.parse(code)) if isinstance(call, ast.Call) and _is_metas(call)]
    assert made
    assert all("secret.again" in ast.unparse(call) for call in made)


def _is_metas(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in {"WhatsApp", "MediaStore", "DocumentCourier"}


# The app secret.


class Meta:
    """Signs with the app secret as it is, and sends again what was not taken."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.secret = "old"
        self.told = 0
        self.left: list[bytes] = []

    def tell(self) -> int:
        self.told += 1
        self.left.append(delivery(messages=[text("hola", wamid=f"wamid.IN{self.told}")]))
        return self.again()

    def again(self) -> int:
        """How many are refused and come again."""
        self.left = [body for body in self.left if self.door.knock(self.secret, body) != 200]
        return len(self.left)

    def is_heard(self) -> bool:
        """Whether each message that it told is kept, once."""
        heard = [item["wamid"] for item in self.door.world.items() if item.get("direction") == "in"]
        return len(heard) == len(set(heard)) == self.told


@pytest.fixture
def meta(world: World) -> Meta:
    door = Door(world, FakeSecretsManager(""))
    door.change("old")
    return Meta(door)


def test_no_webhook_is_refused_while_both_secrets_are_good(meta: Meta) -> None:
    door = meta.door
    assert meta.tell() == 0
    door.change("new", "old")
    assert meta.tell() == 0
    meta.secret = "new"
    assert meta.tell() == 0
    door.clock.seconds += LIFETIME + 1
    assert meta.tell() == 0
    door.change("new")
    assert meta.tell() == 0
    door.clock.seconds += LIFETIME + 1
    assert meta.tell() == 0
    assert door.knock("old") == 403
    assert meta.is_heard()


def test_a_secret_that_meta_changes_first_loses_nothing_that_meta_sends_again(meta: Meta) -> None:
    assert meta.tell() == 0
    meta.secret = "new"
    assert meta.tell() == 1
    meta.door.clock.seconds += 10
    meta.door.change("new", "old")
    assert meta.tell() == 2, "strangers could make it read more often"
    meta.door.clock.seconds += RENEWAL
    assert meta.again() == 0
    assert meta.tell() == 0
    assert meta.is_heard()

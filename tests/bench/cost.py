"""What a reminder costs from its row in a file to its being read: every AWS call of the real handlers, DynamoDB's
units and the bytes of logs and items, counted in memory by step. `python -m tests.bench.cost` keeps them in
docs/data/counted.json, which `python -m local.cost` prices.
"""

import itertools
import json
import time
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from threading import Lock
from typing import Any

from cobranza.bus import Bus
from cobranza.flows.announce import Announcer
from cobranza.flows.pacer import Pacer
from cobranza.policy.portfolio import parse_portfolio
from cobranza.queues import Reminder
from cobranza.signature import sign
from cobranza.store.portfolios import remembered
from cobranza.whatsapp.client import Accepted, Answer
from local.cost import BUDGETS, COUNTED, Counts, is_held
from tests.bench.metered import Meter, metered, slots
from tests.bench.report import Row
from tests.bench.webhook_bodies import NUMBER, message_body
from tests.integration.deliveries import SECRETS, call, post
from tests.integration.fakes import FakeContext
from tests.integration.test_events_walk import stream
from tests.integration.test_handlers import body, file, record
from tests.integration.world import PORTFOLIO_YAML, TUESDAY, World, debts, function
from tests.unit.books import DAILY, STEPS
from tests.unit.test_bus import FakeEvents
from tests.unit.test_template_alarms import counted

REMINDERS = 2_000
BATCH = 20  # as in the template
IN_STREAM = 100
STATES = ("sent", "delivered", "read")
# Of so many borrowers one writes.
WRITES = 10
# In Mexico City the day of the walk has ended; the next evening, when a plan is made.
MIDNIGHT = datetime(2026, 11, 25, 6, 45, tzinfo=UTC)
EVENING = MIDNIGHT + timedelta(hours=19)
DAY = timedelta(days=1)
KEY = "debts/tienda/book.csv"


@dataclass
class WhatsApp:
    """Takes everything, with wamids as long as Meta's. For many threads."""

    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _lock: Lock = field(default_factory=Lock)

    def hang_up(self) -> None:
        pass

    def access_token(self) -> str:
        return "token"

    def send(self, phone_number_id: str, message: dict[str, Any]) -> Answer:
        with self._lock:
            wamid = f"wamid.HBgN{next(self._numbers):046}=="
            self.sent.append(message | {"wamid": wamid})
        return Accepted(wamid)


@dataclass
class Walk:
    """Everybody's reminder, step by step; `steps` has what each took."""

    meter: Meter
    reminders: int
    steps: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    invocations: Counter[str] = field(default_factory=Counter[str])

    @property
    def world(self) -> World:
        return self.meter.world

    def invoke(self, name: str, event: dict[str, Any], deps: Any) -> Any:
        self.invocations[name] += 1
        return function(name).handler(event, FakeContext(), deps=deps)

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        before, invoked, begun = self.meter.count(), self.invocations.total(), time.process_time()
        yield
        seconds = time.process_time() - begun
        after = self.meter.count()
        told = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
        told |= {"invocations": self.invocations.total() - invoked, "cpu": seconds}
        done = self.steps.get(name, {})
        self.steps[name] = {key: done.get(key, 0) + told.get(key, 0) for key in done | told}


def count(reminders: int) -> Counts:
    """So many borrowers with one debt each: imported, leased, sent, told of, heard by others, reported. Everything
    is of one reminder, but of one status, one reply, one idle run where a step is named so. Raises
    RuntimeError where a reminder was not sent."""
    with metered() as meter:
        walk = Walk(meter, reminders)
        _settle(walk)
        _idle(walk)
        with walk.step("import"):
            _import(walk)
        while reminders_of_tick := _lease(walk):
            _send_all(walk, reminders_of_tick)
        whatsapp: Any = walk.world.whatsapp
        if len(whatsapp.sent) != reminders:
            raise RuntimeError(f"{len(whatsapp.sent)} of {reminders} were sent")
        _statuses(walk, whatsapp.sent)
        announced = _announce(walk)
        _reported(walk)
        kept = meter.tables.kept() / reminders
        _replies(walk, whatsapp.sent[::WRITES])
    each = {"status": reminders // 2 * len(STATES), "statuses": (reminders - reminders // 2) * len(STATES)}
    each |= {"reply": len(whatsapp.sent[::WRITES]), "idle tick": 1, "idle report": 1}
    steps = {
        name: {key: round(value / each.get(name, reminders), 6) for key, value in told.items()}
        for name, told in walk.steps.items()
    }
    return Counts(
        date=datetime.now(UTC).date(),
        reminders=reminders,
        metrics=len(counted()),
        kept_bytes=round(kept),
        events=announced,
        steps=steps,
    )


def _settle(walk: Walk) -> None:
    world = walk.world
    world.whatsapp = WhatsApp()  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    at, allowed = slots(world)
    whatsapp: Any = world.whatsapp
    strategy = DAILY.model_copy(update={"ramp": ()})
    world.sender = replace(
        world.sender,
        whatsapp=whatsapp,
        pacer=Pacer(at, allowed),
        strategy_of=lambda _: strategy,
        portfolio=remembered(world.sender.portfolio),
    )
    world.answers = replace(world.answers, whatsapp=whatsapp)
    world.numbers.set_tier(NUMBER, 100_000, world.now)
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "tienda"), world.now)


def _idle(walk: Walk) -> None:
    """A tick and an hour in which nobody is due and no day ends."""
    world = walk.world
    with walk.step("idle tick"):
        walk.invoke("scheduler", {}, function("scheduler").Deps(world.scheduler, world.clock))
    with walk.step("idle report"):
        walk.invoke("reports", {}, _reports(world, world.now))


def _import(walk: Walk) -> None:
    world = walk.world
    rows = debts(*(_row(number) for number in range(walk.reminders)))
    world.s3.put_object(Bucket="inbox", Key=KEY, Body=rows.encode(), Metadata={"as-of": world.now.isoformat()})
    deps = function("ingest").Deps(
        world.importer, world.control, world.approvals, world.files, world.clock, world.s3
    )
    works = [json.dumps(file(KEY))]
    while works:
        for number, work in enumerate(works):
            answer = walk.invoke("ingest", {"Records": [record(str(number), work)]}, deps)
            if answer["batchItemFailures"]:
                raise RuntimeError("an import failed")
        works = _taken(world, world.files_url)


def _taken(world: World, queue: str) -> list[str]:
    """What waits on a queue. What Lambda's own poller does to it is priced by the batch."""
    sqs, found = world.sqs._client, list[str]()
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            found.append(message["Body"])
    return found


def _row(number: int) -> dict[str, str]:
    return {
        "borrower_id": f"C-{number:07}",
        "name": f"Lucía Ejemplo Martínez {number}",
        "phone": f"+5255{50000000 + number}",
        "debt_id": f"F-2026-{number:07}",
        "amount": f"{1000 + number % 977}.50",
        "due_date": str(TUESDAY.date() - timedelta(days=STEPS[number % len(STEPS)])),
        "payment_url": f"https://pagos.example.com/f/{number:012}",
    }


def _lease(walk: Walk) -> list[Reminder]:
    world = walk.world
    with walk.step("lease"):
        walk.invoke("scheduler", {}, function("scheduler").Deps(world.scheduler, world.clock))
    return [Reminder.parse(each) for each in _taken(world, world.queue_url)]


def _send_all(walk: Walk, reminders: Sequence[Reminder]) -> None:
    world = walk.world
    deps = function("send").Deps(world.sender, world.queue, world.clock, workers=BATCH)
    with walk.step("send"):
        for batch in batched(reminders, BATCH, strict=False):
            records = [record(str(number), body(each)) for number, each in enumerate(batch)]
            walk.invoke("send", {"Records": records}, deps)


def _statuses(walk: Walk, sent: Sequence[dict[str, Any]]) -> None:
    """Of half of all messages each status is alone in its body; of the others a body has all three of each."""
    alone, together = sent[: len(sent) // 2], sent[len(sent) // 2 :]
    with walk.step("status"):
        for state in range(len(STATES)):
            walk.world.now += timedelta(seconds=1)
            for message in alone:
                _tell(walk, [_status(message, state)])
    with walk.step("statuses"):
        for batch in batched(together, 300, strict=False):
            _tell(walk, [_status(message, state) for message in batch for state in range(len(STATES))])


def _status(message: Mapping[str, Any], state: int) -> dict[str, Any]:
    moment = datetime(2026, 11, 24, 17, 1, state, tzinfo=UTC)
    return {
        "id": message["wamid"],
        "recipient_id": message["to"].lstrip("+"),
        "recipient_user_id": f"MX.{message['to'][-8:]}",
        "biz_opaque_callback_data": message["biz_opaque_callback_data"],
        "status": STATES[state],
        "timestamp": str(int(moment.timestamp())),
    }


def _tell(walk: Walk, statuses: Sequence[dict[str, Any]]) -> None:
    _deliver(walk, message_body(statuses=statuses))


def _deliver(walk: Walk, told: Mapping[str, Any]) -> None:
    raw = json.dumps(told).encode()
    walk.invocations["webhook"] += 1
    answer = call(walk.world, post(raw, sign(raw, SECRETS["app_secrets"][0])))
    if answer["statusCode"] != 200:
        raise RuntimeError(f"the webhook answered {answer['statusCode']}")


def _announce(walk: Walk) -> dict[str, float]:
    """The journal's stream; how many events of each kind, for one reminder."""
    heard = FakeEvents()
    deps = function("events").Deps(Announcer(Bus(walk.meter.client("events", heard), "bus")))
    noted = stream(walk.world)
    with walk.step("events"):
        for batch in batched(noted, IN_STREAM, strict=False):
            if walk.invoke("events", {"Records": list(batch)}, deps)["batchItemFailures"]:
                raise RuntimeError("the bus refused an event")
    told = Counter(entry["DetailType"] for entries in heard.calls for entry in entries)
    return {name: round(times / walk.reminders, 4) for name, times in sorted(told.items())}


def _reported(walk: Walk) -> None:
    """The day, the next evening's plan, the day on which late statuses come, and one of which nothing is told."""
    for name, now in (
        ("report", MIDNIGHT),
        ("plan", EVENING),
        ("next report", MIDNIGHT + DAY),
        ("quiet report", MIDNIGHT + 2 * DAY),
    ):
        with walk.step(name):
            walk.invoke("reports", {}, _reports(walk.world, now))


def _reports(world: World, now: datetime) -> Any:
    return function("reports").Deps(world.reports, world.planning, lambda: now)


def _replies(walk: Walk, messages: Iterable[Mapping[str, Any]]) -> None:
    """Each asks for the balance, and is answered."""
    world = walk.world
    world.now += timedelta(minutes=5)
    deps = function("answer").Deps(world.answers, world.replies, world.clock)
    with walk.step("reply"):
        for number, message in enumerate(messages):
            sender = message["to"].lstrip("+")
            said = {"from": sender, "from_user_id": f"MX.{sender[-8:]}", "id": f"wamid.HBgNin{number:044}=="}
            said |= {"timestamp": str(int(world.now.timestamp())), "type": "text", "text": {"body": "SALDO"}}
            _deliver(walk, message_body([said]))
            for each in _taken(world, world.replies_url):
                if walk.invoke("answer", {"Records": [record("1", each)]}, deps)["batchItemFailures"]:
                    raise RuntimeError("a reply was not answered")


def run() -> list[Row]:
    """A goal that is missed is told by docs/cost.md too, with what to do about it."""
    found = count(REMINDERS)
    return [
        Row(
            f"cost: {budget.what}",
            budget.unit,
            round(budget.value(found), 3),
            f"≤ {budget.most:g}",
            is_held(budget, found),
        )
        for budget in BUDGETS
    ]


def main() -> None:
    COUNTED.write_text(count(REMINDERS).model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    main()

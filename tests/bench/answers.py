"""How long people wait for an answer, and others for an event, in an emulator of their own.

All are reminded first. Then they read it, one half a few a second, as people do, and the other half at once: from
there to the event on the queue of the sample rule. What borrowers write is an event too, and is not told here: the
journal is written by PartiQL, of which the emulator's streams know nothing. Then they ask SALDO or PAGAR, in the
same two ways: from their message at the simulator, which posts it signed, to the answer there. Each must be
answered once, with what the book says of them and nothing else.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import quantiles
from typing import Any

import requests

from cobranza.store.keys import MessageKey
from local import drive, samples, stack
from local.stack import Stack
from tests.bench.report import Row

BORROWERS = 200
WORDS = ("SALDO", "PAGAR")
PACE = 4  # a second
ANSWERED_IN, TOLD_IN = 10.0, 5.0  # seconds, p95
PATIENCE = 60.0
READ = "message.read"
SETTLED = timedelta(minutes=30)  # nobody is answered within seconds of a reminder
_LINK, _AMOUNT = re.compile(r"https://\S+"), re.compile(r"\$[0-9,]+\.[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Person:
    """Of the book: `links` and `amounts` are those of the debts, the oldest first."""

    id: str
    phone: str
    links: tuple[str, ...]
    amounts: tuple[Decimal, ...]

    @property
    def figures(self) -> list[str]:
        """All that an answer may name: each debt, and what several are together."""
        total = (sum(self.amounts, Decimal()),) if len(self.amounts) > 1 else ()
        return [f"${amount:,.2f}" for amount in (*self.amounts, *total)]


def run() -> list[Row]:
    people = [_person(number) for number in range(BORROWERS)]
    slowly, at_once = people[: BORROWERS // 2], people[BORROWERS // 2 :]
    with stack.running(stack.FOLDER / "bench-answers") as local:
        _listen(local)
        _remind(local, people)
        return [
            _events(local, slowly, f"{PACE} a second", PACE),
            _events(local, at_once, "all at once"),
            _answers(local, slowly, f"{PACE} a second", PACE),
            _answers(local, at_once, "all at once"),
        ]


def _person(number: int) -> Person:
    """Every third owes twice."""
    debts = range(2 if number % 3 == 0 else 1)
    links = tuple(f"https://pagos.aurora.example.com/p/{number:04}-{debt}" for debt in debts)
    amounts = tuple(Decimal(100_000 + 1_373 * number + 7 * debt) / 100 for debt in debts)
    return Person(f"A-{number:04}", f"+52555555{100 + number:04}", links, amounts)


def _remind(local: Stack, people: Sequence[Person]) -> None:
    """Everybody gets a reminder, and reads it when it is asked for."""
    moment = drive.next_open_moment(datetime.now(UTC))
    _move_to(local, moment)
    _tell(local, "config", {"behaviour": "silent", "delay": 0})
    for key, text in {
        "portfolios/aurora/portfolio.yaml": samples.PORTFOLIO_YAML,
        "strategies/aurora/strategy.yaml": samples.STRATEGY_YAML,
        "debts/aurora/cartera.csv": samples.csv_of([row for one in people for row in _rows(one, moment.date())]),
    }.items():
        drive.drop_and_wait(local, key, text.encode())
    drive.tick(local)
    drive.settle(local)
    _move_to(local, moment + SETTLED)


def _rows(one: Person, today: date) -> Iterator[dict[str, str]]:
    """The oldest debt is three days late, the other one is due today."""
    person = {"borrower_id": one.id, "name": "Lucía Ejemplo", "phone": one.phone, "country": "MX", "region": "CMX"}
    for number, (link, amount) in enumerate(zip(one.links, one.amounts, strict=True)):
        due = today - timedelta(days=0 if number else 3)
        debt = {"debt_id": f"F-{one.id}-{number}", "amount": str(amount), "currency": "MXN", "payment_url": link}
        yield person | debt | {"due_date": due.isoformat(), "language": "es-MX", "consent": "sí"}


def _answers(local: Stack, people: Sequence[Person], how: str, pace: int = 0) -> Row:
    for number, one in enumerate(_paced(people, pace)):
        _tell(local, f"borrowers/{one.phone}/say", {"text": WORDS[number % 2]})
    drive.settle(local, PATIENCE, queues=("replies",))
    said = drive.said(local)
    chats = [(one, _chat(said, one.phone)) for one in people]
    answered = [each[0] for _, chat in chats if len(each := _answers_to(chat)) == 1]
    right = sum(_is_right(one, chat) for one, chat in chats)
    waits = [_at(answer) - asked for asked, answer in answered]
    note = f"{len(people)} asked, {len(answered)} answered once, {right} right"
    return _row(f"answers to SALDO and PAGAR, {how}", waits, ANSWERED_IN, right == len(people), note)


def _chat(said: Sequence[Mapping[str, Any]], phone: str) -> list[Mapping[str, Any]]:
    return [each for each in said if each["to" if each["direction"] == "out" else "from"] == phone]


def _answers_to(chat: Sequence[Mapping[str, Any]]) -> list[tuple[float, Mapping[str, Any]]]:
    """What was answered, and when it was asked."""
    asked = next(_at(message) for message in chat if message["direction"] == "in")
    return [(asked, each) for each in chat if each["direction"] == "out" and each["type"] != "template"]


def _is_right(one: Person, chat: Sequence[Mapping[str, Any]]) -> bool:
    """Answered once, with each debt and its own link; the reminder's is that of the oldest."""
    answers = [each["text"] for _, each in _answers_to(chat)]
    (reminder,) = (each["text"] for each in chat if each["direction"] == "out" and each["type"] == "template")
    return (
        len(answers) == 1
        and _LINK.findall(answers[0]) == [*one.links]
        and _LINK.findall(reminder) == [one.links[0]]
        and _AMOUNT.findall(answers[0]) == one.figures
    )


def _events(local: Stack, people: Sequence[Person], how: str, pace: int = 0) -> Row:
    """By the moments at which the simulator was told that they read, and the queue got the event."""
    began: dict[str, float] = {}
    for one in _paced(people, pace):
        began[one.phone] = time.time()
        _tell(local, f"borrowers/{one.phone}/say", {"read": True})
    reminders = [each for each in drive.said(local) if each["direction"] == "out" and each["type"] == "template"]
    phones = {MessageKey.parse(each["opaque_id"]).borrower: each["to"] for each in reminders}
    told: dict[str, list[float]] = {}

    def all_told() -> bool:
        for borrower, at in _heard(local):
            told.setdefault(phones[borrower], []).append(at)
        return told.keys() >= began.keys()

    drive.wait_until(all_told, "the events", PATIENCE)
    waits = [told[phone][0] - at for phone, at in began.items()]
    once = sum(len(told[phone]) == 1 for phone in began)
    note = f"{len(began)} told to us, {once} told once; {READ}, since streams tell statuses alone here"
    return _row(f"events of what WhatsApp tells, {how}", waits, TOLD_IN, once == len(people), note)


def _heard(local: Stack) -> Iterator[tuple[str, float]]:
    """Who is told of by the sample queue's events of that kind, and when each came there."""
    sqs, url = local.client("sqs"), local.queues["events_sample"]
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "AttributeNames": ["SentTimestamp"]}
    while messages := sqs.receive_message(**asked).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            event = json.loads(message["Body"])
            if event["detail-type"] == READ:
                yield event["detail"]["borrower"], int(message["Attributes"]["SentTimestamp"]) / 1000


def _listen(local: Stack) -> None:
    """Others subscribe: elsewhere in the emulator nobody does."""
    functions = local.client("lambda")
    found = functions.list_event_source_mappings(FunctionName=local.functions["events"])["EventSourceMappings"]
    for each in found:
        functions.update_event_source_mapping(UUID=each["UUID"], Enabled=True)


def _paced(people: Sequence[Person], pace: int) -> Iterator[Person]:
    """So many a second; all at once without a pace."""
    for number, one in enumerate(people):
        if number and pace:
            time.sleep(1 / pace)
        yield one


def _at(message: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(message["at"]).timestamp()


def _move_to(local: Stack, moment: datetime) -> None:
    stack.set_clock(local, (moment - datetime.now(UTC)).total_seconds())


def _tell(local: Stack, path: str, order: dict[str, Any]) -> None:
    requests.post(f"{local.simulator_url}/_sim/{path}", json=order, timeout=10).raise_for_status()


def _row(name: str, waits: Sequence[float], most: float, is_all: bool, note: str) -> Row:
    p50, p95 = (quantiles(waits, n=100)[place] for place in (49, 94))
    figures = f"p50 {p50:.2f} s, max {max(waits):.2f} s; {note}"
    return Row(name, "s p95", round(p95, 2), f"≤ {most:.0f}", is_all and p95 <= most, note=figures)

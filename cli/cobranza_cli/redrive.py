"""`cobranza redrive`: why each dead letter of a queue is there, and back to its queue, once.

A letter that goes back is a message like any other: who is reminded is decided and claimed anew, so nobody
is messaged twice by it. Its attribute `redriven` stays with it, and one that comes back is kept until somebody
asks for it by --again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.queues import DroppedFile, FilePart, MediaToFetch, Reminder, ReplyToAnswer, parse_file_work
from cobranza.store import keys
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Import, Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza_cli.place import Place

MOST = 100
REDRIVEN = "redriven"
# Seconds that a letter is hidden from others while we look at it.
HIDDEN = 300
# Seconds that SQS may take to look for one; a queue that is asked more shortly may say that it is empty.
LOOKS = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """`subject` is a file's name or a reference; `why` what we know of it, in sentences; `redriven` when it was
    sent back before; `can_go` whether its queue knows what to do with it."""

    id: str
    at: datetime
    subject: str
    why: tuple[str, ...]
    redriven: str
    can_go: bool = True
    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What a body says: whom or what it is of, and why it may be here."""

    subject: str
    why: tuple[str, ...]


def letters(place: Place, queue: str, most: int, *, sends: bool, again: bool) -> list[Letter]:
    """The dead letters of a queue, at most so many; with `sends`, those that may go are sent back. Raises
    InvalidInput for a queue that has none to send back."""
    if queue not in QUEUES:
        names = ", ".join(QUEUES)
        raise InvalidInput("UNKNOWN_QUEUE", f"no letter of {queue!r} can go back: name one of {names}")
    outputs, sqs = place.outputs, place.client("sqs")
    source, target = outputs[f"{queue.title()}DeadLettersUrl"], outputs[f"{queue.title()}QueueUrl"]
    taken = _taken(sqs, source, most)
    found = [_letter(place, queue, message) for message in taken]
    done = [
        _sent(sqs, source, target, message, letter) if sends and _may_go(letter, again=again) else letter
        for message, letter in zip(taken, found, strict=True)
    ]
    for message, letter in zip(taken, done, strict=True):
        if not letter.is_sent:
            _let_go(sqs, source, message)
    return done


def told(queue: str, letters: Sequence[Letter]) -> dict[str, Any]:
    return {
        "queue": queue,
        "sent": sum(each.is_sent for each in letters),
        "letters": [asdict(each) for each in letters],
    }


def show(console: Console, letters: Sequence[Letter]) -> None:
    table = Table("since", "of", "why", "sent back")
    for each in letters:
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M}Z", escape(each.subject), escape("\n".join(each.why)), _state(each)
        )
    console.print(table if letters else "no dead letters")


def _state(letter: Letter) -> str:
    if letter.is_sent:
        return "now"
    if letter.redriven:
        return f"[yellow]once, on {letter.redriven}: --again[/yellow]"
    return "" if letter.can_go else "[red]cannot go back[/red]"


def _taken(sqs: Any, url: str, most: int) -> list[dict[str, Any]]:
    """At most so many messages, each once, hidden from others meanwhile."""
    found: dict[str, dict[str, Any]] = {}
    while len(found) < most:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(10, most - len(found)),
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=LOOKS,
            MessageAttributeNames=["All"],
            AttributeNames=["SentTimestamp"],
        )
        news = {each["MessageId"]: each for each in answer.get("Messages", []) if each["MessageId"] not in found}
        if not news:
            break
        found |= news
    return [*found.values()]


def _letter(place: Place, queue: str, message: Mapping[str, Any]) -> Letter:
    sent = int(message["Attributes"]["SentTimestamp"])
    letter = Letter(
        id=message["MessageId"],
        at=datetime.fromtimestamp(sent // 1000, UTC),
        subject="",
        why=("its body is none of this queue's: drop the file, or give the order, again",),
        redriven=_attributes(message).get(REDRIVEN, {}).get("StringValue", ""),
    )
    try:
        known = _READERS[queue](place, message["Body"])
    except (ValueError, TypeError, KeyError):
        return replace(letter, can_go=False)
    return replace(letter, subject=known.subject, why=known.why)


def _attributes(message: Mapping[str, Any]) -> dict[str, Any]:
    return message.get("MessageAttributes", {})


def _may_go(letter: Letter, *, again: bool) -> bool:
    return letter.can_go and (again or not letter.redriven)


def _sent(sqs: Any, source: str, target: str, message: Mapping[str, Any], letter: Letter) -> Letter:
    """Sent first, deleted then: who dies in between leaves two, of which one finds nothing to do."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    sqs.send_message(
        QueueUrl=target,
        MessageBody=message["Body"],
        MessageAttributes={REDRIVEN: {"DataType": "String", "StringValue": now}},
    )
    sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    return replace(letter, is_sent=True)


def _let_go(sqs: Any, url: str, message: Mapping[str, Any]) -> None:
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


def _reminder(place: Place, body: str) -> Known:
    reminder = Reminder.parse(body)
    return Known(reminder.borrower, tuple(_of_reminder(place, reminder)))


def _of_reminder(place: Place, reminder: Reminder) -> Iterator[str]:
    loaded = Ledger(place.ledger).load(reminder.borrower)
    if loaded is None:
        yield "the borrower is not there any more: it will end without an outcome"
        return
    lines = Journal(place.journal).of(keys.borrower_pk(reminder.borrower), "outcome")
    noted = [line for line in lines if line.facts.get("trace") == reminder.trace]
    yield from (f"its tick noted {line.facts['code']} at {_moment(line.at)}" for line in noted)
    if loaded.lease == reminder.lease:
        yield f"its lease is still held, up to {reminder.lease}: it will be looked at"
    else:
        yield "its lease has ended, and the borrower was queued anew: it will be let go"
    queued = datetime.fromisoformat(reminder.lease)
    for key, message, _ in Messages(place.ledger).recent(reminder.borrower):
        if abs(message.claimed_at - queued).days < 1:
            yield f"the message of {key.day} is {message.state}: that day is taken"
    if not noted:
        yield "no look of it ended: the log of send has its trace"


def _media(place: Place, body: str) -> Known:
    asked = MediaToFetch.parse(body)
    item = Conversations(place.ledger).inbound(asked.borrower, asked.event)
    if item is None:
        return Known(asked.borrower, ("the message that it came in is not there any more",))
    state = item.get("receipt", "")
    days = (place.now() - keys.moment_of(asked.event)).days
    kept = f"it came {days} days ago: Meta keeps it for seven"
    return Known(asked.borrower, (f"the receipt is {state}", kept))


def _reply(place: Place, body: str) -> Known:
    asked = ReplyToAnswer.parse(body)
    item = Conversations(place.ledger).inbound(asked.borrower, asked.event)
    if item is None:
        return Known(asked.borrower, ("what was written is not there any more",))
    read = f"it was read as {item['intent']}" if item.get("intent") else "nobody has read what it means"
    answered = f"it was answered at {item['answered_at']}" if item.get("answered_at") else "nobody has answered it"
    return Known(asked.borrower, (read, answered))


def _file(place: Place, body: str) -> Known:
    work = parse_file_work(body)
    if isinstance(work, FilePart):
        portfolio, import_id, number = work.names
        known = Imports(place.ledger).find(portfolio, import_id)
        return Known(known.key if known else work.part, (_of_part(known, number),))
    return Known(work.key, tuple(_of_file(place, work)))


def _of_part(known: Import | None, number: int) -> str:
    if known is None:
        return "its import is not known any more: drop the file again"
    done = "is done" if number in known.done else "is not done"
    return f"part {number} of {known.parts} {done}; the import is {known.state}"


def _of_file(place: Place, dropped: DroppedFile) -> Iterator[str]:
    portfolio = dropped.key.split("/")[1]
    imports = (each for each in Imports(place.ledger).of(portfolio) if each.key == dropped.key)
    begun = [each for each in imports if dropped.version in ("", each.version)]
    yield from (f"its import is {each.state}: {len(each.done)} of {each.parts} parts" for each in begun)
    if not begun:
        yield "no import of it has begun: the log of ingest has the reason"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


_READERS: Mapping[str, Callable[[Place, str], Known]] = {
    "files": _file,
    "reminders": _reminder,
    "media": _media,
    "replies": _reply,
}
QUEUES = tuple(_READERS)

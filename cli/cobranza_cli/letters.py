"""What a dead letter is about, and why it may be one: by its body, and by what is known of it now."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cobranza.queues import DroppedFile, FilePart, Reminder, ReplyToAnswer, parse_file_work
from cobranza.store import keys
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Import, Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.messages import Messages
from cobranza_cli.place import Place

REDRIVEN = "redriven"

type Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What a letter says: whom or what it is of, why it may be here, when its body was sent back before, and
    whether there is anything to send back."""

    subject: str
    why: tuple[str, ...]
    redriven: str = ""
    can_go: bool = True


def text_of(message: Message, attribute: str) -> str:
    return message.get("MessageAttributes", {}).get(attribute, {}).get("StringValue", "")


def _reminder(place: Place, message: Message) -> Known:
    reminder = Reminder.parse(message["Body"])
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


def _media(place: Place, message: Message) -> Known:
    asked = ReplyToAnswer.parse(message["Body"])
    item = Conversations(place.ledger).inbound(asked.borrower, asked.event)
    if item is None:
        return Known(asked.borrower, ("the message that it came in is not there any more",))
    state = item.get("receipt", "")
    days = (place.now() - keys.moment_of(asked.event)).days
    kept = f"it came {days} days ago: Meta keeps it for seven"
    return Known(asked.borrower, (f"the receipt is {state}", kept))


def _reply(place: Place, message: Message) -> Known:
    asked = ReplyToAnswer.parse(message["Body"])
    item = Conversations(place.ledger).inbound(asked.borrower, asked.event)
    if item is None:
        return Known(asked.borrower, ("what was written is not there any more",))
    read = f"it was read as {item['intent']}" if item.get("intent") else "nobody has read what it means"
    answered = f"it was answered at {item['answered_at']}" if item.get("answered_at") else "nobody has answered it"
    return Known(asked.borrower, (read, answered))


def _file(place: Place, message: Message) -> Known:
    told = json.loads(message["Body"])
    if "requestPayload" in told:
        return _order(told)
    work = parse_file_work(message["Body"])
    if isinstance(work, FilePart):
        portfolio, import_id, number = work.names
        known = Imports(place.ledger).find(portfolio, import_id)
        return Known(known.key if known else work.part, (_of_part(known, number),))
    return Known(work.key, tuple(_of_file(place, work)))


def _order(told: Mapping[str, Any]) -> Known:
    """A control file or an approval came past the queue. Source: Lambda, "Capturing records of asynchronous
    invocations"."""
    ended = told["requestContext"].get("condition", "an error")
    why = (f"it came past the queue, and ended with {ended}", "drop it again; then this letter is for --drop")
    return Known(told["requestPayload"]["key"], why, can_go=False)


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


def _run(place: Place, message: Message) -> Known:
    """Lambda's: what a function was asked, and how it ended. Source: Lambda, "Dead-letter queues"."""
    asked = json.loads(message["Body"])
    run, error = text_of(message, "RequestID"), text_of(message, "ErrorMessage")
    why = (
        f"it ended with {error}" if error else "the log of reports has its end",
        "the next hour catches up by itself",
    )
    return Known(f"{asked['source']} {run}".strip(), why, redriven=asked.get(REDRIVEN, ""))


def _lines(place: Place, message: Message) -> Known:
    """Lambda's: places in a stream, and no lines. Source: Lambda, "Capturing discarded batches"."""
    told = json.loads(message["Body"])
    batch, ended = told["DDBStreamBatchInfo"], told["requestContext"]["condition"]
    stream = "journal" if f":table/{place.outputs['Journal']}/" in batch["streamArn"] else "ledger"
    first, last = batch["approximateArrivalOfFirstRecord"], batch["approximateArrivalOfLastRecord"]
    why = (
        f"others have not heard of {batch['batchSize']} of its lines, from {first} to {last}: {ended}",
        "it is a place in a stream: docs/runbook.md#eventsgivenup says what to do before --drop",
    )
    return Known(stream, why, can_go=False)


READERS: Mapping[str, Callable[[Place, Message], Known]] = {
    "files": _file,
    "reminders": _reminder,
    "media": _media,
    "replies": _reply,
    "reports": _run,
    "events": _lines,
}

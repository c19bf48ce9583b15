"""`cobranza redrive`: why each dead letter of a queue is there, and back to where it failed, once.

A letter that goes back is a message like any other: who is reminded is decided and claimed anew, so nobody
is messaged twice by it. Its attribute `redriven` stays with it, and one that comes back is kept until somebody
asks for it by --again. One that cannot go is taken away by --drop, once a person has done what it was for.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.queues import NOTED
from cobranza_cli import queues
from cobranza_cli.letters import READERS, REDRIVEN, Message, text_of
from cobranza_cli.place import Place

MOST = 100
# Seconds that a letter is hidden from others while we look at it.
HIDDEN = 300
# Seconds that SQS may take to look for one; a queue that is asked more shortly may say that it is empty.
LOOKS = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """`subject` is a file's name, a reference, a run or a stream; `why` what we know of it, in sentences;
    `redriven` when it was sent back before; `can_go` whether there is somewhere that knows what to do with it."""

    id: str
    at: datetime
    subject: str
    why: tuple[str, ...]
    redriven: str
    can_go: bool = True
    is_sent: bool = False
    is_dropped: bool = False


def letters(place: Place, queue: str, most: int, *, sends: bool, again: bool) -> list[Letter]:
    """The dead letters of a queue, at most so many; with `sends`, those that may go are sent back. Raises
    InvalidInput for a queue that there is not."""
    sqs, source = _dead(place, queue)
    taken = _taken(sqs, source, most)
    found = [_letter(place, queue, message) for message in taken]
    send = _sender(place, queue)
    done = [
        _sent(sqs, source, send, message, letter) if sends and _may_go(letter, again=again) else letter
        for message, letter in zip(taken, found, strict=True)
    ]
    for message, letter in zip(taken, done, strict=True):
        if not letter.is_sent:
            _let_go(sqs, source, message)
    return done


def drop(place: Place, queue: str, letter_id: str, most: int, *, takes_away: bool) -> Letter:
    """One of as many letters, by its id; where told so it is taken away, and nothing comes of it any more. Raises
    InvalidInput for a queue or a letter that there is not."""
    sqs, source = _dead(place, queue)
    taken = {each["MessageId"]: each for each in _taken(sqs, source, most)}
    try:
        if letter_id not in taken:
            raise InvalidInput("UNKNOWN_LETTER", f"{letter_id!r} is none of the {len(taken)} letters of {queue}")
        letter = _letter(place, queue, taken[letter_id])
        if not takes_away:
            return letter
        sqs.delete_message(QueueUrl=source, ReceiptHandle=taken.pop(letter_id)["ReceiptHandle"])
        return replace(letter, is_dropped=True)
    finally:
        for message in taken.values():
            _let_go(sqs, source, message)


def _dead(place: Place, queue: str) -> tuple[Any, str]:
    """Where its letters lie."""
    if queue not in queues.GIVEN_UP:
        names = ", ".join(queues.GIVEN_UP)
        raise InvalidInput("UNKNOWN_QUEUE", f"there are no letters of {queue!r}: name one of {names}")
    return place.client("sqs"), place.outputs[queues.dead_letters(queue)]


def told(queue: str, letters: Sequence[Letter]) -> dict[str, Any]:
    return {
        "queue": queue,
        "sent": sum(each.is_sent for each in letters),
        "dropped": sum(each.is_dropped for each in letters),
        "letters": [asdict(each) for each in letters],
    }


def show(console: Console, letters: Sequence[Letter]) -> None:
    table = Table("since", "of", "why", "sent back", "id")
    for each in letters:
        what, why = escape(each.subject), escape("\n".join(each.why))
        table.add_row(f"{each.at:%Y-%m-%d %H:%M}Z", what, why, _state(each), each.id)
    console.print(table if letters else "no dead letters")


def _state(letter: Letter) -> str:
    if letter.is_sent:
        return "now"
    if letter.is_dropped:
        return "[red]taken away[/red]"
    if letter.redriven:
        return f"[yellow]once, on {letter.redriven}: --again[/yellow]"
    return "" if letter.can_go else "[red]cannot go back: --drop[/red]"


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
        why=("its body is none of this queue's: drop the file, or give the order, again, then --drop it",),
        redriven=text_of(message, REDRIVEN),
    )
    try:
        known = READERS[queue](place, message)
    except (ValueError, TypeError, KeyError):
        return replace(letter, can_go=False)
    redriven = letter.redriven or known.redriven
    return replace(letter, subject=known.subject, why=known.why, redriven=redriven, can_go=known.can_go)


def _may_go(letter: Letter, *, again: bool) -> bool:
    return letter.can_go and (again or not letter.redriven)


def _sender(place: Place, queue: str) -> Callable[[Message], object]:
    """What sends a letter to where it failed. One run of reports does what each of them had to do."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if queue == "reports":
        run = cache(partial(_run_reports, place, now))
        return lambda _: run()
    return partial(_send, place, queues.queue(queue), now)


def _run_reports(place: Place, now: str) -> None:
    """Where the run fails, its letter has the mark."""
    place.client("lambda").invoke(
        FunctionName=place.outputs["Reports"],
        Qualifier="live",
        InvocationType="Event",
        Payload=json.dumps({"v": 1, "source": "redrive", REDRIVEN: now}),
    )


def _send(place: Place, output: str, now: str, message: Message) -> None:
    noted = text_of(message, NOTED)
    beside = {REDRIVEN: now} | ({NOTED: noted} if noted else {})
    place.client("sqs").send_message(
        QueueUrl=place.outputs[output],
        MessageBody=message["Body"],
        MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in beside.items()},
    )


def _sent(
    sqs: Any, source: str, send: Callable[[Message], object], message: Mapping[str, Any], letter: Letter
) -> Letter:
    """Sent first, deleted then: who dies in between leaves two, of which one finds nothing to do."""
    send(message)
    sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    return replace(letter, is_sent=True)


def _let_go(sqs: Any, url: str, message: Mapping[str, Any]) -> None:
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)

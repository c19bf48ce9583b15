"""`cobranza trace`: all that happened to a borrower, or about one debt of theirs, in order and in their own time.

What the journal has noted for good, and what the ledger still knows besides: imports for 40 days, a message's
claim for 14, words for as long as docs/privacy.md says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.policy.contact_rules import zone_of
from cobranza.store import keys
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Import, Imports
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger, Loaded
from cobranza.store.messages import Messages
from cobranza.store.statuses import noted_of
from cobranza.store.table import Item
from cobranza_cli.place import Place
from cobranza_cli.whom import Someone

MOST = 200
# What a line tells besides its debts, in this order, where it has it.
_TOLD = (
    "code", "type", "scope", "state", "portfolio", "template", "language", "strategy", "rule", "step", "amount",
    "currency", "until", "to", "payment", "case", "message", "source", "trace",
)  # fmt: skip
_CLAIM = ("claimed_at", "accepted_at", "sent_at", "delivered_at", "read_at", "failed_at")
NEWEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Step:
    """`debts` are their keys; a step without any is about the borrower."""

    at: datetime
    what: str
    facts: str
    debts: tuple[str, ...] = ()


def told(place: Place, someone: Someone, wanted: str, day: date | None, most: int) -> dict[str, Any]:
    """As JSON: person, zone, steps; `wanted` narrows them where it is the number of a debt of theirs. Of whom no
    profile is kept it tells in UTC."""
    loaded = Ledger(place.ledger).load(someone.ref)
    debts = loaded.book.debts if loaded else ()
    named = {debt.terms.key for debt in debts if debt.terms.debt_id == wanted.strip()}
    zone = zone_of(loaded.book.borrower.country, loaded.book.borrower.region) if loaded else UTC
    steps = [
        step
        for step in _steps(place, someone, loaded, named)
        if (day is None or step.at.astimezone(zone).date() == day)
        and (not named or not step.debts or named & {*step.debts})
    ]
    steps.sort(key=lambda step: step.at)
    return {
        "borrower_id": someone.borrower_id,
        "name": someone.name,
        "zone": str(zone),
        "left_out": max(len(steps) - most, 0),
        "steps": [_json(step, zone) for step in steps[-most:]],
    }


def show(console: Console, told: dict[str, Any]) -> None:
    name = told["name"] or "no profile is kept"
    table = Table("at", "what", "debts", "told", title=escape(f"{name} ({told['borrower_id']}), {told['zone']}"))
    for step in told["steps"]:
        at = f"{datetime.fromisoformat(step['at']):%Y-%m-%d %H:%M:%S}"
        table.add_row(at, step["what"], escape(" ".join(step["debts"])), escape(step["facts"]))
    console.print(table)
    if told["left_out"]:
        console.print(f"[yellow]{told['left_out']:,} older steps are left out:[/yellow] name a day, or --most")


def _json(step: Step, zone: tzinfo) -> dict[str, Any]:
    return {
        "at": step.at.astimezone(zone).isoformat(timespec="seconds"),
        "what": step.what,
        "debts": [key.removesuffix("#") for key in step.debts],
        "facts": step.facts,
    }


def _steps(place: Place, someone: Someone, loaded: Loaded | None, named: set[str]) -> Iterator[Step]:
    if loaded:
        yield from _imports(place, loaded, named)
    lines = [line for subject in someone.who.subjects for line in Journal(place.journal).of(subject)]
    yield from map(_of_line, lines)
    told = {(line.event, line.identity) for line in lines}
    for key, claim in _claims(Messages(place.ledger), someone.ref).items():
        yield _of_claim(key, claim)
        yield from (_of_line(line) for line, _ in noted_of(claim) if (line.event, line.identity) not in told)
    for chat in someone.who.phones or (someone.ref,):
        yield from _words(Conversations(place.ledger).newest(chat, NEWEST_WORDS))


def _imports(place: Place, loaded: Loaded, named: set[str]) -> Iterator[Step]:
    """The imports that wrote these debts last, as long as they are known; of all debts where none is `named`."""
    portfolios = {debt.terms.portfolio for debt in loaded.book.debts}
    known = {each.id: each for name in portfolios for each in Imports(place.ledger).of(name)}
    wrote: dict[str, dict[str, int]] = {}
    for key, source in sorted(loaded.sources.items()):
        if not named or key in named:
            wrote.setdefault(source.import_id, {})[key] = source.line
    for import_id, lines in wrote.items():
        if import_id in known:
            yield _of_import(known[import_id], lines)


def _of_import(each: Import, lines: Mapping[str, int]) -> Step:
    """`lines` of its file by the keys of debts; one that closed a debt has none of it."""
    rows = "".join(f", row {line}" for line in lines.values() if line)
    facts = f"{each.key}{rows}, as of {each.as_of.isoformat()}, {each.state}"
    return Step(each.started_at, "import", facts, tuple(lines))


def _of_line(line: Line) -> Step:
    debts = line.facts.get("debts") or line.facts.get("allocations", ())
    facts = " ".join(f"{name}={line.facts[name]}" for name in _TOLD if line.facts.get(name) not in (None, ""))
    return Step(line.at, line.event, facts, tuple(debts))


def _claims(messages: Messages, borrower: str) -> dict[MessageKey, Item]:
    """When each day was claimed, and what the journal gets of its message when the day is closed."""
    wanted = [key for key, _, _ in messages.recent(borrower)]
    return messages.claims([*wanted, *(_confirmation(key) for key in wanted)])


def _confirmation(key: MessageKey) -> MessageKey:
    return MessageKey(key.borrower, key.day, confirms=True)


def _of_claim(key: MessageKey, claim: Item) -> Step:
    moments = " ".join(f"{name}={claim[name]}" for name in _CLAIM[1:] if claim.get(name))
    facts = f"{key.name} attempt {claim.get('attempts', 1)} {claim['template']} now {claim['state']} {moments}"
    return Step(datetime.fromisoformat(claim["claimed_at"]), "claim", facts.strip(), tuple(claim["debts"]))


def _words(items: Iterable[Item]) -> Iterator[Step]:
    """What was written, by either side, as long as the words are kept."""
    for item in items:
        at = datetime.fromisoformat(item["at"]) if "at" in item else keys.moment_of(item["sk"])
        what = "they wrote" if item.get("direction") == "in" else "we wrote"
        yield Step(at, what, " ".join(filter(None, (str(item.get("type", "")), str(item.get("text", ""))))))

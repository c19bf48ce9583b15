"""`cobranza why`: what became of a borrower's debts on a day, and what would become of them now."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.files.listings import exact
from cobranza.flows.decide_fully import decide_fully
from cobranza.flows.in_force import in_force
from cobranza.flows.reports.borrowers import BorrowerDays
from cobranza.flows.reports.report import Sources
from cobranza.policy.closed_day import NOT_LOOKED_AT, DebtDay
from cobranza.policy.decision import Book as Known
from cobranza.policy.decision import Policies, Rest, Send
from cobranza.policy.due import local_date
from cobranza.policy.outcomes import Sentence, sentence
from cobranza.store import keys
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.conversations import Conversations
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal, Line
from cobranza.store.keys import MessageKey
from cobranza.store.ledger import Ledger
from cobranza.store.limits import DueLine
from cobranza.store.messages import Messages
from cobranza.store.payments import Payments
from cobranza.store.receipts import Receipts
from cobranza.store.texts import Texts
from cobranza_cli.place import Place
from cobranza_cli.whom import Someone

type Language = Literal["es", "en"]

LINES = 10
_NOT_YET = Sentence("Hoy todavía nadie la miró", "Nobody has looked at it yet today")
_NOTHING = Sentence("Ningún paso ni pedido ese día", "No step and no request on that day")
_REST = Sentence("No hay nada que enviar ahora", "There is nothing to send now")
_SEND = Sentence("Saldría un mensaje: {}", "A message would leave: {}")
_HEADERS = {
    "es": ("deuda", "saldo", "vence", "paso", "regla y estrategia", "resultado", "por qué"),
    "en": ("debt", "balance", "due", "step", "rule and strategy", "outcome", "why"),
}
_LABELS = {
    "es": ("el", "próxima mirada", "si se mirara ahora", "últimas líneas del diario", "lo que se le escribió"),
    "en": ("on", "next look", "if it were looked at now", "last lines of the journal", "what was written"),
}


def language_of(text: str) -> Language:
    """Of a locale ("es_MX.UTF-8"); English for any but Spanish."""
    return "es" if text.lower().startswith("es") else "en"


def told(place: Place, someone: Someone, day: date | None, now: datetime, language: Language) -> dict[str, Any]:
    """As JSON: person, day, debts, now, journal, messages. Without a `day`: the borrower's own today. Raises
    LookupError for whom no profile is kept."""
    sources = _sources(place)
    loaded = sources.ledger.load(someone.ref)
    if loaded is None:
        raise LookupError(someone.borrower_id)
    portfolios = {debt.terms.portfolio for debt in loaded.book.debts}
    today = local_date(loaded.book.borrower, now)
    days = BorrowerDays.of(sources, portfolios)
    known = days.read(someone.ref, day or today)
    entries = known.outcomes if known else ()
    lines = _journal(sources.journal, someone.ref)
    return {
        "borrower_id": someone.borrower_id,
        "name": someone.name,
        "day": (day or today).isoformat(),
        "debts": _debts(loaded.book, entries, language, is_today=(day or today) == today),
        "next_look": loaded.due_at,
        "now": _now(
            sources.ledger, loaded.book, _policies(place, sources.ledger, loaded.book, now), now, language
        ),
        "journal": [_line(line) for line in lines],
        "messages": list(_messages(Texts(place.ledger), someone.ref, lines)),
    }


def show(console: Console, told: dict[str, Any], language: Language) -> None:
    on, next_look, now, journal, written = _LABELS[language]
    table = Table(*_HEADERS[language], title=escape(f"{told['name']} ({told['borrower_id']}), {on} {told['day']}"))
    for each in told["debts"]:
        cells = ("debt", "balance", "due_date", "step", "rule", "outcome", "why")
        table.add_row(*(escape(str(each[cell])) for cell in cells))
    console.print(table)
    console.print(f"{next_look}: {told['next_look'] or '-'}")
    console.print(f"{now}: {told['now']['outcome']} {told['now']['why']}")
    lines = Table("at", "event", "code", "debts", title=journal)
    for line in told["journal"]:
        lines.add_row(line["at"], line["event"], line["code"], escape(" ".join(line["debts"])))
    console.print(lines)
    for message in told["messages"]:
        proof = "" if message["is_proven"] else " ?"
        console.print(f"{written}, {message['day']}{proof}:\n{escape(message['text'])}\n")


def _debts(book: Known, entries: Sequence[DebtDay], language: Language, *, is_today: bool) -> list[dict[str, Any]]:
    """Each debt that is open or was due, and steps that others stand for."""
    debts = {debt.terms.key: debt for debt in book.debts}
    listed = [*entries]
    due = {entry.debt for entry in entries}
    listed += [
        DebtDay(debt=key, outcome="", at=None, step=debt.step)
        for key, debt in debts.items()
        if debt.is_open and key not in due
    ]
    found: list[dict[str, Any]] = []
    for entry in sorted(listed, key=lambda each: each.debt):
        debt = debts.get(entry.debt)
        outcome = "" if is_today and entry.outcome == NOT_LOOKED_AT else entry.outcome
        words = _NOT_YET if outcome != entry.outcome else sentence(outcome) if outcome else _NOTHING
        found.append(
            {
                "debt": entry.debt.removesuffix("#"),
                "balance": f"{exact(debt.owed)} {debt.terms.currency}" if debt else "",
                "due_date": debt.terms.due_date.isoformat() if debt else "",
                "step": "" if entry.step is None else entry.step,
                "rule": " · ".join(filter(None, (entry.rule, entry.strategy))),
                "outcome": outcome,
                "why": getattr(words, language),
            }
        )
    return found


def _now(ledger: Ledger, book: Known, policies: Policies, now: datetime, language: Language) -> dict[str, str]:
    """What the sender would do at this moment."""
    match decide_fully(ledger, book, policies, now):
        case Rest():
            return {"outcome": "", "why": getattr(_REST, language)}
        case Send(template=template):
            return {"outcome": "SEND", "why": getattr(_SEND, language).format(template)}
        case decision:
            return {"outcome": decision.outcome, "why": getattr(sentence(decision.outcome), language)}


def _journal(journal: Journal, borrower: str) -> list[Line]:
    """The newest lines, newest first. A borrower's are hundreds at most."""
    lines = sorted(journal.of(keys.borrower_pk(borrower)), key=lambda line: line.at, reverse=True)
    return lines[:LINES]


def _messages(texts: Texts, borrower: str, lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """The exact words of the reminders among these lines, as long as they are kept, and whether the line's digest
    proves them."""
    for line in lines:
        if line.event == "outcome" and "text_digest" in line.facts:
            key = MessageKey(borrower, date.fromisoformat(line.identity))
            if text := texts.text(key):
                is_proven = texts.proof(key).get("text_digest") == line.facts["text_digest"]
                yield {"day": line.identity, "text": text, "is_proven": is_proven}


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": line.at.isoformat(timespec="seconds"),
        "event": line.event,
        "code": str(line.facts.get("code", "")),
        "debts": [key.removesuffix("#") for key in line.debts],
    }


def _policies(place: Place, ledger: Ledger, book: Known, now: datetime) -> Policies:
    return in_force(
        book,
        now,
        portfolio=place.portfolio,
        strategy_of=cache(ledger.strategy),
        feed=ledger.feed,
        breakers=ledger.breakers(),
        faults=place.faults(),
        only_to=place.only_to,
        room=place.room,
    )


def _sources(place: Place) -> Sources:
    table = place.ledger
    return Sources(
        Journal(place.journal),
        Ledger(table),
        Messages(table),
        Book(table),
        Payments(table),
        Imports(table),
        DueLine(table),
        Receipts(table),
        Cases(table),
        Conversations(table),
    )

"""Contacts rows: what people said to the creditor's other desks is heard, whatever the order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.contacts import ContactRow
from cobranza.files.row import Row
from cobranza.flows.applied import (
    CREATED,
    UNCHANGED,
    Applied,
    Job,
    Outcomes,
    Rooms,
    Told,
    by_borrower,
    in_chunks,
    line_of,
    write_told,
)
from cobranza.flows.callers import Callers
from cobranza.flows.leave_in_peace import stop_own
from cobranza.flows.open_case import Matter, case_of, open_case
from cobranza.ledger.standing import (
    OPEN_END,
    WHATSAPP,
    Action,
    DebtStanding,
    Said,
    Standing,
    Word,
    hear,
    hear_of_debt,
    phones_stopped,
)
from cobranza.store import book as writes
from cobranza.store import keys
from cobranza.store.book import Known
from cobranza.store.journal import Line
from cobranza.store.said import (
    TOUCHES_KEPT,
    changed,
    debt_standing_item,
    debt_standing_of,
    standing_item,
    standing_of,
)
from cobranza.store.table import Update, Write, utc

# Kept also of who is no borrower yet, and of debts that nobody has: whoever comes tomorrow finds what was said.
KEPT_OF_STRANGERS = frozenset(
    {
        Action.OPT_OUT,
        Action.NO_CONSENT,
        Action.ERASE,
        Action.WRONG_NUMBER,
        Action.HOLD,
        Action.DISPUTE,
        Action.CHANNEL,
    }
)
_PHONES = frozenset({Action.PHONE, Action.SECOND_PHONE})
_WAKES = _PHONES | {
    Action.OPT_IN,
    Action.CONSENT,
    Action.RELEASE,
    Action.RESOLVED,
    Action.CHANNEL,
    Action.TAG,
    Action.UNTAG,
}
_WITH_WHOLE_TEXT = _PHONES | {Action.CONSENT, Action.CHANNEL, Action.PROMISE}
MAX_NOTE = 200
_WARNINGS = {
    "NO_LAST_DAY": "la pausa sin último día legible dura hasta que alguien la libere · "
    "a hold whose last day cannot be read lasts until somebody releases it",
    "UNKNOWN_BORROWER": "se guarda lo que detiene a quien nadie conoce todavía · "
    "what stops somebody whom nobody knows yet is kept",
    "UNKNOWN_DEBT": "se guarda lo que detiene deudas que nadie tiene todavía · "
    "what stops debts that nobody has yet is kept",
}


@dataclass(slots=True)
class _Hearing:
    """A borrower as heard so far. `is_somebody_else`: somebody else answers at their phone; `strange` counts rows
    that are kept of whom, or of what, nobody knows."""

    known: Known
    standing: Standing
    marks: dict[str, DebtStanding] = field(default_factory=dict[str, DebtStanding])
    phones: list[str] = field(default_factory=list[str])
    told: Told = field(default_factory=Told)
    is_somebody_else: bool = False
    strange: Counter[str] = field(default_factory=Counter[str])


def apply_contacts(rooms: Rooms, rows: Sequence[tuple[Row, ContactRow]], job: Job, applied: Applied) -> None:
    def hear_all(one: tuple[str, list[tuple[Row, ContactRow]]]) -> tuple[Outcomes, Counter[str]]:
        return _hear_borrower(rooms, *one, job)

    warnings = Counter[str]()
    for outcomes, strange in in_chunks(hear_all, by_borrower(rows, rooms.borrower), rooms.workers):
        applied.note_all(outcomes)
        warnings.update(strange)
    warnings.update("NO_LAST_DAY" for _, told in rows if any(said.until == OPEN_END for said in told.said))
    applied.warnings += [f"{code}: {_WARNINGS[code]}: {count}" for code, count in sorted(warnings.items())]


def _hear_borrower(
    rooms: Rooms, ref: str, rows: Sequence[tuple[Row, ContactRow]], job: Job
) -> tuple[Outcomes, Counter[str]]:
    hearings: list[_Hearing] = []

    def hear_rows(known: Known) -> Told:
        hearing = _Hearing(known, standing_of(known.items.get(keys.STANDING)))
        hearing.told.outcomes = [(row, _hear_row(hearing, told, job)) for row, told in rows]
        # The phones first: a stop of this very moment finds the borrower by them, or is found here.
        _take_phones(rooms, hearing)
        hearing.told.writes = _changes(rooms, hearing, job)
        hearings.append(hearing)
        return hearing.told

    told = write_told(rooms, ref, hear_rows, job.now)
    if told.erased_at:
        _silence(rooms, hearings[-1], told.erased_at)
        _ask_a_person(rooms, ref, told.erased_at, job)
    return told.outcomes, hearings[-1].strange


def _silence(rooms: Rooms, hearing: _Hearing, at: datetime) -> None:
    """Whoever comes with a phone of theirs meanwhile is not written to there either."""
    profile, words = hearing.known.profile or {}, (hearing.standing.phone, hearing.standing.second_phone)
    phones = {profile.get("phone", ""), *(word.text for word in words if word)} - {""}
    callers = Callers(rooms.ledger, rooms.references)
    numbers = [callers.phones(phone.removeprefix("+")) for phone in sorted(phones)]
    stop_own(rooms.ledger, hearing.known.borrower, numbers, at)


def _ask_a_person(rooms: Rooms, ref: str, erased_at: datetime, job: Job) -> None:
    """What a borrower wants erased a person erases; each wish is a case of its own."""
    loaded = rooms.ledger.load(ref)
    wish = rooms.references.ref("erase", f"{ref} {utc(erased_at)}")
    matter = Matter(
        topic="ERASE",
        chat=ref,
        event=keys.event_key(erased_at, wish),
        portfolio_id=job.portfolio_id,
        portfolio=job.portfolio,
    )
    open_case(rooms.cases, rooms.journal, case_of(matter, [loaded.book] if loaded else [], job.now))


def _hear_row(hearing: _Hearing, row: ContactRow, job: Job) -> str | InvalidInput:
    is_kept = any(said.action in KEPT_OF_STRANGERS for said in row.said)
    if hearing.known.profile is None:
        if not is_kept:
            return refuse("UNKNOWN_BORROWER", row.borrower_id, "borrower_id")
        hearing.strange["UNKNOWN_BORROWER"] += 1
    elif row.of_debt and not hearing.known.has_debt(job.portfolio_id, row.debt_id):
        if not is_kept:
            return refuse("UNKNOWN_DEBT", row.debt_id, "debt_id")
        hearing.strange["UNKNOWN_DEBT"] += 1
    of_borrower = [said for said in row.of_borrower if _hear(hearing, said, job)]
    of_debt = [said for said in row.of_debt if _hear_of_debt(hearing, row.debt_id, said, job)]
    hearing.told.lines += [_line(hearing, said, "", job) for said in of_borrower]
    hearing.told.lines += [_line(hearing, said, row.debt_id, job) for said in of_debt]
    news = of_borrower + of_debt
    hearing.phones += [said.word.text for said in row.of_borrower if said.action in _PHONES]
    hearing.is_somebody_else |= any(said.action is Action.WRONG_NUMBER for said in news)
    hearing.told.is_awake |= any(_wakes(said) for said in news)
    if hearing.standing.erased and any(said.action is Action.ERASE for said in news):
        hearing.told.erased_at = hearing.standing.erased.at
    return CREATED if news else UNCHANGED


def _line(hearing: _Hearing, said: Said, debt_id: str, job: Job) -> Line:
    """Neither its words nor a new phone, which are the person's own."""
    facts = {"until": said.until.isoformat()} if said.until else {}
    if said.action is Action.CHANNEL:
        facts["to"] = said.word.text
    debt = f"{job.portfolio_id}#{debt_id}#" if debt_id else ""
    return line_of(job, hearing.known.borrower, said.action.value, said.word.at, debt=debt, **facts)


def _hear(hearing: _Hearing, said: Said, job: Job) -> bool:
    """Whether it is news, or was in an earlier try of this import."""
    if said.action in (Action.CALL, Action.VISIT) and said.word.at <= job.now - TOUCHES_KEPT:
        return False
    before = hearing.standing
    hearing.standing = hear(before, said.action, _short(said), said.until)
    there = hearing.known.items.get(keys.STANDING, {})
    return hearing.standing != before or there.get("source") == job.import_id


def _hear_of_debt(hearing: _Hearing, debt_id: str, said: Said, job: Job) -> bool:
    there = hearing.known.mark(job.portfolio_id, debt_id)
    before = hearing.marks.get(debt_id) or debt_standing_of(there)
    hearing.marks[debt_id] = hear_of_debt(before, said.action, _short(said), said.until)
    return hearing.marks[debt_id] != before or (there or {}).get("source") == job.import_id


def _take_phones(rooms: Rooms, hearing: _Hearing) -> None:
    """Each phone leads to the borrower from now on; one whose owner asked us to stop brings its stop along."""
    ref = hearing.known.borrower
    phones = [rooms.references.ref("phone", phone) for phone in dict.fromkeys(hearing.phones)]
    if not phones:
        return
    behind = rooms.book.behind(phones, ref)
    rooms.book.write([writes.reference(phone, ref) for phone in phones if phone not in behind])
    for phone, stopped_at in rooms.ledger.phones.stopped(phones).items():
        hearing.standing = phones_stopped(hearing.standing, [phone], stopped_at)


def _changes(rooms: Rooms, hearing: _Hearing, job: Job) -> list[Write]:
    known, ref = hearing.known, hearing.known.borrower
    there = known.items.get(keys.STANDING)
    found: list[Write] = []
    profile = known.profile or {}
    if hearing.is_somebody_else and "known_at" in profile:
        rev = profile["rev"]
        found.append(Update(keys.profile(ref), {"rev": rev + 1}, {"rev": rev}, ("known_at",)))
    if hearing.standing != standing_of(there):
        told = standing_item(hearing.standing, job.now) | {"book": keys.heard(ref)}
        if phone := hearing.standing.phone:
            told["phone_ref"] = rooms.references.ref("phone", phone.text)
        if second := hearing.standing.second_phone:
            told["second_phone_ref"] = rooms.references.ref("phone", second.text)
        found.append(changed(keys.said(ref), there, told, job.import_id))
    for debt_id, standing in hearing.marks.items():
        mark = known.mark(job.portfolio_id, debt_id)
        if standing != debt_standing_of(mark):
            key = keys.debt_mark(ref, job.portfolio_id, debt_id)
            found.append(changed(key, mark, debt_standing_item(standing), job.import_id))
    return found


def _wakes(said: Said) -> bool:
    return said.action in _WAKES and (said.action is not Action.CHANNEL or said.word.text == WHATSAPP)


def _short(said: Said) -> Word:
    """A note is cut, what is evidence is not: the sender reads all of it before every message."""
    return said.word if said.action in _WITH_WHOLE_TEXT else replace(said.word, text=said.word.text[:MAX_NOTE])

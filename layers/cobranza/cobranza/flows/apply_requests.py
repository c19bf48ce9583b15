"""Requests rows: the creditor wants a reminder now. It leaves by the same rules as every other."""

from collections.abc import Sequence

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.requests import RequestRow
from cobranza.files.row import Row
from cobranza.flows.applied import (
    CREATED,
    UNCHANGED,
    UPDATED,
    Applied,
    Job,
    Rooms,
    Told,
    by_borrower,
    in_chunks,
    line_of,
    write_told,
)
from cobranza.policy.due import local_date
from cobranza.store import keys
from cobranza.store.book import Known
from cobranza.store.table import Item, Update


def apply_requests(rooms: Rooms, rows: Sequence[tuple[Row, RequestRow]], job: Job, applied: Applied) -> None:
    def request(one: tuple[str, list[tuple[Row, RequestRow]]]) -> Told:
        ref, theirs = one
        return write_told(rooms, ref, lambda known: _request(known, theirs, job), job.now)

    for told in in_chunks(request, by_borrower(rows, rooms.borrower), rooms.workers):
        applied.note_all(told.outcomes)


def _request(known: Known, rows: Sequence[tuple[Row, RequestRow]], job: Job) -> Told:
    told = Told()
    person = known.person
    if person is None:
        told.outcomes = [
            (row, refuse("UNKNOWN_BORROWER", asked.borrower_id, "borrower_id")) for row, asked in rows
        ]
        return told
    today = local_date(person, job.now).isoformat()
    wanted: dict[str, Item] = {}
    for row, asked in rows:
        debts = _debts(known, asked, job)
        outcome = _outcome(debts, asked, today, job, is_twice=wanted.keys() >= {item["sk"] for item in debts})
        told.outcomes.append((row, outcome))
        told.is_awake |= outcome in (CREATED, UPDATED)
        wanted |= {item["sk"]: item for item in debts}
    for sk, item in wanted.items():
        if item.get("requested_on") != today:
            change = {"requested_on": today, "requested_by": job.import_id, "rev": item["rev"] + 1}
            told.writes.append(Update({"pk": item["pk"], "sk": sk}, change, {"rev": item["rev"]}))
            debt = sk.removeprefix(keys.DEBT)
            told.lines.append(line_of(job, known.borrower, "request", job.now, debt=debt, day=today))
    return told


def _debts(known: Known, asked: RequestRow, job: Job) -> list[Item]:
    if asked.instalment:
        one = known.debt(f"{job.portfolio_id}#{asked.debt_id}#{asked.instalment}")
        return [one] if one else []
    start = f"{keys.DEBT}{job.portfolio_id}#{asked.debt_id}#"
    return [item for sk, item in known.items.items() if sk.startswith(start)]


def _outcome(
    debts: Sequence[Item], asked: RequestRow, today: str, job: Job, *, is_twice: bool
) -> str | InvalidInput:
    """`is_twice`: the file has asked for them above."""
    if not debts:
        return refuse("UNKNOWN_DEBT", f"{asked.debt_id} {asked.instalment}".strip(), "debt_id")
    news = [
        item for item in debts if item.get("requested_on") != today or item.get("requested_by") == job.import_id
    ]
    if not news or is_twice:
        return UNCHANGED
    return UPDATED if any(item.get("requested_on", today) != today for item in news) else CREATED

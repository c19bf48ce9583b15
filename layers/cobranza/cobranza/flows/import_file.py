"""The file desk: a dropped file becomes borrowers and debts, and each of its rows comes back explained.

read → (wait for a person) → parts → results. One import at a time writes a portfolio's book; whatever dies is
continued by the next message, and what was done once is not done again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from cobranza.errors import InvalidInput
from cobranza.files import cases, contacts, payments, recalls, receipts, requests
from cobranza.files.codes import refuse
from cobranza.files.columns import DEBTS
from cobranza.files.debts import any_link, read_debt
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.mapping import chosen, parse_mapping
from cobranza.files.origin import Origin
from cobranza.files.reading import Reading
from cobranza.files.results import Summary
from cobranza.files.row import Row
from cobranza.flows import guard
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.as_of import as_of, is_dated
from cobranza.flows.drops import ROWS, SETTINGS, Drop
from cobranza.flows.import_part import PartImporter
from cobranza.flows.other_imports import OtherImports, read_as_of
from cobranza.flows.part import PartRow, Task
from cobranza.flows.read_file import Read, debt_named, facts_of, part_place, read_into_parts
from cobranza.flows.results import CSV, ResultDesk
from cobranza.policy.closing import home_zone
from cobranza.policy.portfolio import MAX_BYTES, parse_portfolio
from cobranza.policy.registered import Register
from cobranza.policy.strategy import Announces, parse_strategy
from cobranza.queues import DroppedFile, FilePart, Queue
from cobranza.refs import References
from cobranza.store.book import Open
from cobranza.store.imports import Import, Imports, State
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket, Opened
from cobranza.whatsapp.templates import announced, button_bases, unsendable

COLUMNS = {
    "debts": DEBTS,
    "snapshots": DEBTS,
    "payments": payments.COLUMNS,
    "contacts": contacts.COLUMNS,
    "recalls": recalls.COLUMNS,
    "requests": requests.COLUMNS,
    "receipts": receipts.COLUMNS,
    "cases": cases.COLUMNS,
}
# Of a file of rows, which is applied at once.
MOST_ROWS = 200_000
# How long an import may be silent before another one may write the book.
LEASE = timedelta(minutes=16)
# So long the parts of a file that waits for a person are kept: the work bucket's lifetime of them.
WAITS = timedelta(days=7)


class Busy(Exception):
    """Another import writes the portfolio's book: nothing was done, and the same has to come again."""


@dataclass(frozen=True, slots=True)
class Importer:
    """`work` holds what lies between a file and its results; `queue` is where parts come back from; `templates`
    are those that a strategy may name, and when each is true; `countries_on` the countries that the stack has
    switched on; `register` reads what Meta has registered of the templates."""

    ledger: Ledger
    imports: Imports
    parts: PartImporter
    references: References
    work: Bucket
    queue: Queue[DroppedFile | FilePart]
    results: ResultDesk
    rows: RowDesk
    templates: Mapping[str, Announces]
    countries_on: frozenset[str]
    register: Callable[[], Register] = Register

    def take(self, inbox: Bucket, dropped: DroppedFile, now: datetime, *, retried: bool = False) -> Summary | None:
        """Takes a file as far as it goes at once: to its results where it is small, else into parts. The summary
        when it is done, refused or waits for a person; None while it is under way.

        Raises NotFound when the file is gone, and Busy.
        """
        drop = Drop.misplaced(dropped.key)
        try:
            drop = Drop.at(dropped.key)
            if confirmed := drop.confirmed:
                return self._confirm(inbox, dropped, drop, confirmed, now)
            if drop.kind in SETTINGS or drop.kind == "mappings":
                return self._take_settings(inbox, dropped, drop, now)
            if drop.kind in ROWS:
                return self._take_rows(inbox, dropped, drop, now)
            return self._take_table(inbox, dropped, drop, now, retried=retried)
        except InvalidInput as error:
            inbox.let_go(dropped.key, dropped.version)
            return self.results.refuse(inbox, drop, error, now)

    def take_part(self, inbox: Bucket, asked: FilePart, now: datetime, *, retried: bool = False) -> Summary | None:
        """One part of an import; the summary when it was the last. Raises Busy."""
        portfolio, import_id, number = asked.names
        known = self.imports.find(portfolio, import_id)
        if known is None or known.state is not State.PARTS:
            self.imports.release(portfolio, import_id)  # whoever ended it may have died before it did
            return None
        if not self.imports.acquire(portfolio, import_id, now, now + LEASE):
            raise Busy
        return self._run(inbox, known, number, now, retried=retried)

    # What people declare.

    def _take_settings(self, inbox: Bucket, dropped: DroppedFile, drop: Drop, now: datetime) -> Summary:
        received = inbox.get(dropped.key, dropped.version, limit=MAX_BYTES)
        at = received.modified_at
        match drop.kind:
            case "mappings":
                parse_mapping(received.data, drop.file, COLUMNS)
                text = received.data.decode("utf-8-sig")
                self.ledger.save_mapping(drop.portfolio, drop.file, text, at)
            case "strategies":
                strategy = parse_strategy(received.data, self.templates, self._unsendable(drop.portfolio))
                self.ledger.save_strategy(drop.portfolio, strategy, at)
            case _:
                bases = partial(button_bases, self.register())
                self.ledger.save_portfolio(parse_portfolio(received.data, drop.portfolio, bases), at)
        digest = hashlib.sha256(received.data).hexdigest()
        summary = Summary(
            kind=drop.kind, portfolio=drop.portfolio, file=drop.file, digest=digest, as_of=received.modified_at
        )
        return self.results.write(inbox, drop, summary, (), now)

    def _unsendable(self, portfolio_id: str) -> Callable[[str], str]:
        """Why a text cannot be sent in the portfolio's language; in any, while no portfolio.yaml tells which."""
        faults, portfolio = unsendable(self.register()), self.ledger.portfolio(portfolio_id)
        languages = {portfolio.language} if portfolio else {language for _, language in announced()}

        def fault(name: str) -> str:
            found = [faults.get((name, language), "") for language in sorted(languages)]
            return found[0] if all(found) else ""

        return fault

    # Rows that tell something of people and debts: applied at once.

    def _take_rows(self, inbox: Bucket, dropped: DroppedFile, drop: Drop, now: datetime) -> Summary | None:
        import_id = _import_id(dropped, now)
        if not self.imports.acquire(drop.portfolio, import_id, now, now + LEASE):
            raise Busy
        try:
            portfolio = self.ledger.portfolio(drop.portfolio)
            opened = inbox.open(dropped.key, dropped.version)
            declared = self._declared(drop, opened.metadata)
            reading = Reading(opened.chunks, wanted=COLUMNS[drop.kind], declared=declared)
            rows = list(islice(reading.rows(), MOST_ROWS + 1))
            if len(rows) > MOST_ROWS:
                raise refuse("TOO_LARGE", f"> {MOST_ROWS:,} filas/rows")
            survey = reading.survey()
            applied = self.rows.apply(
                drop.kind,
                rows,
                reading.columns,
                survey.formats,
                declared,
                portfolio_id=drop.portfolio,
                portfolio=portfolio,
                zone=home_zone(portfolio),
                now=now,
                import_id=import_id,
                is_first=not self.results.has_taken(drop.kind, drop.portfolio),
            )
        finally:
            self.imports.release(drop.portfolio, import_id)
        for name, data in applied.listings.items():
            inbox.put(f"{drop.results}/{name}", data, CSV)
        facts = facts_of(survey)
        summary = Summary(
            kind=drop.kind,
            portfolio=drop.portfolio,
            file=drop.file,
            digest=survey.digest,
            as_of=opened.modified_at,
            read=applied.changes.total() + len(applied.refusals),
            created=applied.changes["created"],
            updated=applied.changes["updated"],
            unchanged=applied.changes["unchanged"],
            refused=len(applied.refusals),
            refused_by_code=Counter(refusal.code for refusal in applied.refusals),
            balance_from=survey.balance_from,
            payments=applied.payments,
            recognised=facts["recognised"],
            warnings=[*survey.warnings, *applied.warnings],
        )
        origin = Origin(survey.formats)
        return self.results.write(inbox, drop, summary, applied.refusals, now, survey.header, origin)

    # Tables: read whole, written in parts.

    @property
    def _others(self) -> OtherImports:
        return OtherImports(self.imports, self.work)

    def _take_table(
        self, inbox: Bucket, dropped: DroppedFile, drop: Drop, now: datetime, *, retried: bool
    ) -> Summary | None:
        import_id = _import_id(dropped, now)
        known = self.imports.find(drop.portfolio, import_id)
        if known and known.state in (State.DONE, State.WAITING):
            self.imports.release(drop.portfolio, import_id)  # the same event again, or who ended it died before
            return None
        if not self.imports.acquire(drop.portfolio, import_id, now, now + LEASE):
            raise Busy
        if known and known.state is State.PARTS:
            return self._go_on(inbox, known, now, retried=True)
        try:
            opened = inbox.open(dropped.key, dropped.version)
            new, waiting = self._read(opened, dropped, drop, import_id, now)
        except Exception:  # nothing of it is written: others need not wait until it comes again
            self.imports.release(drop.portfolio, import_id)
            raise
        if not self.imports.begin(new):  # the same event came twice at once: go on with what the other has begun
            return self._take_table(inbox, dropped, drop, now, retried=True)
        if waiting:
            self.imports.release(drop.portfolio, import_id)
            summary = replace(self.results.begun(new), waiting=waiting)
            return self.results.write(inbox, drop, summary, (), now)
        return self._go_on(inbox, new, now, retried=retried)

    def _read(
        self, opened: Opened, dropped: DroppedFile, drop: Drop, import_id: str, now: datetime
    ) -> tuple[Import, dict[str, Any] | None]:
        """The import as the first pass leaves it, and why it has to wait for a person, if it has to."""
        zone = home_zone(self.ledger.portfolio(drop.portfolio))
        moment = as_of(drop.file, opened.metadata, opened.modified_at, now, zone)
        declared = self._declared(drop, opened.metadata)
        reading = Reading(opened.chunks, wanted=DEBTS, declared=declared)
        read = read_into_parts(reading, drop.portfolio, import_id, self.references, self.work)
        moment = min(moment, read.survey.as_of or moment)  # mended rows are no younger than their file
        is_snapshot = drop.kind == "snapshots" and not read.survey.is_refused_rows
        survey = facts_of(read.survey)
        before = self._told_before(opened, drop, read, now, is_snapshot=is_snapshot)
        if before:
            moment = min(moment, before.as_of)
            survey["warnings"] = (*survey["warnings"], read_as_of(moment))
        waiting, has_strays = self._guard(drop.portfolio, read, moment) if is_snapshot else (None, False)
        new = Import(
            id=import_id,
            portfolio=drop.portfolio,
            kind=drop.kind,
            key=dropped.key,
            version=dropped.version,
            as_of=moment,
            dropped_at=opened.modified_at,
            started_at=now,
            state=State.WAITING if waiting else State.PARTS,
            parts=len(read.parts),
            facts={
                "bucket": dropped.bucket,
                "file": drop.file,
                "is_snapshot": is_snapshot,
                "has_strays": has_strays,
                "is_outdated": before is not None,
                "shards": read.parts,
                "columns": dict(reading.columns),
                "declared": {
                    "values": dict(declared.values),
                    "defaults": dict(declared.defaults),
                    "without": declared.without,
                },
                "survey": survey,
            },
        )
        return new, waiting

    def _told_before(
        self, opened: Opened, drop: Drop, read: Read, now: datetime, *, is_snapshot: bool
    ) -> Import | None:
        """The import of the same bytes after which others told more, where nothing says that they speak of another
        moment now."""
        if opened.metadata.get("as-of", "").strip():
            return None
        before = self._others.outdated(drop.portfolio, read, now, is_snapshot=is_snapshot)
        return before if before and (before.key == drop.key or not is_dated(drop.file)) else None

    def _guard(self, portfolio: str, read: Read, moment: datetime) -> tuple[dict[str, Any] | None, bool]:
        """Why a snapshot has to wait, and whether it has rows of nobody in the book."""
        strays = set(read.strays)

        def book() -> Iterator[Open]:
            for debt in self.parts.book.open_debts(portfolio):
                strays.discard(debt.borrower)
                yield debt

        as_of_text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return guard.alarm(book(), read.listed, read.survey.totals, as_of_text), bool(strays)

    def _go_on(self, inbox: Bucket, begun: Import, now: datetime, *, retried: bool) -> Summary | None:
        """A file of one part is done here and now; the parts of others go on the queue, also those that may be on
        it already."""
        left = sorted(set(range(begun.parts)) - begun.done)
        if begun.parts > 1 and left:
            bucket = begun.facts["bucket"]
            self.queue.put(FilePart.of(bucket, begun.portfolio, begun.id, number) for number in left)
            return None
        return self._run(inbox, begun, 0, now, retried=retried)

    def _run(self, inbox: Bucket, begun: Import, number: int, now: datetime, *, retried: bool) -> Summary | None:
        if number not in begun.done:
            task = self._task(begun, number, retried=retried)
            result = self.parts.run(list(self._rows(begun, number)), task, now)
            self.results.keep(begun, number, result)
            begun = self.imports.finish_part(begun.portfolio, begun.id, number)
        if not begun.is_whole:
            return None
        summary = self.results.finish(inbox, begun, now)
        self.ledger.refresh(begun.portfolio, begun.as_of)
        self.imports.change(begun.portfolio, begun.id, State.DONE, State.PARTS)
        self.imports.release(begun.portfolio, begun.id)
        return summary

    def _task(self, begun: Import, number: int, *, retried: bool) -> Task:
        facts = begun.facts
        columns: Mapping[str, int] = facts["columns"]
        formats = Formats(*facts["survey"]["formats"])
        portfolio = self.ledger.portfolio(begun.portfolio)
        read = partial(
            read_debt,
            columns,
            formats=formats,
            declared=Declared(**facts["declared"]),
            portfolio=begun.portfolio,
            as_of=begun.as_of,
            approves=portfolio.approves_link if portfolio else any_link,
        )
        return Task(
            import_id=begun.id,
            portfolio_id=begun.portfolio,
            is_snapshot=facts["is_snapshot"],
            as_of=begun.as_of,
            shards=facts["shards"][number],
            read=read,
            key_of=lambda row: debt_named(row, columns, begun.portfolio),
            portfolio=portfolio and portfolio.within(self.countries_on),
            countries=portfolio.countries if portfolio else (),
            tells_credits="credit" in columns,
            newer=self._others.newer(begun),
            has_strays=facts.get("has_strays", False),
            is_outdated=facts.get("is_outdated", False),
            retried=retried,
        )

    def _rows(self, begun: Import, number: int) -> Iterator[PartRow]:
        for line in self.work.lines(part_place(begun.portfolio, begun.id, number)):
            told = json.loads(line)
            fault = InvalidInput(*told[3]) if len(told) > 3 else None
            yield PartRow(told[1], Row(told[0], tuple(told[2]), fault))

    # A person said yes.

    def _confirm(
        self, inbox: Bucket, dropped: DroppedFile, drop: Drop, confirmed: Drop, now: datetime
    ) -> Summary | None:
        of_key = [each for each in self.imports.of(drop.portfolio) if each.key == confirmed.key]
        # One that goes on already: whoever took the yes may have died.
        open_ones = [each for each in of_key if each.state is State.PARTS or _waits(each, now)]
        if not open_ones:
            for each in of_key:
                self.imports.release(drop.portfolio, each.id)  # as where a file comes again
            raise refuse("NOTHING_TO_CONFIRM", confirmed.key)
        latest = max(open_ones, key=lambda each: (each.state is State.WAITING, each.age))
        if not self.imports.acquire(drop.portfolio, latest.id, now, now + LEASE):
            raise Busy
        self.imports.change(drop.portfolio, latest.id, State.PARTS, State.WAITING)
        return self._go_on(inbox, replace(latest, state=State.PARTS), now, retried=False)

    def _declared(self, drop: Drop, metadata: Mapping[str, str]) -> Declared:
        """By the mapping that is for this file, and by its metadata."""
        known = ((name, parse_mapping(text, name, COLUMNS)) for name, text in self.ledger.mappings(drop.portfolio))
        mapping = chosen(known, drop.kind, drop.file)
        return (mapping.declared() if mapping else Declared()).with_metadata(metadata)


def _waits(one: Import, now: datetime) -> bool:
    return one.state is State.WAITING and now - one.started_at <= WAITS


def _import_id(dropped: DroppedFile, now: datetime) -> str:
    """The same for the same drop, however often its event comes."""
    return hashlib.sha256(f"{dropped.key}|{dropped.version or now.isoformat()}".encode()).hexdigest()[:26]

"""One part of an import: its rows become borrowers and debts, and what a snapshot no longer lists leaves the book.

A part holds all rows of its borrowers. What the open book's index knows as unchanged costs no write; whoever is
new is written without being read; everybody else is read first. Every write is conditional, and repeating a part
changes nothing that it has changed before.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import batched

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.debts import DebtRow
from cobranza.files.plans import Plan, check_plans, plan_of
from cobranza.flows.declare_credits import CreditDesk
from cobranza.flows.hands import hands
from cobranza.flows.hold_payers import hold_owners
from cobranza.flows.part import PartRow, Result, Task
from cobranza.flows.person import (
    Person,
    answer_of,
    debt_told_of,
    evidence_of,
    profile_digest,
    row_digest,
    told_of,
)
from cobranza.flows.readiness import Judge
from cobranza.flows.repeats import Verdict, at_most_one
from cobranza.flows.stop_erased import stop_erased
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt, paid_after
from cobranza.ledger.money import totals
from cobranza.policy.due import Look, StrategyOf, local_date, next_look
from cobranza.refs import References
from cobranza.store import book as writes
from cobranza.store.book import Book, Known, Open, Told
from cobranza.store.items import parts_of, steps_of
from cobranza.store.ledger import Ledger
from cobranza.store.payments import Payments
from cobranza.store.table import Item, Write, until_written, utc

# From so many rows on the index is read instead of each borrower, and so many strangers are taken for new ones.
INDEXED_FROM = 500
NEW_FROM = 100
CHUNK = 100
PAID_SINCE = "paid_since"
BAD_PHONES = ("BAD_PHONE", "LANDLINE")

# Somebody whose rows are written, what became of these, and the borrower as they are now.
type Done = tuple[Person, Counter[str], Borrower]


@dataclass(frozen=True, slots=True)
class PartImporter:
    book: Book
    ledger: Ledger
    payments: Payments
    references: References
    strategy_of: StrategyOf
    judge: Judge
    workers: int = 16

    def run(self, rows: Sequence[PartRow], task: Task, now: datetime) -> Result:
        result = Result()
        people, plans = self._sort_out(rows, task, result)
        index = self._index(task) if task.is_snapshot or len(rows) >= INDEXED_FROM else None
        new, known, unchanged = self._divide(people, index, task)
        result.changes["unchanged"] += sum(len(person.rows) for person in unchanged)
        if index is not None:
            entries = (index[person.ref, row.terms.key] for person in unchanged for row in person.rows)
            result.paid_since += sum(_is_paid_since(entry.paid, entry.as_of, task) for entry in entries)
            if not task.is_snapshot:
                named = {(each.borrower, task.key_of(each.row)) for each in rows}
                result.open_before, result.unlisted = len(index), len(index.keys() - named)
        hold_owners(self.payments, self.ledger, self.references, new + known, task, now)
        found: list[tuple[Person, Borrower]] = []
        with hands(self.workers) as workers:
            hearing = workers.submit(self.book.heard_from, task.shards if index is not None else ())
            work = [(self._write_new, chunk) for chunk in batched(new, CHUNK, strict=False)]
            work += [(self._write_known, chunk) for chunk in batched(known, CHUNK, strict=False)]
            for job in [workers.submit(write, chunk, task, now) for write, chunk in work]:
                for person, changes, somebody in job.result():
                    result.paid_since += changes.pop(PAID_SINCE, 0)
                    result.changes.update(changes)
                    found.append((person, somebody))
        stop_erased(self.book, self.ledger, rows, result, now)
        heard = hearing.result()
        found += self.judge.as_known(unchanged, heard)
        ready = self.judge.judge(found, heard, task.portfolio)
        result.readiness, result.no_consent = ready.rows, ready.no_consent
        if task.is_snapshot or plans or result.refusals:
            self._close(rows, people, index, plans, task, result)
        if task.is_snapshot and task.tells_credits and not task.has_strays:
            self._credits(task).settle(people, (each.borrower for each in rows), task.shards)
        result.totals = totals(row.terms.owed for person in people for row in person.rows)
        result.readiness["bad_phone"] += sum(refusal.code in BAD_PHONES for refusal in result.refusals)
        return result

    def _sort_out(
        self, rows: Sequence[PartRow], task: Task, result: Result
    ) -> tuple[list[Person], Mapping[Plan, InvalidInput | None]]:
        """The good rows by borrower, and the plans; refusals and what newer files have told already go into the
        result."""
        parsed, plans = self._parsed(rows, task, result)
        good: dict[str, list[DebtRow]] = {}
        for each, row in parsed:
            fault = plans.get(plan_of(each.borrower, row.terms.key)) if plans else None
            if fault:
                result.refuse(each.row, fault)
            elif task.newer.has(each.borrower, row.terms.key):
                result.changes["unchanged"] += 1
                result.superseded += 1
            else:
                good.setdefault(each.borrower, []).append(row)
                result.leave_out(each.row, row.left_out)
        people = [Person(ref, theirs, [row_digest(row) for row in theirs]) for ref, theirs in good.items()]
        return people, plans

    def _parsed(
        self, rows: Sequence[PartRow], task: Task, result: Result
    ) -> tuple[list[tuple[PartRow, DebtRow]], Mapping[Plan, InvalidInput | None]]:
        erased = self.book.erased()
        by_debt: dict[tuple[str, str], list[tuple[PartRow, Verdict]]] = {}
        for each in rows:
            try:
                if each.borrower in erased:
                    raise refuse("ERASED", str(each.row.line), "borrower_id")
                one = task.read(each.row)
                key = one.terms.key
            except InvalidInput as error:
                one, key = error, task.key_of(each.row)
            by_debt.setdefault((each.borrower, key), []).append((each, one))
        parsed: list[tuple[PartRow, DebtRow]] = []
        refused: list[PartRow] = []
        for found in by_debt.values():
            verdicts = at_most_one([(each.row, one) for each, one in found])
            for (each, _), one in zip(found, verdicts, strict=True):
                if isinstance(one, InvalidInput):
                    result.refuse(each.row, one)
                    refused.append(each)
                else:
                    parsed.append((each, one))
        if all(row.plan_total is None for _, row in parsed):
            return parsed, {}
        incomplete = {plan_of(each.borrower, task.key_of(each.row)) for each in refused}
        return parsed, check_plans(((each.borrower, row) for each, row in parsed), incomplete)

    def _index(self, task: Task) -> dict[tuple[str, str], Open]:
        entries = self.book.open_debts(task.portfolio_id, task.shards)
        return {(entry.borrower, entry.debt): entry for entry in entries}

    def _divide(
        self, people: Sequence[Person], index: Mapping[tuple[str, str], Open] | None, task: Task
    ) -> tuple[list[Person], list[Person], list[Person]]:
        """Who is to be written as new, who is to be read first, and whose rows are known already."""
        if index is None:
            return [], list(people), []
        borrowers = {borrower for borrower, _ in index}
        new: list[Person] = []
        known: list[Person] = []
        unchanged: list[Person] = []
        for person in people:
            if person.ref not in borrowers:
                new.append(person)
            elif not task.retried and all(
                (entry := index.get((person.ref, row.terms.key))) and entry.digest == digest
                for row, digest in zip(person.rows, person.digests, strict=True)
            ):
                unchanged.append(person)
            else:
                known.append(person)
        # A row of a debt that is paid or closed is in no index: a few strangers are read first, so that the same
        # file again asks for no write at all.
        open_ones = [p for p in new if any(row.terms.is_open for row in p.rows)]
        if len(open_ones) < NEW_FROM or task.retried:
            return [], known + new, unchanged
        paid = [p for p in new if not any(row.terms.is_open for row in p.rows)]
        return open_ones, known + paid, unchanged

    # Whoever is new: written without being read. Who turns out to be known is read after all.

    def _write_new(self, people: Sequence[Person], task: Task, now: datetime) -> list[Done]:
        phones = {p.ref: self.references.ref("phone", p.last.phone) for p in people if p.last.phone}
        asked: list[Write] = [writes.reference(phone, ref) for ref, phone in phones.items()]
        asked += [self._document(p) for p in people if p.last.document_id]
        owners: list[str] = [""] * len(asked)  # one that is known already is no reason to read
        for person in people:
            for row, digest in zip(person.rows, person.digests, strict=True):
                asked.append(writes.new_debt(_told(row, digest, person.ref, task)))
                owners.append(person.ref)
        made = self.book.write(asked)
        met = {owner for owner, is_made in zip(owners, made, strict=True) if not is_made}
        # After the references: a stop of this very moment finds the borrower by them, or is found here.
        stops = self.ledger.phones.stopped(phones.values())
        strangers = [person for person in people if person.ref not in met]
        profiles, told = list[Write](), dict[str, Borrower]()
        for person in strangers:
            phone = phones.get(person.ref, "")
            consent = evidence_of(answer_of(person.rows).consent, None, task.portfolio)
            last4 = self._last4(person)
            somebody = told_of(person, consent, phone_ref=phone, last4=last4)
            if stopped_at := stops.get(phone):
                self.ledger.words.stop_at(person.ref, [phone], stopped_at)
                somebody = replace(somebody, opted_out_at=stopped_at)
            told[person.ref] = somebody
            look = self._next_look(somebody, [Debt(terms=row.terms) for row in person.rows], now)
            profiles.append(
                writes.new_profile(
                    somebody,
                    person.last.borrower_id,
                    profile_digest(person),
                    task.as_of,
                    look,
                    other_phones=self._other_phones(person),
                    said_no=person.said_no,
                )
            )
        made = self.book.write(profiles)
        met |= {person.ref for person, is_made in zip(strangers, made, strict=True) if not is_made}
        done: list[Done] = [
            (person, Counter({"created": len(person.rows)}), told[person.ref])
            for person in strangers
            if person.ref not in met
        ]
        for person, _, _ in done:
            self._credits(task).declare(person)
        return done + self._write_known([person for person in people if person.ref in met], task, now)

    # Whoever is known: read, compared, and changed if nobody was faster.

    def _write_known(self, people: Sequence[Person], task: Task, now: datetime) -> list[Done]:
        return [until_written(partial(self._rewrite, person, task, now)) for person in people]

    def _rewrite(self, person: Person, task: Task, now: datetime) -> Done | None:
        """None where somebody else was faster."""
        known = self.book.known(person.ref)
        is_same_phone = not person.last.phone or known.has_phone(person.last.phone)
        phone = self.references.ref("phone", person.last.phone)
        asked: list[Write] = [] if is_same_phone else [writes.reference(phone, person.ref)]
        if person.last.document_id and (known.profile or {}).get("digest") != profile_digest(person):
            asked.append(self._document(person))
        must: list[bool] = [False] * len(asked)
        changes: Counter[str] = Counter()
        changed: list[Debt] = []
        for row, digest in zip(person.rows, person.digests, strict=True):
            there = known.debt(row.terms.key)
            change, write = _change(there, row, digest, person.ref, task)
            changes[change] += 1
            if there and (change == "unchanged" or writes.repeats_balance(there, row.terms)):
                changes[PAID_SINCE] += _is_paid_since(there.get("paid", {}), there["as_of"], task)
            if write:
                asked.append(write)
                must.append(True)
            if change != "unchanged" or task.retried or not known.is_planned:
                mark = known.mark(row.terms.portfolio, row.terms.debt_id)
                changed.append(debt_told_of(row, there, mark, steps_of(known.profile)))
        if not all(m or not n for m, n in zip(self.book.write(asked), must, strict=True)):
            return None
        if not is_same_phone and (stopped_at := self.ledger.phones.stopped([phone]).get(phone)):
            self.ledger.words.stop_at(person.ref, [phone], stopped_at)
            known = self.book.known(person.ref)
        somebody, write = self._profile(person, known, phone, task, changed, now)
        if write and not all(self.book.write([write])):
            return None
        if known.profile and (look := self._next_look(somebody, changed, now)):
            self.ledger.look_at(person.ref, look)
        self._credits(task).declare(person)
        return person, changes, somebody

    def _other_phones(self, person: Person) -> list[str]:
        return [self.references.ref("phone", phone) for phone in person.other_phones]

    def _document(self, person: Person) -> Write:
        return writes.reference(self.references.document(person.last.document_id), person.ref)

    def _last4(self, person: Person) -> str:
        digits = person.last.document_last4
        return self.references.last4(person.ref, digits) if digits else ""

    def _credits(self, task: Task) -> CreditDesk:
        return CreditDesk(self.payments, task.portfolio_id, task.as_of)

    def _profile(
        self,
        person: Person,
        known: Known,
        phone_ref: str,
        task: Task,
        changed: Sequence[Debt],
        now: datetime,
    ) -> tuple[Borrower, Write | None]:
        """The borrower as they are now, and the write that makes it so where there is news."""
        answer, consent = answer_of(person.rows), known.consent
        if answer.consent_declared:
            consent = evidence_of(answer.consent, known.consent, task.portfolio)
        told = told_of(person, consent, known.told, phone_ref=phone_ref, last4=self._last4(person))
        there, digest = known.profile, profile_digest(person)
        if there is None:
            look = self._next_look(told, changed, now)
            somebody = known.heard(told, task.as_of, said_no=person.said_no)
            return somebody, writes.new_profile(
                told,
                person.last.borrower_id,
                digest,
                task.as_of,
                look,
                other_phones=self._other_phones(person),
                said_no=person.said_no,
            )
        assert known.person
        assert known.told
        is_late = any(task.newer.has(person.ref, debt) for debt in known.debts)
        withdraws = person.said_no and known.told.consent is not None
        if there["as_of"] > utc(task.as_of) or there["digest"] == digest or (is_late and not withdraws):
            return known.person, None
        if is_late:  # its "no" alone counts: newer files may say nothing of consent
            told, digest = replace(known.told, consent=None), ""
        somebody = known.heard(told, task.as_of, said_no=person.said_no)
        return somebody, writes.changed_profile(
            there,
            told,
            person.last.borrower_id,
            digest,
            task.as_of,
            other_phones=self._other_phones(person),
            said_no=person.said_no,
        )

    def _next_look(self, person: Borrower, debts: Sequence[Debt], now: datetime) -> Look | None:
        return next_look(person, debts, self.strategy_of, first=local_date(person, now))

    # What a snapshot, or a plan, does not list, and what is listed in rows that were refused.

    def _close(
        self,
        rows: Sequence[PartRow],
        people: Sequence[Person],
        index: Mapping[tuple[str, str], Open] | None,
        plans: Mapping[Plan, InvalidInput | None],
        task: Task,
        result: Result,
    ) -> None:
        good = {(person.ref, row.terms.key) for person in people for row in person.rows}
        listed = {(each.borrower, task.key_of(each.row)): each.row.line for each in rows}
        if index is None:
            borrowers = {borrower for borrower, _ in (*plans, *(listed.keys() - good)) if borrower}
            entries = (e for ref in borrowers for e in self.book.open_debts_of(ref, task.portfolio_id))
            index = {(entry.borrower, entry.debt): entry for entry in entries}
        asked: list[Write] = []
        closing = kept_open = 0
        for key, entry in index.items():
            is_newer = entry.as_of > utc(task.as_of) or task.newer.has(*key)
            if key in good or (is_newer and (key in listed or not (task.is_snapshot and task.is_outdated))):
                continue
            plan = plan_of(*key)
            line = listed.get(key) or listed.get((entry.borrower, ""), 0)
            may_be_stray = (task.has_strays or is_newer) and plan not in plans and not line
            if line or plans.get(plan) or may_be_stray:
                kept_open += may_be_stray
                if entry.digest:
                    asked.append(writes.doubtful_debt(entry, task.import_id, line))
            elif task.is_snapshot or plan in plans:
                why = "REPLACED_BY_PLAN" if plan in plans else "NOT_IN_SNAPSHOT"
                asked.append(writes.closed_debt(entry, why, task.as_of, task.import_id, task.countries))
                closing += 1
        # One that is not made has been told something newer meanwhile.
        with hands(self.workers) as workers:
            list(workers.map(self.book.write, batched(asked, CHUNK, strict=False)))
        result.closed, result.kept_open = closing, kept_open


def _change(there: Item | None, row: DebtRow, digest: str, borrower: str, task: Task) -> tuple[str, Write | None]:
    if there is None:
        return "created", writes.new_debt(_told(row, digest, borrower, task))
    if there["digest"] == digest:
        if there["source"] != task.import_id:
            return "unchanged", None
        # An earlier try of this import wrote it.
        return ("created" if there["rev"] == 1 else "updated"), None
    if there["as_of"] > utc(task.as_of):
        return "unchanged", None
    return "updated", writes.changed_debt(there, _told(row, digest, borrower, task))


def _told(row: DebtRow, digest: str, borrower: str, task: Task) -> Told:
    return Told(borrower, row.terms, digest, task.import_id, row.line, row.country)


def _is_paid_since(paid: Mapping[str, list[object]], as_of: str, task: Task) -> bool:
    """Whether the debt has had a payment between its balance and a row of the task that says the same."""
    parts = parts_of(paid)
    return paid_after(parts, datetime.fromisoformat(as_of)) > paid_after(parts, task.as_of)

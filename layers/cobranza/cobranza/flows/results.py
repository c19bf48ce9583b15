"""What comes back beside every file: summary.json, refused.csv, warnings.csv, no_consent.csv; the journal's line,
the notice."""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cobranza.errors import InvalidInput
from cobranza.files.codes import CODES
from cobranza.files.formats import Formats
from cobranza.files.listings import WithoutConsent, no_consent_csv
from cobranza.files.origin import Origin
from cobranza.files.results import Readiness, Refusal, Summary, refused_csv
from cobranza.files.row import Row
from cobranza.flows.drops import Drop
from cobranza.flows.guard import looks_whole
from cobranza.flows.part import Result
from cobranza.flows.read_file import part_place
from cobranza.ledger.money import Money, totals
from cobranza.policy.breaker import BY_HAND
from cobranza.store.controls import Control, Stop
from cobranza.store.imports import Import
from cobranza.store.journal import Journal
from cobranza.store.keys import ALL, portfolio_pk
from cobranza.store.notices import Notices
from cobranza.store.objects import Bucket
from cobranza.store.plans import Plan

CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/jsonl"
_NOTHING = Origin()
_COUNTS = ("read", "created", "updated", "unchanged", "refused", "closed")


@dataclass(frozen=True, slots=True)
class ResultDesk:
    """`work` keeps the results of parts until all of them are there."""

    journal: Journal
    work: Bucket
    notices: Notices

    def refuse(self, inbox: Bucket, drop: Drop, why: InvalidInput, now: datetime) -> Summary:
        """A file that is refused whole."""
        summary = Summary(
            kind=drop.kind, portfolio=drop.portfolio, file=drop.file, digest="", as_of=now, error=why
        )
        return self.write(inbox, drop, summary, (), now)

    def keep(self, begun: Import, number: int, result: Result) -> None:
        """One part's result, in the order of the file's lines; a part that is done again replaces it."""
        for what, told in (("refused", result.refusals), ("left_out", result.left_out)):
            self.work.put(self._place(begun, number, what), _lines_of(told), JSON_LINES)
        silent = (
            json.dumps([who, name, debts], ensure_ascii=False)
            for who, (name, debts) in sorted(result.no_consent.items())
        )
        self.work.put(self._place(begun, number, "silent"), "\n".join(silent).encode(), JSON_LINES)
        counts = {
            "changes": result.changes,
            "codes": Counter(refusal.code for refusal in result.refusals),
            "left_out": Counter(each.code for each in result.left_out),
            "closed": result.closed,
            "kept_open": result.kept_open,
            "open_before": result.open_before,
            "unlisted": result.unlisted,
            "superseded": result.superseded,
            "paid_since": result.paid_since,
            "totals": {money.currency: str(money.amount) for money in result.totals},
            "readiness": result.readiness,
            "silent": len(result.no_consent),
        }
        self.work.put(self._place(begun, number, "counts"), json.dumps(counts).encode(), "application/json")

    def finish(self, inbox: Bucket, done: Import, now: datetime) -> Summary:
        """All parts are there: their results become the file's."""
        parts = [json.loads(self.work.read(self._place(done, n, "counts"))) for n in range(done.parts)]
        changes = _sum(part["changes"] for part in parts)
        codes = _sum(part["codes"] for part in parts)
        left_out = _sum(part["left_out"] for part in parts)
        money = totals(
            Money(Decimal(amount), currency) for part in parts for currency, amount in part["totals"].items()
        )
        summary = self.begun(done)
        summary = Summary(
            **{name: getattr(summary, name) for name in ("kind", "portfolio", "file", "digest", "as_of")},
            read=changes.total() + codes.total(),
            created=changes["created"],
            updated=changes["updated"],
            unchanged=changes["unchanged"],
            refused=codes.total(),
            refused_by_code=codes,
            totals=money,
            balance_from=done.facts["survey"]["balance_from"],
            closed=sum(part["closed"] for part in parts),
            superseded=sum(part["superseded"] for part in parts),
            paid_since=sum(part["paid_since"] for part in parts),
            readiness=Readiness(**_sum(part["readiness"] for part in parts)),
            recognised=summary.recognised,
            warnings=[*summary.warnings, *_of_the_book(parts), *warnings_of(left_out)],
        )
        survey = done.facts["survey"]
        origin = Origin(Formats(*survey["formats"]), done.as_of)
        if left_out:
            told = refused_csv(survey["header"], self._refusals(done, "left_out"), origin)
            inbox.put_pieces(f"{_drop(done).results}/warnings.csv", told, CSV)
        if any(part["silent"] for part in parts):
            inbox.put_pieces(f"{_drop(done).results}/no_consent.csv", no_consent_csv(self._silent(done)), CSV)
        return self.write(
            inbox, _drop(done), summary, self._refusals(done, "refused"), now, survey["header"], origin
        )

    def begun(self, begun: Import) -> Summary:
        """What is known of a file when it has been read and nothing of it is written yet."""
        survey = begun.facts["survey"]
        return Summary(
            kind=begun.kind,
            portfolio=begun.portfolio,
            file=begun.facts["file"],
            digest=survey["digest"],
            as_of=begun.as_of,
            balance_from=survey["balance_from"],
            recognised=survey["recognised"],
            warnings=survey["warnings"],
        )

    def write(
        self,
        inbox: Bucket,
        drop: Drop,
        summary: Summary,
        refusals: Iterable[Refusal],
        now: datetime,
        header: Iterable[str] = (),
        origin: Origin = _NOTHING,
    ) -> Summary:
        self._put(inbox, drop, summary, refused_csv(tuple(header), refusals, origin))
        if not summary.waiting:  # what a person has to confirm first is told once, when it is done
            self._note(drop, summary, now)
        self.notices.tell(summary, drop.results)
        return summary

    def _note(self, drop: Drop, summary: Summary, now: datetime) -> None:
        # A file's name may be a person's: keys carry its digest.
        name = hashlib.sha256(drop.file.encode()).hexdigest()[:16]
        identity = f"{drop.kind}#{name}#{summary.digest}#{summary.as_of:%Y%m%dT%H%M%SZ}"
        facts: dict[str, Any] = {name: getattr(summary, name) for name in _COUNTS}
        facts["codes"] = dict(summary.refused_by_code)
        if summary.error:
            facts["code"] = summary.error.code
        self.journal.append(portfolio_pk(drop.portfolio), now, "import", identity, facts)

    def has_taken(self, kind: str, portfolio: str) -> bool:
        """Whether a file of this kind was written to the portfolio before."""
        lines = self.journal.of(portfolio_pk(portfolio), "import", since=f"{kind}#")
        return next((line.identity.startswith(f"{kind}#") for line in lines), False)

    def write_control(self, inbox: Bucket, drop: Drop, summary: Summary, control: Control) -> Summary:
        """What a portfolio's pause has come to; each begin and each end is one line of the journal."""
        self._put(inbox, drop, summary, refused_csv((), ()))
        subject, since = portfolio_pk(control.scope), control.paused_at
        if since:
            self.journal.append(subject, datetime.fromisoformat(since), "paused", since)
        if control.resumed_at:
            ended = datetime.fromisoformat(control.resumed_at)
            self.journal.append(subject, ended, "resumed", since, {"held": control.held})
        self.notices.tell(summary, drop.results)
        return summary

    def write_stop(self, inbox: Bucket, drop: Drop, summary: Summary, stop: Stop) -> Summary:
        """A person stopped a number or a template, or closed what was stopped; each begin and each end is one line
        of the journal."""
        self._put(inbox, drop, summary, refused_csv((), ()))
        if stop.since and stop.code == BY_HAND:
            begun = datetime.fromisoformat(stop.since)
            self.journal.append(
                portfolio_pk(ALL), begun, "paused", f"{stop.scope}#{stop.since}", {"scope": stop.scope}
            )
        if stop.ended:
            ended = datetime.fromisoformat(stop.closed_at)
            facts = {"held": stop.held, "scope": stop.scope}
            self.journal.append(portfolio_pk(ALL), ended, "breaker.closed", f"{stop.scope}#{stop.ended}", facts)
        self.notices.tell(summary, drop.results)
        return summary

    def write_approval(self, inbox: Bucket, drop: Drop, summary: Summary, plan: Plan, now: datetime) -> Summary:
        """A person said yes to a plan; the journal tells it once for each day."""
        self._put(inbox, drop, summary, refused_csv((), ()))
        facts = {"digest": plan.digest, "outcomes": dict(plan.outcomes)}
        self.journal.append(portfolio_pk(plan.portfolio), now, "approved", plan.day.isoformat(), facts)
        self.notices.tell(summary, drop.results)
        return summary

    def _put(self, inbox: Bucket, drop: Drop, summary: Summary, refused: Iterable[bytes]) -> None:
        inbox.put_pieces(f"{drop.results}/refused.csv", refused, CSV)
        inbox.put(f"{drop.results}/summary.json", summary.to_json(), "application/json")

    def _refusals(self, done: Import, what: str) -> Iterator[Refusal]:
        """Of all parts, by line; one at a time."""
        parts = (self.work.lines(self._place(done, number, what)) for number in range(done.parts))
        for told in heapq.merge(*(map(json.loads, part) for part in parts), key=_line):
            line, cells, code, reason, column = told
            yield Refusal(Row(line, tuple(cells)), code, reason, column)

    def _silent(self, done: Import) -> Iterator[WithoutConsent]:
        for number in range(done.parts):
            for line in self.work.lines(self._place(done, number, "silent")):
                yield WithoutConsent(*json.loads(line))

    def _place(self, begun: Import, number: int, what: str) -> str:
        return part_place(begun.portfolio, begun.id, number, what)


def warnings_of(left_out: Mapping[str, int]) -> list[str]:
    """A line for each code by which parts of rows were left out, with how many there are."""
    return [
        f"{code}: {CODES[code].es} · {CODES[code].en}: {count}, warnings.csv"
        for code, count in sorted(left_out.items())
    ]


def _of_the_book(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to see of debts that the file does not list."""
    kept, before, unlisted = (
        sum(part.get(name, 0) for part in parts) for name in ("kept_open", "open_before", "unlisted")
    )
    told: list[str] = []
    if kept:
        es = "deudas que no están en la foto siguen abiertas sin recordarse: no se sabe si son suyas"
        en = "debts that are not in the snapshot stay open and silent: nobody knows whether they belong in it"
        told.append(f"{kept} {es} · {en}")
    if looks_whole(before, unlisted):
        es = "parece la cartera entera, y estas deudas abiertas no están: ¿van en snapshots/, que las cierra?"
        en = "looks like the whole book, and these open debts are not in it: is it for snapshots/, to close them?"
        told.append(f"{unlisted}: {es} · {en}")
    return told


def _lines_of(refusals: Iterable[Refusal]) -> bytes:
    told = sorted(refusals, key=lambda refusal: refusal.row.line)
    lines = (json.dumps([r.row.line, r.row.cells, r.code, r.reason, r.column], ensure_ascii=False) for r in told)
    return "\n".join(lines).encode()


def _drop(done: Import) -> Drop:
    return Drop(done.kind, done.portfolio, done.facts["file"])


def _line(told: list[Any]) -> int:
    return told[0]


def _sum(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total

"""The borrowers of a portfolio's day: whose debts are open, or were looked at, each with what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import batched, tee, zip_longest

from cobranza.files.exports import Row
from cobranza.flows.hands import hands
from cobranza.flows.reports.report import CHUNK, BorrowerDay, Day, Report, Sources, Walk, is_of
from cobranza.policy.closed_day import Known, Noted, debts_of_day, was_due
from cobranza.policy.closing import bounds
from cobranza.policy.due import StrategyOf
from cobranza.policy.feed import Pause
from cobranza.store import keys
from cobranza.store.journal import Line


@dataclass(frozen=True, slots=True)
class BorrowerDays:
    """Tells a borrower's day as the tables have it now. `everybody_waits`: for the end of a pause, or a breaker.
    `full_lines` are the hours in which more borrowers were due than could be looked at."""

    sources: Sources
    strategy_of: StrategyOf
    told_at: dict[str, datetime]
    everybody_waits: Pause | None
    full_lines: list[datetime]

    @classmethod
    def of(cls, sources: Sources, portfolios: Iterable[str]) -> "BorrowerDays":
        told_at = {each.id: each.started_at for name in portfolios for each in sources.imports.of(name)}
        waits = sources.ledger.everybody_waits()
        return cls(sources, cache(sources.ledger.strategy), told_at, waits, sources.line.full())

    def read(
        self, borrower: str, day: date, *, was_looked_at: bool = True, consistent: bool = True
    ) -> BorrowerDay | None:
        """None where there is no such borrower. The journal is asked where something was due, or looked at. A day
        that has ended need not be read `consistent`."""
        loaded = self.sources.ledger.load(borrower, consistent=consistent)
        if loaded is None:
            return None
        imports = ((key, source.import_id) for key, source in loaded.sources.items())
        told_at = {key: self.told_at[import_id] for key, import_id in imports if import_id in self.told_at}
        known = replace(_known(told_at, self.everybody_waits), full_lines=self.full_lines)
        if was_looked_at or was_due(loaded.book, self.strategy_of, day):
            looks = [*self._looks(borrower, day, consistent)]
        else:
            looks = []
        return BorrowerDay(loaded, tuple(debts_of_day(loaded.book, looks, self.strategy_of, day, known)))

    def _looks(self, borrower: str, day: date, consistent: bool) -> Iterator[Noted]:
        since = (day - timedelta(days=1)).isoformat()  # a lease is named in UTC, which may be behind
        lines = self.sources.journal.of(keys.borrower_pk(borrower), "outcome", since, consistent=consistent)
        return map(look_of, lines)


def walked(
    reports: Sequence[Report[Walk]], sources: Sources, day: Day, borrowers: Iterable[BorrowerDay]
) -> Iterator[tuple[Sequence[Row], ...]]:
    """The rows of each report, side by side: of one borrower after the other, then of all together. Everybody is
    taken once, and let go when all reports have told of them: each yields before it takes the next."""
    shared = tee(borrowers, len(reports))
    made = (report.rows(sources, day, own) for report, own in zip(reports, shared, strict=True))
    return zip_longest(*made, fillvalue=())


def borrower_days(sources: Sources, day: Day) -> Iterator[BorrowerDay]:
    """All borrowers with open debts in the portfolio, shard by shard, then those who were looked at and have none
    any more. Flat in memory but for the references of those who were looked at."""
    days = BorrowerDays.of(sources, [day.portfolio])
    looked_at = _looked_at(sources, day)

    def read(borrower: str) -> BorrowerDay | None:
        return days.read(borrower, day.date, was_looked_at=borrower in looked_at, consistent=False)

    with hands(sources.workers) as many:
        for some in batched(_borrowers(sources, day.portfolio, looked_at), CHUNK, strict=False):
            yield from filter(None, many.map(read, some))


def look_of(line: Line) -> Noted:
    """A line of the sender's: one of a message is named by its day, one of a look by its lease."""
    facts = line.facts
    is_message = "T" not in line.identity
    return Noted(
        at=line.at,
        debts=facts.get("debts", {}),
        message_day=date.fromisoformat(line.identity) if is_message else None,
        rule=facts.get("rule", ""),
        strategy=facts.get("strategy", ""),
        template=facts.get("template", ""),
        superseded=facts.get("superseded", {}),
    )


def _looked_at(sources: Sources, day: Day) -> frozenset[str]:
    """The borrowers of whose debts in the portfolio the sender told something on the day."""
    return frozenset(
        keys.borrower_of(line.subject)
        for line in sources.journal.between(*bounds(day.zone, day.date))
        if line.event == "outcome" and any(is_of(day.portfolio, key) for key in line.facts.get("debts", ()))
    )


def _borrowers(sources: Sources, portfolio: str, looked_at: frozenset[str]) -> Iterator[str]:
    left = set(looked_at)
    for borrower in sources.book.borrowers(portfolio):
        left.discard(borrower)
        yield borrower
    yield from sorted(left)


def _known(told_at: dict[str, datetime], waiting: Pause | None) -> Known:
    if waiting is None:
        return Known(told_at=told_at)
    code = "PAUSED" if waiting.scope == keys.ALL else "BREAKER"
    return Known(told_at=told_at, paused_since=datetime.fromisoformat(waiting.since), waits_for=code)

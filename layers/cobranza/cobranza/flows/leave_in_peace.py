"""Who asks us to stop is left in peace: at the phone that they asked from, and at the one that they have now.

The phones come first: whoever is imported meanwhile finds the stop. Who dies does it all again.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cobranza.flows.callers import Callers
from cobranza.store.journal import Journal
from cobranza.store.keys import borrower_pk
from cobranza.store.table import ConditionFailed, Item


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody's wish of that moment. `told_by` is what told it, `identity` stands for it in the journal."""

    at: datetime
    told_by: str
    identity: str


@dataclass(frozen=True, slots=True)
class Peace:
    callers: Callers
    journal: Journal

    def leave(self, phones: Sequence[str], stop: Stop, now: datetime) -> list[str]:
        """Stops these phones, or user ids, by their references, the ones that their owners have now, and whoever
        is behind them; gives back who. Raises ConditionFailed where one is being imported, the others stopped."""
        for ref in phones:
            self.callers.ledger.stop_phone(ref, stop.at)
        return self.follow(phones, stop, now)

    def follow(
        self, phones: Sequence[str], stop: Stop, now: datetime, *, stopped: Collection[str] = ()
    ) -> list[str]:
        """As `leave`, where these phones, and the borrowers `stopped`, are so already."""
        ledger, behind = self.callers.ledger, self._behind(phones)
        since = [ref for ref in dict.fromkeys(self._since(phones, behind)) if ref not in phones]
        for ref in since:
            ledger.stop_phone(ref, stop.at)
        failure: ConditionFailed | None = None
        people = sorted({*behind, *self._behind(since)} - {*stopped})
        for borrower in people:
            try:
                ledger.opt_out(borrower, stop.at)
            except ConditionFailed as error:
                failure = failure or error
            told: Item = {"type": stop.told_by, "debts": []}
            self.journal.append(borrower_pk(borrower), now, "opt_out", stop.identity, told, at=stop.at)
        if failure:
            raise failure
        return people

    def _behind(self, phones: Iterable[str]) -> set[str]:
        return {each for ref in phones for each in self.callers.ledger.borrowers_behind(ref)}

    def _since(self, phones: Sequence[str], behind: Iterable[str]) -> Iterator[str]:
        """The number that WhatsApp said these changed to, and those that whoever is behind them has now."""
        if moved := self.callers.ledger.phones.moved(phones):
            yield from self.callers.phones(self.callers.last(moved).phone.removeprefix("+"))
        for borrower in sorted(behind):
            loaded = self.callers.ledger.load(borrower)
            if loaded and loaded.book.borrower.phone:
                yield from self.callers.phones(loaded.book.borrower.phone.removeprefix("+"))

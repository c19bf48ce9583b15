"""Cases in the ledger table: each an item of its own, and in the index of the book while it is open."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from heapq import merge
from itertools import batched, islice

from cobranza.ledger.case import Case, CaseQueue, CaseState, Closing, Result
from cobranza.ledger.standing import Action
from cobranza.policy.retention import expires
from cobranza.store import case_keys, keys
from cobranza.store.table import READS_A_CALL, ConditionFailed, Item, Table, utc


class Cases:
    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, case: Case) -> None:
        """Once: one that is there stays as it is."""
        with contextlib.suppress(ConditionFailed):
            self._table.put_new(case_keys.case(case.id) | _told(case))

    def find(self, case_id: str) -> Case | None:
        item = self._table.get(case_keys.case(case_id))
        return case_of(item) if item else None

    def waiting(self, portfolio: str) -> Iterator[Case]:
        """A portfolio's open ones, the longest waiting first."""
        for some in batched(self._indexed(portfolio), READS_A_CALL, strict=False):
            yield from self._open_among(some)

    def page(self, portfolio: str, after: str, most: int) -> tuple[list[Case], str]:
        """Of the first `most` after the case `after` those that are open, and the one to go on after; empty at the
        end."""
        ids = [*islice(self._indexed(portfolio, after, most), most)]
        return self._open_among(ids), ids[-1] if len(ids) == most else ""

    def _open_among(self, ids: Sequence[str]) -> list[Case]:
        found = map(case_of, self._table.get_all(map(case_keys.case, ids)))
        return sorted((case for case in found if case.is_open), key=lambda case: case.id)

    def _indexed(self, portfolio: str, after: str = "", most: int = 0) -> Iterator[str]:
        """The ids of a portfolio's open cases in their order, from the index: as of moments ago; of each shard at
        most so many, if told."""
        shards = (
            self._table.query(
                "book = :book AND pk > :after",
                {"book": case_keys.open_cases(portfolio, shard), "after": case_keys.case(after)["pk"]},
                index="book",
                limit=most,
            )
            for shard in range(case_keys.CASE_SHARDS)
        )
        return merge(*(map(_id_of, shard) for shard in shards))

    def take(self, case: Case, by: str, until: datetime) -> bool:
        """Puts a person in charge of it until then, if it is as it was seen."""
        taken = {"state": CaseState.TAKEN, "taken_by": by, "taken_until": utc(until)}
        return self._change(case, taken)

    def hand_back(self, case: Case) -> bool:
        """Nobody is in charge of it any more, if it is as it was seen."""
        return self._change(case, {"state": CaseState.OPEN}, ("taken_by", "taken_until"))

    def answered(self, case_id: str, at: datetime) -> None:
        """A person wrote to the borrower; the first moment counts."""
        self._table.update(case_keys.case(case_id), first={"first_answer_at": utc(at)}, add={"rev": 1})

    def close(
        self, case: Case, closing: Closing, source: str, at: datetime, countries: Iterable[str] = ()
    ) -> bool:
        """Ends it, if it is as it was seen; `source` is who does, `countries` where its borrowers live."""
        told: Item = {"state": CaseState.CLOSED, "result": closing.result, "closed_at": utc(at), "source": source}
        told |= {"expires": expires("cases", at, *countries)}
        if closing.hold_until:
            told["hold_until"] = closing.hold_until
        return self._change(case, told, ("book",))

    def _change(self, case: Case, told: Item, gone: tuple[str, ...] = ()) -> bool:
        try:
            self._table.update(
                case_keys.case(case.id),
                told,
                remove=gone,
                add={"rev": 1},
                condition="#rev = :seen",
                values={"seen": case.rev},
            )
        except ConditionFailed:
            return False
        return True


def case_of(item: Item) -> Case:
    return Case(
        id=_id_of(item),
        portfolio=item["portfolio"],
        queue=CaseQueue(item["queue"]),
        topic=item["topic"],
        chat=item["chat"],
        event=item["event"],
        asked_at=keys.moment_of(item["event"]),
        opened_at=datetime.fromisoformat(item["opened_at"]),
        borrowers=tuple(item["borrowers"]),
        debts=tuple(item["debts"]),
        stops=tuple(map(Action, item["stops"])),
        looked_into=_moment(item, "looked_into"),
        in_charge_until=_moment(item, "in_charge_until"),
        state=CaseState(item["state"]),
        taken_by=item.get("taken_by", ""),
        taken_until=_moment(item, "taken_until"),
        first_answer_at=_moment(item, "first_answer_at"),
        closing=_closing_of(item),
        closed_at=_moment(item, "closed_at"),
        source=item.get("source", ""),
        rev=int(item["rev"]),
    )


def _closing_of(item: Item) -> Closing | None:
    if "result" not in item:
        return None
    until = item.get("hold_until")
    return Closing(Result(item["result"]), date.fromisoformat(until) if until else None)


def _told(case: Case) -> Item:
    told: Item = {
        "portfolio": case.portfolio,
        "queue": case.queue,
        "topic": case.topic,
        "chat": case.chat,
        "event": case.event,
        "opened_at": utc(case.opened_at),
        "borrowers": list(case.borrowers),
        "debts": list(case.debts),
        "stops": list(case.stops),
        "state": case.state,
        "book": case_keys.open_cases(case.portfolio, case_keys.case_shard(case.id)),
        "rev": 1,
    }
    moments = {"looked_into": case.looked_into, "in_charge_until": case.in_charge_until}
    return told | {name: utc(moment) for name, moment in moments.items() if moment}


def _id_of(item: Item) -> str:
    return case_keys.case_of(item["pk"])


def _moment(item: Item, name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]) if name in item else None

"""The ledger table: borrowers and debts as they are now, portfolios, and when to look at whom."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from cobranza.policy.breaker import Breaker, stops_everybody
from cobranza.policy.decision import Book
from cobranza.policy.due import Look
from cobranza.policy.feed import Feed, Pause
from cobranza.policy.message import State
from cobranza.policy.pace import PAIR_PAUSE
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import SHIPPED, Strategy, shipped
from cobranza.store import keys
from cobranza.store.items import Finish, Source, book_of, breaker_of, finished, pause_of, planned, sources_of
from cobranza.store.phones import Phones
from cobranza.store.table import ConditionFailed, Item, Table, Update, utc
from cobranza.store.user_ids import UserIds
from cobranza.store.words import Words

EXISTS = "attribute_exists(#pk)"
# A pause that lasts longer holds its borrowers anew at each look.
HELD_LIVES = timedelta(days=40)
# The priority of a rule that names none, and of whoever was planned without one.
UNTOLD = 50
_WISH = ("wanted", "wanted_priority")
NO_NEWER = "attribute_not_exists(#as_of) OR #as_of <= :as_of"


class Listed(NamedTuple):
    """A portfolio that was declared, first at `since`; `closed` is the last local day whose reports are made, and
    `until` its end."""

    id: str
    since: datetime
    closed: date | None
    until: datetime | None


class Waiting(NamedTuple):
    """A borrower whose moment has come: the one that was planned (ISO 8601, UTC), and how pressing they are."""

    borrower: str
    due_at: str
    priority: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A borrower's whole partition. `lease` is the current one, `due_at` the moment planned for the next look,
    both empty when there is none; `borrower_id` is the creditor's own number, `sources` what told each debt last,
    by its key, `written_at` when we last wrote to them besides reminders, `taken_on` the day of the last message
    that is known to be taken, and noted."""

    book: Book
    lease: str
    due_at: str = ""
    borrower_id: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    written_at: datetime | None = None
    taken_on: date | None = None

    def was_written_to(self, now: datetime) -> bool:
        """Whether it is so short a while ago that WhatsApp refuses another message to the same person."""
        claims = (message.claimed_at for message in self.book.messages if message.state is not State.RETRY)
        last = max(filter(None, (self.written_at, *claims)), default=None)
        return last is not None and now - last < PAIR_PAUSE


class Ledger:
    def __init__(self, table: Table) -> None:
        self._table = table
        self.words = Words(table)
        self.user_ids = UserIds(table)
        self.phones = Phones(table)

    def borrowers_behind(self, ref: str, *, consistent: bool = True) -> list[str]:
        """The borrowers who have, or had, this phone."""
        items = self._table.query("pk = :pk", {"pk": keys.reference_pk(ref)}, consistent=consistent)
        return [keys.borrower_of(item["sk"]) for item in items if keys.is_borrower(item["sk"])]

    def stop_phone(self, ref: str, at: datetime) -> None:
        """Whoever has this phone, now or later, asked us to stop; the last moment counts."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.stop(ref), {"at": at.astimezone(UTC)}, condition="attribute_not_exists(#at) OR #at < :at"
            )

    def save_portfolio(self, portfolio: Portfolio, as_of: datetime) -> None:
        """Puts it in force, unless a newer one is."""
        self._table.update(keys.listed(portfolio.portfolio_id), first={"since": utc(as_of)})
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.portfolio(portfolio.portfolio_id),
                {"config": portfolio.model_dump_json(), "as_of": utc(as_of)},
                condition=NO_NEWER,
            )

    def portfolio(self, portfolio_id: str) -> Portfolio | None:
        item = self._table.get(keys.portfolio(portfolio_id))
        return Portfolio.model_validate_json(item["config"]) if item else None

    def strategy(self, portfolio_id: str) -> Strategy:
        """The one that was dropped, else the shipped one that the portfolio names, else the standard one."""
        wanted = [keys.strategy(portfolio_id), keys.portfolio(portfolio_id)]
        items = {item["sk"]: item for item in self._table.get_all(wanted)}
        if dropped := items.get(keys.STRATEGY):
            return Strategy.model_validate_json(dropped["config"])
        config = items.get(keys.CONFIG)
        return shipped(Portfolio.model_validate_json(config["config"]).strategy if config else SHIPPED[0])

    def save_strategy(self, portfolio_id: str, strategy: Strategy, as_of: datetime) -> None:
        """Puts it in force, unless a newer one is; its version stays readable."""
        kept = {"config": strategy.model_dump_json(), "as_of": utc(as_of)}
        with contextlib.suppress(ConditionFailed):
            self._table.put_new(keys.strategy(portfolio_id, strategy.version) | kept)
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.strategy(portfolio_id), kept, condition=NO_NEWER)

    def portfolios(self) -> Iterator[Listed]:
        """All that were ever declared, by id."""
        for item in self._table.query("pk = :pk", {"pk": keys.PORTFOLIOS}):
            closed, until = item.get("closed"), item.get("until")
            yield Listed(
                id=item["sk"],
                since=datetime.fromisoformat(item["since"]),
                closed=date.fromisoformat(closed) if closed else None,
                until=datetime.fromisoformat(until) if until else None,
            )

    def numbers(self) -> set[str]:
        """The sending numbers (Meta's ids) of all portfolios that are valid."""
        return {portfolio.phone_number_id for portfolio in self._valid()}

    def portfolio_of(self, number: str) -> Portfolio | None:
        """One that writes from this number (Meta's id), always the same."""
        ours = (portfolio for portfolio in self._valid() if portfolio.phone_number_id == number)
        return min(ours, key=lambda portfolio: portfolio.portfolio_id, default=None)

    def first_portfolio(self) -> str:
        """Always the same one: whose everything is that names no other. Empty while none was declared."""
        return next((listed.id for listed in self.portfolios()), "")

    def _valid(self) -> Iterator[Portfolio]:
        wanted = [keys.portfolio(listed.id) for listed in self.portfolios()]
        for item in self._table.get_all(wanted, ("config",)):
            yield Portfolio.model_validate_json(item["config"])

    def close_day(self, portfolio_id: str, day: date, until: datetime) -> None:
        """All that is told of the portfolio's day has been told; a later day stays closed."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.listed(portfolio_id),
                {"closed": day, "until": utc(until)},
                condition=f"{EXISTS} AND (attribute_not_exists(#closed) OR #closed < :closed)",
            )

    def save_mapping(self, portfolio_id: str, name: str, text: str, as_of: datetime) -> None:
        """Puts it in force, unless a newer one of this name is."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.mapping(portfolio_id, name), {"yaml": text, "as_of": utc(as_of)}, condition=NO_NEWER
            )

    def mappings(self, portfolio_id: str) -> list[tuple[str, bytes]]:
        """The portfolio's mappings by name, as they were dropped."""
        items = self._table.query(
            "pk = :pk AND begins_with(sk, :sk)", {"pk": keys.portfolio_pk(portfolio_id), "sk": keys.MAPPING}
        )
        return [(item["sk"].removeprefix(keys.MAPPING), item["yaml"].encode()) for item in items]

    def feed(self, portfolio_id: str) -> Feed:
        """How fresh the portfolio's book is, and whether it is paused, alone or with all others."""
        standing, own, of_all = keys.standing(portfolio_id), keys.pause(portfolio_id), keys.pause(keys.ALL)
        items = {item["pk"]: item for item in self._table.get_all([standing, own, of_all])}
        told = items.get(standing["pk"], {})
        as_of = told.get("as_of")
        pauses = (pause_of(items.get(key["pk"], {})) for key in (of_all, own))
        return Feed(
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            pause=next(filter(None, pauses), None),
            approved_on=frozenset(map(date.fromisoformat, told.get("approved_on", ()))),
        )

    def pause(self, scope: str) -> Pause | None:
        """The pause of a portfolio, or of ALL, that is on."""
        return pause_of(self._table.get(keys.pause(scope)) or {})

    def breakers(self) -> dict[str, Breaker]:
        """The open ones by scope."""
        items = self._table.query("pk = :pk", {"pk": keys.BREAKERS})
        return {breaker.scope: breaker for item in items if (breaker := breaker_of(item))}

    def open_breaker(self, met: Breaker, words: Mapping[str, str]) -> None:
        """Meta stopped this scope at `met.since`, in these `words`; one that is open stays as it was, and one that
        was closed later stays closed."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.breaker(met.scope),
                {"met_at": met.since},
                first={"since": met.since, "code": met.code, **words},
                condition="(attribute_not_exists(#met_at) OR #met_at < :met_at) AND "
                "(attribute_not_exists(#closed_at) OR #closed_at <= :met_at)",
            )

    def everybody_waits(self) -> Pause | None:
        """What keeps everybody back: the pause of ALL, or breakers that leave no number to send from."""
        if pause := self.pause(keys.ALL):
            return pause
        standing = self.breakers()
        stopped = stops_everybody(standing, self.numbers()) if standing else None
        return stopped.pause if stopped else None

    def hold(self, pause: Pause, borrower: str, now: datetime) -> None:
        """The borrower's turn has come, and this pause keeps it back. Known once, however often it comes."""
        expires = int((now + HELD_LIVES).timestamp())
        self._table.update(keys.held(pause.scope, pause.since, borrower), {"expires": expires})

    def approve(self, portfolio_id: str, day: date) -> None:
        """A person agreed to the portfolio's plan of a day. Two are kept: who agrees to tomorrow's in the evening
        has agreed to today's before."""
        days = self.feed(portfolio_id).approved_on | {day}
        self._table.update(keys.standing(portfolio_id), {"approved_on": sorted(days)[-2:]})

    def refresh(self, portfolio_id: str, as_of: datetime) -> None:
        """The portfolio's book is as fresh as this; it does not grow older by an older file."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.standing(portfolio_id), {"as_of": utc(as_of)}, condition=NO_NEWER)

    def borrower_ids(self, borrowers: Iterable[str]) -> dict[str, str]:
        """The creditor's own numbers for these borrowers, of those whom a file has told. They never change, so
        that half the price tells the same."""
        wanted = [keys.profile(borrower) for borrower in dict.fromkeys(borrowers)]
        found = self._table.get_all(wanted, ("pk", "borrower_id"), consistent=False)
        return {keys.borrower_of(item["pk"]): item["borrower_id"] for item in found}

    # When to look at whom.

    def look_at(self, borrower: str, look: Look) -> None:
        """Makes sure that the borrower is looked at from that moment on, or earlier if that was planned.

        While somebody has the borrower, the wish is kept beside the lease for `finish`."""
        try:
            self._table.update(
                keys.profile(borrower),
                planned(borrower, look),
                remove=("lease", *_WISH),
                condition=f"{EXISTS} AND (attribute_not_exists(#due_at) OR #due_at > :due_at)",
            )
        except ConditionFailed as failed:
            if "lease" in failed.item:
                self._wish(borrower, look)

    def _wish(self, borrower: str, look: Look) -> None:
        pressing = {} if look.priority is None else {"wanted_priority": look.priority}
        try:
            self._table.update(
                keys.profile(borrower),
                {"wanted": utc(look.at), **pressing},
                condition="attribute_exists(#lease) AND (attribute_not_exists(#wanted) OR #wanted > :wanted)",
            )
        except ConditionFailed as failed:
            if "lease" not in failed.item:  # it ended just now
                self.look_at(borrower, look)

    def due(
        self, shard: int, now: datetime, limit: int = 0, priorities: tuple[int, int] | None = None
    ) -> Iterator[Waiting]:
        """The borrowers whose moment has come, the longest waiting first: at most `limit` if given, and those
        between two priorities alone, both included."""
        least, most = priorities or (0, 0)
        items = self._table.query(
            "due_shard = :shard AND due_at <= :now",
            {"shard": shard, "now": utc(now)},
            index="due",
            limit=limit,
            where="priority BETWEEN :least AND :most" if priorities else "",
            among={"least": least, "most": most} if priorities else None,
        )
        return (
            Waiting(keys.borrower_of(item["pk"]), item["due_at"], int(item.get("priority", UNTOLD)))
            for item in items
        )

    def lease(self, waiting: Sequence[Waiting], until: datetime) -> list[str]:
        """Takes these borrowers until `until`, each with a conditional write of its own; returns those whom nobody
        else has and whose plan is as it was seen."""
        lease = {"due_at": utc(until), "lease": utc(until)}
        made = self._table.write_all(
            [Update(keys.profile(one.borrower), lease, {"due_at": one.due_at}) for one in waiting]
        )
        return [one.borrower for one, is_made in zip(waiting, made, strict=True) if is_made]

    def finish_all(self, ended: Sequence[Finish]) -> list[Finish]:
        """Ends these leases, 25 a call, each as `finish` does: a borrower once. Those that had no such end."""
        made = self._table.write_all([finished(one) for one in ended])
        return [one for one, is_made in zip(ended, made, strict=True) if not is_made and not self.finish(one)]

    def finish(self, ended: Finish) -> bool:
        """Ends a lease: look again at its `look`, or when a file that came meanwhile wants it, whichever comes
        first; never by ourselves when neither is. False, and nothing is written, if the lease has moved."""
        try:
            self._end_lease(ended, "attribute_not_exists(#wanted)", {})
        except ConditionFailed as failed:
            wanted = failed.item.get("wanted")
            if failed.item.get("lease") != ended.lease or not wanted:
                return False
            wish = _wish_of(failed.item)
            look = wish if ended.look is None or wish.at < ended.look.at else ended.look
            try:
                self._end_lease(replace(ended, look=look), "#wanted = :seen", {"seen": wanted})
            except ConditionFailed:  # wanted earlier still: the lease ends by itself
                return False
        return True

    def _end_lease(self, ended: Finish, condition: str, values: dict[str, str]) -> None:
        write = finished(ended)
        self._table.update(
            write.key,
            write.set_,
            remove=(*write.remove, *_WISH),
            condition=f"#lease = :held AND {condition}",
            values={"held": ended.lease, **values},
        )

    # The sender's one read.

    def load(self, borrower: str, *, consistent: bool = True) -> Loaded | None:
        """All that is known of a borrower, in one query; None when there is no such borrower. Whoever acts on it
        reads it `consistent`; half the price is for who tells of the past, or of what is decided again."""
        there = self._table.query("pk = :pk", {"pk": keys.borrower_pk(borrower)}, consistent=consistent)
        items = {item["sk"]: item for item in there}
        profile = items.get(keys.PROFILE)
        if profile is None:
            return None
        return Loaded(
            book_of(borrower, items),
            lease=profile.get("lease", ""),
            due_at=profile.get("due_at", ""),
            borrower_id=profile.get("borrower_id", ""),
            sources=sources_of(items),
            written_at=datetime.fromisoformat(profile["written_at"]) if "written_at" in profile else None,
            taken_on=date.fromisoformat(profile["taken"]["day"]) if "taken" in profile else None,
        )

    def wrote_to(self, borrower: str, at: datetime) -> None:
        """A message other than a reminder is about to go to the borrower. Nothing without a profile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.profile(borrower), {"written_at": utc(at)}, condition=EXISTS)

    # What the borrower says.

    def opt_out(self, borrower: str, at: datetime) -> None:
        """The borrower asked us to stop; the last moment counts, because only a later word lifts it. Raises
        ConditionFailed without a profile."""
        try:
            self._table.update(
                keys.profile(borrower),
                {"opted_out_at": at.astimezone(UTC), "book": keys.heard(borrower)},
                condition=f"{EXISTS} AND (attribute_not_exists(#opted_out_at) OR #opted_out_at < :opted_out_at)",
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise

    def know_at(self, borrower: str, phone_ref: str) -> None:
        """We know that the borrower answers at this phone; at no other any more. Nothing without a profile, or
        where nothing stands for the phone."""
        if not phone_ref:
            return
        with contextlib.suppress(ConditionFailed):
            self._table.update(keys.profile(borrower), {"known_at": phone_ref}, condition=EXISTS)

    def know_nowhere(self, borrower: str) -> None:
        """Somebody else answers at the borrower's phone. Nothing where we knew the borrower at none."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower), remove=("known_at",), condition="attribute_exists(#known_at)"
            )

    def pause_for_receipt(self, borrower: str, until: date) -> None:
        """No reminder up to and including `until`; a later end stays. Nothing without a profile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower),
                {"receipt_until": until},
                condition=f"{EXISTS} AND (attribute_not_exists(#receipt_until) OR "
                "#receipt_until < :receipt_until)",
            )


def _wish_of(item: Item) -> Look:
    priority = item.get("wanted_priority")
    return Look(datetime.fromisoformat(item["wanted"]), None if priority is None else int(priority))

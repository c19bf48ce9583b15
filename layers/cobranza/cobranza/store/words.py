"""What a borrower says on WhatsApp, kept beside what files tell of them."""

import contextlib
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from datetime import UTC, datetime

from cobranza.ledger.standing import (
    WHATSAPP,
    Action,
    Standing,
    Word,
    hear,
    looked_into,
    not_reached,
    phones_stopped,
    reached,
)
from cobranza.store import keys
from cobranza.store.said import standing_item, standing_of
from cobranza.store.table import Bundle, ConditionFailed, Item, Table, Update, until_written, utc

_LONG_AGO = datetime.fromtimestamp(0, UTC)


class Words:
    def __init__(self, table: Table) -> None:
        self._table = table

    def hear(
        self,
        borrower: str,
        change: Callable[[Standing], Standing],
        now: datetime,
        besides: Callable[[Standing], Item] = lambda _: {},
    ) -> None:
        """Keeps what was said of a borrower, and what follows from it `besides`; nothing where that is no news.
        Raises ConditionFailed when it keeps changing under our hands."""
        key = keys.said(borrower)

        def keep() -> bool:
            there = next(self._table.query("pk = :pk AND sk = :sk", {"pk": key["pk"], "sk": key["sk"]}), None)
            known = standing_of(there)
            if (standing := change(known)) == known:
                return True
            told = standing_item(standing, now)
            gone = tuple(name for name in standing_item(known, _LONG_AGO) if name not in told)
            try:
                self._table.update(
                    key,
                    told | besides(standing) | {"book": keys.heard(borrower)},
                    add={"rev": 1},
                    remove=gone,
                    condition="#rev = :seen" if there else "attribute_not_exists(#pk)",
                    values={"seen": there["rev"]} if there else {},
                )
                return True
            except ConditionFailed:
                return False

        until_written(keep)

    def heard_from(
        self,
        profiles: Mapping[str, Item],
        moments: Mapping[str, datetime],
        now: datetime,
        beside: Iterable[Bundle],
        unread: Container[str] = (),
    ) -> None:
        """When each of these borrowers, whose profiles are told, wrote last, and that we know it now; 25 a call,
        with what is `beside`. Of those `unread` something waits to be understood."""
        waits = {name: {"unread_at": utc(now)} if name in unread else {} for name in profiles}
        writes = [_wrote(name, moments[name], now, item, waits[name]) for name, item in profiles.items()]
        for name, is_made in zip(profiles, self._table.write_beside(beside, writes), strict=True):
            if not is_made:  # somebody else was faster
                self._heard_from(name, moments[name], now, waits[name])

    def _heard_from(self, borrower: str, at: datetime, now: datetime, waits: Item) -> None:
        key, noted = keys.profile(borrower), {"heard_noted_at": utc(now)}
        try:
            self._table.update(
                key,
                {"last_inbound_at": utc(at), **noted, **waits},
                condition="attribute_exists(#pk) AND (attribute_not_exists(#last_inbound_at) OR "
                "#last_inbound_at < :last_inbound_at)",
            )
        except ConditionFailed as failed:
            told = waits if failed.item.get("heard_noted_at", "") >= utc(now) else noted | waits
            if failed.item and told:
                self._table.update(key, told, condition="attribute_exists(#pk)")

    def understood(self, borrower: str, noted: str) -> None:
        """What the borrower had written when we knew of this message waits for nobody any more."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower),
                remove=("unread_at",),
                condition="#unread_at <= :noted",
                values={"noted": noted},
            )

    def deny_number(self, borrower: str, at: datetime, case: str) -> None:
        """Whoever answers at the borrower's phone is somebody else, until that message's case says otherwise."""
        word = Word(at, source=WHATSAPP, case=case)
        self.hear(borrower, lambda known: hear(known, Action.WRONG_NUMBER, word), at)

    def give_phone(self, borrower: str, phone: Word, phone_ref: str, now: datetime) -> None:
        """The borrower has another phone, for which `phone_ref` stands; a later word on it wins."""

        def besides(known: Standing) -> Item:
            return {"phone_ref": phone_ref} if known.phone == phone else {}

        self.hear(borrower, lambda known: hear(known, Action.PHONE, phone), now, besides)

    def not_reached(self, borrower: str, phone_ref: str, at: datetime, code: int) -> None:
        """WhatsApp said with Meta's `code` that this phone cannot be reached; nothing where none is told."""
        if phone_ref:
            word = Word(at, str(code), WHATSAPP)
            self.hear(borrower, lambda known: not_reached(known, phone_ref, word), at)

    def reached(self, borrower: str, phone_ref: str, at: datetime) -> None:
        """A message arrived at this phone of the borrower's after all."""
        word = Word(at, source=WHATSAPP)
        self.hear(borrower, lambda known: reached(known, phone_ref, word), at)

    def stop_at(self, borrower: str, phone_refs: Collection[str], at: datetime) -> None:
        """Whoever has one of these phones asked us to stop: the borrower is left in peace while they have it."""
        self.hear(borrower, lambda known: phones_stopped(known, phone_refs, at), at)

    def look_into(self, borrower: str, until: datetime, case: str, now: datetime) -> None:
        """A person looks into what the borrower told us in the case's message; no reminder before `until`."""
        self.hear(borrower, lambda known: looked_into(known, until, case), now)

    def hand_over(self, borrower: str, at: datetime, until: datetime) -> None:
        """A person answers the borrower until then; who asked at `at` while one does changes nothing. Nothing
        without a profile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower),
                {"human_since": utc(at), "human_until": utc(until)},
                condition="attribute_exists(#pk) AND (attribute_not_exists(#human_until) OR #human_until <= :at)",
                values={"at": utc(at)},
            )

    def take_over(self, borrower: str, at: datetime, until: datetime) -> None:
        """A person answers the borrower from now on until then; whoever does already goes on. Nothing without a
        profile."""
        try:
            self._table.update(
                keys.profile(borrower),
                {"human_until": utc(until)},
                condition="attribute_exists(#pk) AND #human_until > :at",
                values={"at": utc(at)},
            )
        except ConditionFailed:
            self.hand_over(borrower, at, until)

    def hand_back(self, borrower: str) -> None:
        """The machine answers the borrower again. Nothing without a profile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower), remove=("human_since", "human_until"), condition="attribute_exists(#pk)"
            )

    # Who is no borrower has no profile, but a conversation.

    def take_over_stranger(self, chat: str, until: datetime) -> None:
        """A person answers this conversation until then."""
        self._table.update(keys.said_in_chat(chat), {"human_until": utc(until)})

    def hand_back_stranger(self, chat: str, until: datetime | None = None) -> None:
        """The machine answers it again; where `until` is told, only whom a person had taken until then."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.said_in_chat(chat),
                remove=("human_until",),
                condition="#human_until = :until" if until else "attribute_exists(#human_until)",
                values={"until": utc(until)} if until else {},
            )

    def is_stranger_taken(self, chat: str, now: datetime) -> bool:
        """Whether a person alone answers this conversation."""
        item = self._table.get(keys.said_in_chat(chat)) or {}
        return item.get("human_until", "") > utc(now)


def _wrote(borrower: str, at: datetime, now: datetime, there: Item, waits: Item) -> Update:
    known = {name: there[name] for name in ("last_inbound_at",) if name in there}
    noted = max(utc(now), there.get("heard_noted_at", ""))
    told = {"last_inbound_at": max((utc(at), *known.values())), "heard_noted_at": noted, **waits}
    return Update(keys.profile(borrower), told, known, absent=() if known else ("last_inbound_at",))

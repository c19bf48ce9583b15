"""The ledger table: borrowers and debts as they are now, portfolios, and when to look at whom."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.debt import Debt, Terms
from cobranza.policy.decision import Book
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Item, Table, utc

EXISTS = "attribute_exists(#pk)"
NO_NEWER = "attribute_not_exists(#as_of) OR #as_of <= :as_of"

type Change = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Leased:
    """A borrower whom nobody else will look at until `until`."""

    borrower: str
    until: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the table holds of a borrower before a file is written: items by sort key, none for a new one."""

    borrower: str
    items: Mapping[str, Item]

    def has_phone(self, phone: str) -> bool:
        return keys.PROFILE in self.items and self.items[keys.PROFILE]["phone"] == phone

    @property
    def consent(self) -> Consent | None:
        item = self.items.get(keys.PROFILE, {}).get("consent")
        return _consent(item) if item else None

    @property
    def is_planned(self) -> bool:
        """Whether a moment to look at the borrower is set."""
        return "due_at" in self.items.get(keys.PROFILE, {})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A borrower's whole partition, read consistently. `lease` is the current one, empty when there is none."""

    book: Book
    lease: str


class Ledger:
    def __init__(self, table: Table) -> None:
        self._table = table

    # Import: what is there is read first, so that the same file again writes nothing.

    def known(self, borrower: str) -> Known:
        items = self._table.query("pk = :pk", {"pk": keys.borrower_pk(borrower)})
        return Known(borrower, {item["sk"]: item for item in items})

    def save_borrower(
        self,
        known: Known,
        borrower: Borrower,
        borrower_id: str,
        as_of: datetime,
        *,
        consent_declared: bool,
        stopped_at: datetime | None = None,
    ) -> tuple[Change, Borrower]:
        """Writes what a file says of a borrower; returns them as they are now. Consent is changed by a row that
        says yes or no, and left alone by one that says nothing. A stop is never lifted; one of a phone that is new
        to the borrower (`stopped_at`) comes with it, in the same write."""
        told: Item = {
            "borrower_id": borrower_id,
            "name": borrower.name,
            "phone": borrower.phone,
            "country": borrower.country,
            "region": borrower.region,
            "language": borrower.language,
        }
        if borrower.consent:
            told["consent"] = _consent_item(borrower.consent)
        withdrawn = consent_declared and not borrower.consent
        change, item = self._save(
            known,
            keys.profile(borrower.ref),
            told,
            as_of,
            first={"opted_out_at": stopped_at} if stopped_at else {},
            remove=("consent",) if withdrawn else (),
        )
        return change, _borrower(borrower.ref, item)

    def save_debt(self, known: Known, terms: Terms) -> tuple[Change, Debt]:
        told: Item = {
            "portfolio": terms.portfolio,
            "debt_id": terms.debt_id,
            "instalment": terms.instalment,
            "amount": terms.amount,
            "balance": terms.balance,
            "currency": terms.currency,
            "due_date": terms.due_date,
            "payment_url": terms.payment_url,
        }
        change, item = self._save(known, keys.debt(known.borrower, terms.key), told, terms.as_of)
        return change, _debt(item)

    def _save(
        self,
        known: Known,
        key: dict[str, str],
        told: Item,
        as_of: datetime,
        *,
        first: Item | None = None,
        remove: tuple[str, ...] = (),
    ) -> tuple[Change, Item]:
        digest = _digest([told, remove])
        there = known.items.get(key["sk"])
        if there and (there["digest"] == digest or there["as_of"] > utc(as_of)):
            return "unchanged", there
        try:
            item = self._table.update(
                key,
                {**told, "as_of": utc(as_of), "digest": digest},
                first=first,
                add={"rev": 1},
                remove=remove,
                condition=NO_NEWER,
            )
        except ConditionFailed as failed:  # a newer file was faster
            return "unchanged", failed.item
        return ("created" if item["rev"] == 1 else "updated"), item

    def add_reference(self, ref: str, borrower: str) -> None:
        self._table.put(keys.reference(ref, borrower))

    def borrowers_behind(self, ref: str) -> list[str]:
        """The borrowers who have, or had, this phone."""
        items = self._table.query("pk = :pk", {"pk": keys.reference_pk(ref)})
        return [keys.borrower_of(item["sk"]) for item in items if item["sk"] != keys.STOP]

    def stop_phone(self, ref: str, at: datetime) -> None:
        """Whoever has this phone, now or later, asked us to stop; the first moment stays."""
        self._table.update(keys.stop(ref), first={"at": at})

    def stopped_phone(self, ref: str) -> datetime | None:
        item = self._table.get(keys.stop(ref))
        return datetime.fromisoformat(item["at"]) if item else None

    def save_portfolio(self, portfolio: Portfolio, as_of: datetime) -> None:
        """Puts it in force, unless a newer one is."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.portfolio(portfolio.portfolio_id),
                {"config": portfolio.model_dump_json(), "as_of": utc(as_of)},
                condition=NO_NEWER,
            )

    def portfolio(self, portfolio_id: str) -> Portfolio | None:
        item = self._table.get(keys.portfolio(portfolio_id))
        return Portfolio.model_validate_json(item["config"]) if item else None

    # When to look at whom.

    def look_at(self, borrower: str, moment: datetime) -> None:
        """Makes sure that the borrower is looked at from `moment` on, or earlier if that was planned.

        While somebody has the borrower, the wish is kept beside the lease for `finish`."""
        wanted = utc(moment)
        try:
            self._table.update(
                keys.profile(borrower),
                {"due_shard": keys.due_shard(borrower), "due_at": wanted},
                remove=("lease", "wanted"),
                condition=f"{EXISTS} AND (attribute_not_exists(#due_at) OR #due_at > :due_at)",
            )
        except ConditionFailed as failed:
            if "lease" in failed.item:
                self._wish(borrower, wanted)

    def _wish(self, borrower: str, wanted: str) -> None:
        try:
            self._table.update(
                keys.profile(borrower),
                {"wanted": wanted},
                condition="attribute_exists(#lease) AND (attribute_not_exists(#wanted) OR #wanted > :wanted)",
            )
        except ConditionFailed as failed:
            if "lease" not in failed.item:  # it ended just now
                self.look_at(borrower, datetime.fromisoformat(wanted))

    def due(self, shard: int, now: datetime, limit: int) -> Iterator[tuple[str, str]]:
        """The borrowers (and the moment planned for each) whose moment has come, the longest waiting first."""
        items = self._table.query(
            "due_shard = :shard AND due_at <= :now",
            {"shard": shard, "now": utc(now)},
            index="due",
            limit=limit,
        )
        return ((keys.borrower_of(item["pk"]), item["due_at"]) for item in items)

    def lease(self, borrower: str, due_at: str, until: datetime) -> Leased | None:
        """Takes the borrower until `until`; None if somebody else has, or the plan has changed since `due_at`."""
        lease = utc(until)
        try:
            self._table.update(
                keys.profile(borrower),
                {"due_at": lease, "lease": lease},
                condition="#due_at = :seen",
                values={"seen": due_at},
            )
        except ConditionFailed:
            return None
        return Leased(borrower, lease)

    def finish(self, borrower: str, lease: str, next_look: datetime | None) -> None:
        """Ends a lease: look again at `next_look`, or when a file that came meanwhile wants it, whichever comes
        first; never by ourselves when neither is. Nothing if the lease has moved."""
        planned = [utc(next_look)] if next_look else []
        try:
            self._end_lease(borrower, lease, planned, "attribute_not_exists(#wanted)", {})
        except ConditionFailed as failed:
            wanted = failed.item.get("wanted")
            if failed.item.get("lease") == lease and wanted:
                with contextlib.suppress(ConditionFailed):  # wanted earlier still: the lease ends by itself
                    self._end_lease(borrower, lease, [*planned, wanted], "#wanted = :seen", {"seen": wanted})

    def _end_lease(
        self, borrower: str, lease: str, moments: list[str], condition: str, values: dict[str, str]
    ) -> None:
        self._table.update(
            keys.profile(borrower),
            {"due_at": min(moments)} if moments else None,
            remove=("lease", "wanted") if moments else ("lease", "wanted", "due_at", "due_shard"),
            condition=f"#lease = :held AND {condition}",
            values={"held": lease, **values},
        )

    # The sender's one read.

    def load(self, borrower: str) -> Loaded | None:
        """All that is known of a borrower, in one consistent query. None when there is no such borrower."""
        items = {item["sk"]: item for item in self._table.query("pk = :pk", {"pk": keys.borrower_pk(borrower)})}
        if keys.PROFILE not in items:
            return None
        debts = tuple(_debt(item) for sk, item in items.items() if sk.startswith(keys.DEBT))
        messages = tuple(message(item) for sk, item in items.items() if sk.startswith(keys.MESSAGE))
        book = Book(_borrower(borrower, items[keys.PROFILE]), debts, messages)
        return Loaded(book, items.get(keys.PROFILE, {}).get("lease", ""))

    def consume(self, borrower: str, debt_key: str, consumed: Consumed) -> None:
        """Tells a debt which step a claim used up."""
        self._table.update(
            keys.debt(borrower, debt_key),
            {"step": consumed.step, "step_for": consumed.due_date},
            condition=EXISTS,
        )

    # What the borrower says.

    def opt_out(self, borrower: str, at: datetime) -> None:
        """The borrower asked us to stop; the first moment stays. Raises ConditionFailed without a profile."""
        self._table.update(keys.profile(borrower), first={"opted_out_at": at}, condition=EXISTS)

    def heard_from(self, borrower: str, at: datetime) -> None:
        """The borrower wrote at `at`. Raises ConditionFailed when there is no profile."""
        try:
            self._table.update(
                keys.profile(borrower),
                {"last_inbound_at": utc(at)},
                condition=f"{EXISTS} AND (attribute_not_exists(#last_inbound_at) OR "
                "#last_inbound_at < :last_inbound_at)",
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise

    def pause_for_receipt(self, borrower: str, until: date) -> None:
        """No reminder up to and including `until`; a later end stays. Nothing without a profile."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.profile(borrower),
                {"receipt_until": until},
                condition=f"{EXISTS} AND (attribute_not_exists(#receipt_until) OR "
                "#receipt_until < :receipt_until)",
            )


def message(item: Item) -> Message:
    return Message(
        day=date.fromisoformat(item["sk"].removeprefix(keys.MESSAGE)),
        state=State(item["state"]),
        claimed_at=datetime.fromisoformat(item["claimed_at"]),
        attempts=int(item["attempts"]),
        failed_for=int(item.get("reason", {}).get("code", 0)),
        debts={
            key: Consumed(date.fromisoformat(due_date), int(step))
            for key, (due_date, step) in item["debts"].items()
        },
    )


def _borrower(ref: str, item: Item) -> Borrower:
    consent = item.get("consent")
    opted_out_at = item.get("opted_out_at")
    receipt_until = item.get("receipt_until")
    return Borrower(
        ref=ref,
        name=item["name"],
        phone=item["phone"],
        country=item["country"],
        region=item["region"],
        language=item["language"],
        consent=_consent(consent) if consent else None,
        opted_out_at=datetime.fromisoformat(opted_out_at) if opted_out_at else None,
        receipt_until=date.fromisoformat(receipt_until) if receipt_until else None,
    )


def _consent_item(consent: Consent) -> Item:
    return {"source": consent.source, "at": consent.at, "text": consent.text}


def _consent(item: Item) -> Consent:
    at = item["at"]
    return Consent(source=item["source"], at=datetime.fromisoformat(at) if at else None, text=item["text"])


def _debt(item: Item) -> Debt:
    terms = Terms(
        portfolio=item["portfolio"],
        debt_id=item["debt_id"],
        instalment=item["instalment"],
        amount=item["amount"],
        balance=item["balance"],
        currency=item["currency"],
        due_date=date.fromisoformat(item["due_date"]),
        as_of=datetime.fromisoformat(item["as_of"]),
        payment_url=item["payment_url"],
    )
    # A step belongs to the due date it was consumed for: a new date is a new ladder.
    current = item.get("step_for") == item["due_date"]
    return Debt(terms=terms, step=int(item["step"]) if current else None)


def _digest(told: Any) -> str:
    """Of what a file said: equal digests, nothing to write."""

    def plain(value: Any) -> str:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else value.isoformat()

    text = json.dumps(told, sort_keys=True, default=plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]

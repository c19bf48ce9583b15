"""Messages in the ledger table: the day's claim, the states that follow it, and what is still to be told."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cobranza.ledger.confirmation import Confirmation
from cobranza.policy.confirmation import Tell
from cobranza.policy.decision import Send
from cobranza.policy.message import Message, State
from cobranza.store import keys
from cobranza.store.items import message_of
from cobranza.store.keys import MESSAGE, MessageKey, borrower_pk
from cobranza.store.statuses import unknown
from cobranza.store.table import ConditionFailed, Insert, Item, Table, Update, utc

KEPT = timedelta(days=14)
# Longer than anything is still told, shorter than its claim is kept.
TO_BE_TOLD_KEPT = timedelta(days=7)


class Claim(NamedTuple):
    key: MessageKey
    message: Message


class Sent(NamedTuple):
    """A message, and Meta's id of it: empty where it gave none yet."""

    key: MessageKey
    message: Message
    wamid: str


class Past(NamedTuple):
    """A borrower's profile, empty where there is none, and the messages of the last 14 days."""

    profile: Item
    sent: list[Sent]


class Advanced(NamedTuple):
    """Whether a message moved, and what its claim says of it."""

    moved: bool
    item: Item


class Progress(NamedTuple):
    """How far a message has come since its `claim` was read, and what is to be kept of it, the first time."""

    key: MessageKey
    claim: Item
    state: State
    facts: Mapping[str, Any]

    @property
    def news(self) -> Item:
        """What the claim lacks."""
        news = unknown(self.facts, self.claim)
        is_further = self.state.rank > self.claim["rank"]
        return news | ({"state": self.state, "rank": self.state.rank} if is_further else {})


class Messages:
    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, key: MessageKey, send: Send, words: Insert, now: datetime) -> Claim | None:
        """Takes the borrower's day, in one conditional write, before WhatsApp is called, and keeps the message's
        words in the same call. None if the day is taken.

        A day in RETRY, which Meta surely did not accept, may be taken again.
        """
        content: Item = {
            "portfolio": send.portfolio.portfolio_id,
            "step": send.lead.step,
            "template": send.template,
            "phone_ref": send.phone_ref,
            "language": send.language,
            "strategy": send.strategy,
            "debts": {name: [c.due_date.isoformat(), c.step] for name, c in send.consumes.items()},
        }
        return self._claim(key, content, words, now)

    def claim_confirmation(self, key: MessageKey, tell: Tell, words: Insert, now: datetime) -> Claim | None:
        """The same for the day's confirmation, which consumes nothing."""
        content: Item = {
            "portfolio": tell.portfolio.portfolio_id,
            "template": str(tell.confirmation.subject),
            "phone_ref": tell.phone_ref,
            "language": tell.language,
            "confirms": tell.confirmation.id,
            "debts": {},
        }
        return self._claim(key, content, words, now)

    def _claim(self, key: MessageKey, content: Item, words: Insert, now: datetime) -> Claim | None:
        first: Item = {**key.item, **_claimed(now), **content, "attempts": 1}
        is_first, is_kept = self._table.write_all([Insert(first), words])
        claim = Claim(key, message_of(first)) if is_first else self._claim_again(key, content, now)
        if claim and not is_kept:
            self._table.replace(words.item)
        return claim

    def _claim_again(self, key: MessageKey, content: Item, now: datetime) -> Claim | None:
        try:
            item = self._table.update(
                key.item,
                _claimed(now) | content,
                add={"attempts": 1},
                condition="#state = :retry",
                values={"retry": State.RETRY},
            )
        except ConditionFailed:
            return None
        return Claim(key, message_of(item))

    def accepted(self, key: MessageKey, wamid: str, at: datetime) -> None:
        """WhatsApp took it. A status that came before us keeps its place."""
        self.advance(key, State.ACCEPTED, {"wamid": wamid, "accepted_at": at})

    def failed(self, key: MessageKey, reason: Mapping[str, Any], at: datetime, *, unreached: bool) -> None:
        """WhatsApp refused it; `unreached`: because the phone cannot be reached."""
        self.advance(key, State.FAILED, {"reason": reason, "failed_at": at, "unreached": unreached})

    def settle(self, borrower: str, one: Confirmation, outcome: str) -> None:
        """It is not told, and this is why."""
        self._table.update(keys.confirmation(borrower, one.id), {"outcome": outcome})

    def was_told(self, borrower: str, confirmation_id: str, outcome: str, at: datetime) -> None:
        """What became of it, of one that a restored table knows nothing of."""
        first = {"expires": int((at + TO_BE_TOLD_KEPT).timestamp())}
        self._table.update(keys.confirmation(borrower, confirmation_id), {"outcome": outcome}, first=first)

    def put_back(self, key: MessageKey, outcome: str, facts: Item, at: datetime) -> None:
        """The claim of a message that a restored table knows nothing of; one that is there stays as it is."""
        state = State.UNKNOWN if outcome == State.UNKNOWN else State.ACCEPTED
        told: Item = {**_claimed(at), **facts, "attempts": 1, "state": state, "rank": state.rank}
        if (code := outcome.removeprefix("FAILED_")) != outcome:
            told |= {"state": State.FAILED, "rank": State.FAILED.rank, "reason": {"code": int(code)}}
        with contextlib.suppress(ConditionFailed):
            self._table.update(key.item, told, condition="attribute_not_exists(#pk)")

    def advance(self, key: MessageKey, state: State, facts: Mapping[str, Any]) -> Advanced:
        """Moves the message forward to `state` and keeps `facts` (first ones win). Where it already is as far,
        only the facts are kept. Raises ConditionFailed if there is no such message."""
        try:
            item = self._table.update(
                key.item,
                {"state": state, "rank": state.rank},
                first=facts,
                condition="attribute_exists(#pk) AND #rank < :rank",
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise
            missing = unknown(facts, failed.item)
            if not missing:
                return Advanced(False, failed.item)
            known = self._table.update(key.item, first=missing, condition="attribute_exists(#pk)")
            return Advanced(False, known)
        return Advanced(True, item)

    def claims(self, wanted: Iterable[MessageKey], *, consistent: bool = True) -> dict[MessageKey, Item]:
        """The claims that are there, a hundred a call."""
        found = self._table.get_all((key.item for key in wanted), consistent=consistent)
        return {MessageKey.of(item): item for item in found}

    def advance_all(self, told: Sequence[Progress]) -> list[Item]:
        """As `advance` for each message once, 25 a call; their claims as they are then. What is no news costs
        nothing."""
        news = [each.news for each in told]
        moved = [(each, new) for each, new in zip(told, news, strict=True) if new]
        writes = [
            Update(each.key.item, new, {"rank": each.claim["rank"]}, absent=[n for n in new if n in each.facts])
            for each, new in moved
        ]
        made = iter(self._table.write_all(writes))
        return [
            each.claim | new if not new or next(made) else self.advance(each.key, each.state, each.facts).item
            for each, new in zip(told, news, strict=True)
        ]

    def retry(self, claim: Claim, reason: Mapping[str, Any]) -> None:
        """Meta surely did not accept it: the day may be claimed again. Only from the claim itself."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                claim.key.item,
                {"state": State.RETRY, "rank": State.RETRY.rank, "retried_for": reason},
                condition="#state = :claimed AND #attempts = :attempts",
                values={"claimed": State.CLAIMED, "attempts": claim.message.attempts},
            )

    def recent(self, borrower: str) -> list[Sent]:
        """The borrower's messages of the last 14 days."""
        return self.past(borrower).sent

    def past(self, borrower: str) -> Past:
        """The same, and the profile, in one query: nothing else stands between the two."""
        values = {"pk": borrower_pk(borrower), "first": MESSAGE, "last": keys.PROFILE}
        items = {
            item["sk"]: item for item in self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values)
        }
        profile = items.pop(keys.PROFILE, {})
        taken = profile.get("taken", {})
        sent: list[Sent] = []
        for item in items.values():
            parsed = message_of(item)
            told = taken.get("wamid", "") if taken.get("day") == parsed.day.isoformat() else ""
            sent.append(Sent(MessageKey(borrower, parsed.day), parsed, item.get("wamid", told)))
        return Past(profile, sent)


def _claimed(now: datetime) -> Item:
    return {
        "state": State.CLAIMED,
        "rank": State.CLAIMED.rank,
        # As WhatsApp tells moments: an answer can come in the same second.
        "claimed_at": now.replace(microsecond=0).isoformat(),
        "expires": int((now + KEPT).timestamp()),
    }


def to_be_told(borrower: str, one: Confirmation) -> Insert:
    return Insert(
        keys.confirmation(borrower, one.id)
        | {
            "subject": str(one.subject),
            "ref": one.ref,
            "portfolio": one.portfolio,
            **({"amount": one.amount.amount, "currency": one.amount.currency} if one.amount else {}),
            "day": one.day.isoformat(),
            "at": utc(one.at),
            "expires": int((one.at + TO_BE_TOLD_KEPT).timestamp()),
        }
    )

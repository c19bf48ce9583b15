"""Conversations in the ledger table: what came in, what was fetched of it, and what Meta told besides.

They lie in partitions of their own, so that the sender's one query of a borrower stays small.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cobranza.policy.retention import expires
from cobranza.refs import References
from cobranza.store import keys
from cobranza.store.checks import Checks
from cobranza.store.table import Bundle, ConditionFailed, Insert, Item, Table, utc

MAX_RAW = 100_000  # characters: far below what an item may hold, far above what a message is
# What became of a person's words: WhatsApp took them, or surely did not; else they are CLAIMED or UNKNOWN.
SENT, REFUSED = "SENT", "REFUSED"


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that came in. `chat` is a borrower's reference, or a phone's that we do not know; `country` where
    the borrower lives, empty where nobody knows."""

    chat: str
    at: datetime
    message_ref: str
    content: Item
    country: str = ""

    @property
    def item(self) -> Item:
        key = {"pk": keys.chat_pk(self.chat), "sk": keys.event_key(self.at, self.message_ref)}
        return key | {"direction": "in", "expires": expires("words_in", self.at, self.country)} | self.content


@dataclass(frozen=True, slots=True)
class Raw:
    """What Meta told and nobody acts on yet."""

    kind: str
    content: Mapping[str, Any]


class Conversations:
    def __init__(self, table: Table) -> None:
        self._table = table
        self.checks = Checks(table)

    def record_inbound(self, messages: Iterable[Inbound]) -> None:
        """Keeps what came in, once, 25 a call."""
        self._table.write_all(self.bundle(messages).writes)

    def bundle(self, messages: Iterable[Inbound]) -> Bundle:
        """The same, to be written beside others."""
        items = [each.item for each in messages]
        unique = {(each["pk"], each["sk"]): each for each in items}
        return Bundle(self._table, [Insert(item) for item in unique.values()])

    def inbound(self, chat: str, event: str) -> Item | None:
        """One message of a conversation, by its event's key."""
        return self._table.get({"pk": keys.chat_pk(chat), "sk": event})

    def settle_receipt(self, chat: str, event: str, state: str, facts: Item) -> bool:
        """Ends the fetching of a receipt, once: False when it was settled before."""
        try:
            self._table.update(
                {"pk": keys.chat_pk(chat), "sk": event},
                {"receipt": state, **facts},
                condition="#receipt = :to_fetch",
                values={"to_fetch": "TO_FETCH"},
            )
        except ConditionFailed:
            return False
        return True

    def first_to_send(self, digest: str, chat: str, event: str, expires: int) -> bool:
        """Whether nobody has sent these bytes before; the same event again is no second time. That is known until
        `expires`."""
        item: Item = {"pk": keys.receipt_pk(digest), "sk": "FIRST", "chat": chat, "event": event}
        try:
            self._table.put_new(item | {"expires": expires})
        except ConditionFailed as failed:
            return (failed.item["chat"], failed.item["event"]) == (chat, event)
        return True

    def claim_answer(self, chat: str, event: str, at: datetime, facts: Item | None = None) -> bool:
        """Takes the right to answer this message, once; `facts` are kept beside the moment."""
        try:
            self._table.update(
                {"pk": keys.chat_pk(chat), "sk": event},
                {"answered_at": at, **(facts or {})},
                condition="attribute_not_exists(#answered_at)",
            )
        except ConditionFailed:
            return False
        return True

    def give_back(self, chat: str, event: str) -> None:
        """The answer surely did not leave: another try may claim it."""
        key = {"pk": keys.chat_pk(chat), "sk": event}
        self._table.update(key, remove=("answered_at", "intent", "answer", "answer_text"))

    def note_answer(self, chat: str, event: str, facts: Item) -> None:
        """What WhatsApp said to the answer."""
        self._table.update({"pk": keys.chat_pk(chat), "sk": event}, facts)

    def takes_turn(self, chat: str, what: str, event: str, since: datetime) -> bool:
        """Whether `what` has not been said in this conversation since that moment; then it is this message's to
        say, and still is when it asks again."""
        try:
            self._table.update(
                keys.said_in_chat(chat),
                {what: event},
                condition=f"attribute_not_exists(#{what}) OR #{what} = :{what} OR #{what} < :since",
                values={"since": utc(since)},
            )
        except ConditionFailed:
            return False
        return True

    def came_in(self, chat: str, since: datetime, until: str = keys.SAID) -> Iterator[Item]:
        """The messages that came in since that moment, up to the event `until`, the last one first."""
        values = {"pk": keys.chat_pk(chat), "since": utc(since), "until": until}
        items = self._table.query("pk = :pk AND sk BETWEEN :since AND :until", values, backwards=True)
        return (item for item in items if item.get("direction") == "in")

    def last_inbound(self, chat: str, since: datetime) -> Item | None:
        return next(self.came_in(chat, since), None)

    def newest(self, chat: str, most: int, *, consistent: bool = True) -> list[Item]:
        """The newest items of a conversation, the last one first."""
        values, among = {"pk": keys.chat_pk(chat), "said": keys.SAID}, "pk = :pk AND sk < :said"
        return [*self._table.query(among, values, limit=most, backwards=True, consistent=consistent)]

    def claim_words(self, chat: str, name: str, words: Item) -> str:
        """Keeps a person's words with the right to send them, once: empty where it was taken, else what became of
        them before. Those that WhatsApp surely did not take may be sent again."""
        try:
            self._table.update(
                {"pk": keys.chat_pk(chat), "sk": name},
                {"direction": "out", "state": "CLAIMED", **words},
                condition="attribute_not_exists(#pk) OR #state = :refused",
                values={"refused": REFUSED},
            )
        except ConditionFailed as failed:
            return failed.item["state"]
        return ""

    def settle_words(self, chat: str, name: str, facts: Item) -> None:
        """What WhatsApp said to a person's words."""
        self._table.update({"pk": keys.chat_pk(chat), "sk": name}, facts)

    def keep_raw(self, told: Iterable[Raw], references: References, at: datetime) -> None:
        """Keeps it as it came, 25 a call; the same again is a no-op."""
        found: dict[str, Item] = {}
        for each in told:
            raw = json.dumps(each.content, sort_keys=True, default=str)
            key = {"pk": keys.news_pk(each.kind[:64]), "sk": references.ref("news", raw)}
            found[key["pk"] + key["sk"]] = {**key, "raw": raw[:MAX_RAW], "at": at, "expires": expires("news", at)}
        self._table.write_all([Insert(item) for item in found.values()])

"""What was found out about who writes in a conversation, beside what is said there once."""

from datetime import datetime

from cobranza.store import keys
from cobranza.store.table import ConditionFailed, Item, Table, utc

_ASKED, _PASSED, _WHO = "digits_asked", "digits_passed", "digits_of"


class Checks:
    def __init__(self, table: Table) -> None:
        self._table = table

    def was_asked(self, chat: Item, event: str, since: datetime) -> bool:
        """Whether digits were asked for since then, and before this message."""
        return utc(since) <= chat.get(_ASKED, "") < event

    def passed(self, chat: Item, event: str, since: datetime) -> str:
        """The borrower who told the right digits since then, and before this message; empty where nobody did."""
        return chat[_WHO] if utc(since) <= chat.get(_PASSED, "") < event else ""

    def of(self, chat: str) -> Item:
        return self._table.get(keys.said_in_chat(chat)) or {}

    def ask(self, chat: str, event: str) -> None:
        """Digits are asked for in the answer to this message."""
        self._table.update(keys.said_in_chat(chat), {_ASKED: event})

    def pass_(self, chat: str, event: str, borrower: str) -> None:
        """This message told the right digits."""
        self._table.update(keys.said_in_chat(chat), {_PASSED: event, _WHO: borrower})

    def take_try(self, chat: str, event: str, since: datetime, most: int) -> int:
        """Which of so many tries since then this message is; 0 where all are used up. Taken before anything is
        compared, so that many messages at once have no more."""
        for number in range(1, most + 1):
            name = f"digits_{number}"
            try:
                self._table.update(
                    keys.said_in_chat(chat),
                    {name: event},
                    condition=f"attribute_not_exists(#{name}) OR #{name} = :{name} OR #{name} < :since",
                    values={"since": utc(since)},
                )
            except ConditionFailed:
                continue
            return number
        return 0

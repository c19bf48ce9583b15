"""What WhatsApp has stopped, or a person: while a breaker is open, nothing is claimed and nothing called for its
scope."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cobranza.policy.feed import Pause

# As people write it: number:<Meta's id>, template:<name>, and all numbers of the account.
EVERY_NUMBER = "number:all"
# In the place of Meta's code: a person stopped it.
BY_HAND = -1
_SCOPE = re.compile(r"number:(?:all|[0-9]{1,20})|template:[a-z0-9_]{1,512}")


class Breaker(NamedTuple):
    """An open breaker: `since` a moment (ISO 8601, UTC, to the microsecond), for Meta's `code` or BY_HAND."""

    scope: str
    since: str
    code: int

    @property
    def is_by_hand(self) -> bool:
        return self.code == BY_HAND

    @property
    def pause(self) -> Pause:
        """Whom it keeps back, it holds like a pause."""
        return Pause(self.scope, self.since)


def of_number(phone_number_id: str) -> str:
    return f"number:{phone_number_id}"


def of_template(name: str) -> str:
    return f"template:{name}"


def is_scope(text: str) -> bool:
    return _SCOPE.fullmatch(text) is not None


def keeps_number(standing: Mapping[str, Breaker], phone_number_id: str) -> Breaker | None:
    """The breaker that keeps this number from sending."""
    return standing.get(EVERY_NUMBER) or standing.get(of_number(phone_number_id))


def keeps_template(standing: Mapping[str, Breaker], name: str) -> Breaker | None:
    return standing.get(of_template(name))


def stops_everybody(standing: Mapping[str, Breaker], numbers: Iterable[str]) -> Breaker | None:
    """The breaker that leaves no number to send from: the account's, or the last of all `numbers` to open."""
    found = [keeps_number(standing, number) for number in numbers] or [standing.get(EVERY_NUMBER)]
    stopped = [breaker for breaker in found if breaker]
    return max(stopped, key=lambda one: one.since) if stopped and len(stopped) == len(found) else None

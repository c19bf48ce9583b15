"""What each of Meta's error codes asks us to do next.

Source: Meta, WhatsApp Cloud API, "Error codes". Meta asks to decide on the code alone; titles and HTTP statuses
change. A code nobody knows is given up with its own number and words kept.
"""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """RETRY: surely not accepted, try again later. UNCLEAR: it may have left, only a status tells; never again.
    STOP: nothing of ours will be accepted until a person mends it. GIVE_UP: not this message, not to this
    person."""

    RETRY = "RETRY"
    UNCLEAR = "UNCLEAR"
    STOP = "STOP"
    GIVE_UP = "GIVE_UP"


@dataclass(frozen=True, slots=True)
class ProviderError:
    """Meta's own words on what went wrong. `code` is 0 when it cannot be read."""

    code: int
    title: str
    details: str
    trace: str = ""


# Seconds to wait where Meta refused because of pace or maintenance.
RETRY_AFTER = {
    4: 60,  # calls of the app
    80007: 60,  # calls of the account
    130429: 30,  # messages of the number per second
    131056: 16,  # messages to the same person: 4^X seconds
    131057: 60,  # maintenance of the number
    133015: 300,  # number just deleted: "5 minutes"
    2494100: 120,  # account in maintenance: "a few minutes"
}

# "Unknown", "service unavailable", "downtime": said by a server that may already have passed the message on.
UNCLEAR = frozenset({1, 2, 131000, 131016, 133004})

STOP = frozenset(
    {0, 3, 10, 33, 190, 368, 131005, 131031, 131037, 131042, 131045, 131048, 131064}
    | {133000, 133005, 133006, 133008, 133009, 133010, 133016, 134011}
    | set(range(200, 300))
)


def action_for(code: int) -> Action:
    if code in RETRY_AFTER:
        return Action.RETRY
    if code in UNCLEAR:
        return Action.UNCLEAR
    return Action.STOP if code in STOP else Action.GIVE_UP

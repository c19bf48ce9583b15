"""How much Meta lets through: per number and second, per pair of people, and people per day.

Each takes what was before and the moment (seconds since 1970), and gives what is then, or None for too much.
Sources: Meta, "Throughput", "About the platform" (pair rate), "Messaging limits".
"""

from dataclasses import dataclass

DAY = 24 * 3600
PAIR_PAUSE = 6.0
PAIR_BURST = 45
# What an addition of many small floats may be off.
_NEARLY = 1e-9


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens of a number: one for each message out or in. It holds those of one second, and begins full."""

    tokens: float
    at: float


@dataclass(frozen=True, slots=True)
class Burst:
    """Messages to one person since a moment; each of them costs six seconds of silence after it."""

    since: float
    count: int


def take(bucket: Bucket | None, rate: float, now: float) -> Bucket | None:
    """Take a token for a call to the messages endpoint; None if there is none. Meta's `rate` is 80 a second."""
    filled = _filled(bucket, rate, now)
    return Bucket(filled.tokens - 1, now) if filled.tokens >= 1 - _NEARLY else None


def drain(bucket: Bucket | None, rate: float, now: float) -> Bucket:
    """Take a token for what a borrower sends, which is not held up even if there is none."""
    return Bucket(max(_filled(bucket, rate, now).tokens - 1, 0), now)


def borrow(burst: Burst | None, now: float) -> Burst | None:
    """One more message from a number to a person.

    One in six seconds; or up to 45 within six seconds, and then none until six seconds have passed for each: after
    20 that is two minutes.
    """
    if burst is None or now < burst.since or now >= burst.since + PAIR_PAUSE * burst.count:
        return Burst(now, 1)
    if now < burst.since + PAIR_PAUSE and burst.count < PAIR_BURST:
        return Burst(burst.since, burst.count + 1)
    return None


def has_room(reached: dict[str, float], phone: str, limit: int, now: float) -> bool:
    """Whether one more person may be messaged out of a service window; who was in the last 24 hours always may.

    `reached` has the moment each person was last messaged so, oldest first. Forgets whoever no longer counts.
    """
    while reached and now - next(iter(reached.values())) >= DAY:
        del reached[next(iter(reached))]
    return phone in reached or len(reached) < limit


def reach(reached: dict[str, float], phone: str, now: float) -> None:
    """Note that somebody was messaged out of a service window."""
    reached.pop(phone, None)
    reached[phone] = now


def _filled(bucket: Bucket | None, rate: float, now: float) -> Bucket:
    room = max(rate, 1.0)
    if bucket is None:
        return Bucket(room, now)
    return Bucket(min(room, bucket.tokens + rate * max(now - bucket.at, 0)), now)

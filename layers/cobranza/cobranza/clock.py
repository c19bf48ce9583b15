"""Where a handler gets the moment from, once. Below it `now` is an argument."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def real_time() -> datetime:
    return datetime.now(UTC)


def moved_by(offset: Callable[[], float]) -> Clock:
    """Real time plus `offset` seconds, asked anew each time: for stage local alone, where time can be moved."""
    return lambda: real_time() + timedelta(seconds=offset())

"""Portfolios, and how they are fed, are read now and then, not once a message."""

import time
from collections.abc import Callable, Container
from threading import Lock

from cobranza.policy.portfolio import Portfolio

# Seconds: a new portfolio.yaml is in force everywhere within a minute; a pause in the next batch, or after so long
# in the same.
LIFETIME = 60.0
PAUSE_LIFETIME = 20.0


def remembered[T](
    read: Callable[[str], T], lifetime: float = LIFETIME, *, monotonic: Callable[[], float] = time.monotonic
) -> Callable[[str], T]:
    """What `read` tells of a portfolio, asked again after `lifetime` seconds: by one thread, while others wait."""
    kept: dict[str, tuple[float, T]] = {}
    lock = Lock()

    def get(portfolio_id: str) -> T:
        with lock:
            known = kept.get(portfolio_id)
            if known is None or monotonic() - known[0] > lifetime:
                known = kept[portfolio_id] = (monotonic(), read(portfolio_id))
            return known[1]

    return get


def once[T](read: Callable[[], T], lifetime: float = LIFETIME) -> Callable[[], T]:
    """What `read` tells, asked again after `lifetime` seconds."""
    kept = remembered(lambda _: read(), lifetime)
    return lambda: kept("")


def switched_on(
    read: Callable[[str], Portfolio | None], countries: Container[str]
) -> Callable[[str], Portfolio | None]:
    """What `read` tells of a portfolio, in the countries alone that the stack has switched on."""

    def get(portfolio_id: str) -> Portfolio | None:
        portfolio = read(portfolio_id)
        return portfolio.within(countries) if portfolio else None

    return get

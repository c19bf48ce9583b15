"""Portfolios are read once a minute, not once a message."""

import time
from collections.abc import Callable

from cobranza.policy.portfolio import Portfolio

LIFETIME = 60.0  # seconds; a new portfolio.yaml is in force everywhere within a minute

type Read = Callable[[str], Portfolio | None]


def remembered(read: Read, *, monotonic: Callable[[], float] = time.monotonic) -> Read:
    kept: dict[str, tuple[float, Portfolio | None]] = {}

    def get(portfolio_id: str) -> Portfolio | None:
        read_at, portfolio = kept.get(portfolio_id, (float("-inf"), None))
        if monotonic() - read_at > LIFETIME:
            portfolio = read(portfolio_id)
            kept[portfolio_id] = (monotonic(), portfolio)
        return portfolio

    return get

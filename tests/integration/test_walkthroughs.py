"""Days in the life of borrowers, from the file to the day's books: what each is told, and what not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from tests.integration.rows import results, run, table
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import MEXICO

type Drop = Callable[..., dict[str, Any]]
type Cells = dict[str, str]

BRUNO = {"borrower_id": "C2", "name": "Bruno Ejemplo", "debt_id": "F-2", "amount": "80.00"}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


class Life:
    """A world whose files come, and whose days go by, on moments in Mexico City: `24 11:30` is of November 2026."""

    def __init__(self, world: World, drop: Drop) -> None:
        self._world, self._drop = world, drop

    def until(self, moment: str) -> list[str]:
        """Ticks and reminders until then; the outcomes of the looks."""
        return run(self._world, at(moment))

    def file(self, moment: str, kind: str, *rows: Cells, portfolio: str = "tienda") -> None:
        """A file that tells the book as it is when it comes; nothing happens between the last moment and it."""
        self._world.now = at(moment)
        text = debts(*rows) if kind == "debts" else table(*rows)
        name = f"{kind}/{portfolio}/{moment.replace(' ', '_').replace(':', '')}.csv"
        assert self._drop(name, text)["refused"] == 0

    @property
    def messages(self) -> list[tuple[str, str, str, str]]:
        """Name, template, amount and date of each message, as the borrower reads them."""
        templates = [message["template"] for message in self._world.whatsapp.sent]
        texts = [[each["text"] for each in told["components"][0]["parameters"]] for told in templates]
        return [(text[0], told["name"], text[2], text[3]) for told, text in zip(templates, texts, strict=True)]

    def outcomes(self, day: str, portfolio: str = "tienda") -> dict[str, str]:
        """The outcome of each debt and step in the day's book of outcomes; closes the days up to it."""
        while self._world.reports.close_days(at(f"{day} 00:00").replace(hour=23, minute=59)) and False:
            pass
        rows = results(self._world, f"outcomes/dt={at(f'{day} 00:00').date()}/outcomes.csv", portfolio)
        return {f"{row['debt_id']} {row['step']}": row["outcome"].removeprefix("SKIPPED_") for row in rows}

"""The places of the inbox: what a key says of a file before it is read."""

import contextlib
import re
from dataclasses import dataclass
from datetime import date

from cobranza.files.codes import refuse
from cobranza.policy.breaker import is_scope
from cobranza.policy.portfolio import valid_portfolio_id
from cobranza.store.keys import ALL

MAX_KEY = 900  # S3 allows 1,024 bytes, and results are named after the file
# Files of debts become the book; files of rows tell something of people and debts that are in it.
DEBTS = ("debts", "snapshots")
ROWS = ("payments", "contacts", "recalls", "requests", "receipts", "cases")
KINDS = (*DEBTS, *ROWS, "mappings")
# What people declare of a portfolio, each under its own name.
SETTINGS = {"portfolios": "portfolio.yaml", "strategies": "strategy.yaml"}
# Not read but looked for: while control/<portfolio or ALL>/PAUSE is there, that is paused.
CONTROL = "control"
PAUSE = "PAUSE"
# Read: in control/<number:… or template:…>/ PAUSE stops that and RESUME resumes it, from or up to the moment in
# the file, or else its own.
RESUME = "RESUME"
CONFIRM = ".confirm"
# A plan is approved by a file beside it.
PLAN = "plan.csv"
APPROVE = ".approve"
RESULTS = "results"
_APPROVAL = re.compile(rf"{RESULTS}/([^/]+)/plans/dt=([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})/{PLAN}{APPROVE}")


@dataclass(frozen=True, slots=True)
class Drop:
    """Where a file was dropped: `<kind>/<portfolio>/<file>`."""

    kind: str
    portfolio: str
    file: str

    @classmethod
    def at(cls, key: str) -> "Drop":
        """Raises InvalidInput (BAD_PLACE) for a key of another shape, or too long for its results' keys."""
        if len(key.encode()) > MAX_KEY:
            raise refuse("BAD_PLACE", f"> {MAX_KEY} bytes")
        match key.split("/"):
            case ["control", scope, "PAUSE" | "RESUME" as order] if is_scope(scope):
                return cls(CONTROL, scope, order)
            case [kind, portfolio, file] if valid_portfolio_id(portfolio) and file not in ("", ".", ".."):
                is_known = kind in KINDS or SETTINGS.get(kind) == file
                if kind == CONTROL or (is_known and portfolio != ALL):
                    return cls(kind, portfolio, file)
            case _:
                pass
        places = (f"{kind}/<portfolio>/<file>" for kind in KINDS)
        settings = (f"{kind}/<portfolio>/{name}" for kind, name in SETTINGS.items())
        raise refuse("BAD_PLACE", " | ".join((*places, *settings, f"{CONTROL}/<portfolio or {ALL}>/{PAUSE}")))

    @classmethod
    def misplaced(cls, key: str) -> "Drop":
        """Where the results of a file go that is in none of the places."""
        return cls("misplaced", "none", key.replace("/", "_")[-100:])

    @classmethod
    def of_plan(cls, portfolio: str, day: date) -> "Drop":
        """Where a portfolio's plan of a day lies, and what became of its approval."""
        return cls("plans", portfolio, f"dt={day.isoformat()}")

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.portfolio}/{self.file}"

    @property
    def results(self) -> str:
        return f"{RESULTS}/{self.portfolio}/{self.kind}/{self.file}"

    @property
    def confirmed(self) -> "Drop | None":
        """The snapshot that this file says yes to, where it is such a file."""
        if self.kind == "snapshots" and self.file.endswith(CONFIRM) and self.file != CONFIRM:
            return Drop(self.kind, self.portfolio, self.file.removesuffix(CONFIRM))
        return None


def plan_approved(key: str) -> tuple[str, date]:
    """The portfolio and the day of the plan that a file beside it says yes to. Raises InvalidInput (BAD_APPROVAL)
    for a key of another shape."""
    if (place := _APPROVAL.fullmatch(key)) and valid_portfolio_id(place[1]):
        with contextlib.suppress(ValueError):
            return place[1], date.fromisoformat(place[2])
    raise refuse("BAD_APPROVAL", f"{RESULTS}/<portfolio>/plans/dt=YYYY-MM-DD/{PLAN}{APPROVE}")

"""What a bench measured: one row a figure, kept in build/bench.json."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path("build/bench.json")


@dataclass(frozen=True, slots=True)
class Row:
    """`ok` is whether the goal holds; `ratio` is value to baseline, measured in the same run, None without one.
    `counted` are AWS calls and DynamoDB's units, exact where times are noisy."""

    name: str
    unit: str
    value: float
    goal: str
    ok: bool
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""
    counted: dict[str, float] | None = None


def write(rows: Iterable[Row]) -> None:
    """Replaces the rows of the same names and leaves the others, so that one bench can be run alone."""
    known = {row["name"]: row for row in json.loads(FILE.read_text())} if FILE.exists() else {}
    known |= {row.name: asdict(row) for row in rows}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(list(known.values()), indent=2) + "\n")

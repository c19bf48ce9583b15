"""`make bench [ONLY=name]`: speed and cost, against a baseline in the same run. Exits 1 where a goal is missed."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import (
    answers,
    coldstart,
    cost,
    dynalite,
    emulator_import,
    fuzz,
    imports,
    memory,
    receipts,
    report,
    scheduling,
    sending,
    webhook,
    webhook_flood,
)

BENCHES = {
    "imports": imports.run,
    "memory": memory.run,
    "fuzz": fuzz.run,
    "receipts": receipts.run,
    "scheduling": scheduling.run,
    "sending": sending.run,
    "webhook": webhook.run,
    "flood": webhook_flood.run,
    "answers": answers.run,
    "coldstart": coldstart.run,
    "cost": cost.run,
    "dynalite": dynalite.run,
    "big": emulator_import.run,
}


def main() -> int:
    console = Console()
    rows: list[report.Row] = []
    for name in sys.argv[1:] or BENCHES:
        console.print(f"· {name}")
        rows += BENCHES[name]()
    report.write(rows)
    table = Table("what", "value", "unit", "baseline", "ratio", "goal", "", "note")
    for row in rows:
        figures = (f"{figure:,.4g}" if figure is not None else "" for figure in (row.baseline, row.ratio))
        mark = "ok" if row.ok else "MISSED"
        table.add_row(row.name, f"{row.value:,.4g}", row.unit, *figures, row.goal, mark, row.note)
    console.print(table)
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

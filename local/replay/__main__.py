"""`make replay`: walks a book and tells what was found; exits with 1 where something that must be zero is not.

python -m local.replay [FILE]
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.replay.book import Invoice, invented, read_csv
from local.replay.cadence import Cadence, plain
from local.replay.checks import Findings
from local.replay.page import comparison, page
from local.replay.walk import Walk

PAGE = Path("build/replay.html")
SEED = 7

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path, nargs="?", help="a CSV file of invoices; without it an invented book")
    file: Path | None = parser.parse_args().file
    try:
        book = read_csv(file) if file else invented(SEED)
    except (OSError, ValueError) as error:
        console.print(f"[red]✗ {error}[/red]")
        return 2
    findings = _walked(book)
    cadence = plain(findings.record)
    _show(findings, cadence)
    title = f"Replay of {file.name}" if file else "Replay of an invented book"
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(title, findings, cadence), encoding="utf-8")
    console.print(f"the picture: {PAGE}")
    return 1 if any(findings.zeros.values()) else 0


def _walked(book: list[Invoice]) -> Findings:
    begun = time.monotonic()
    walk = Walk(book, SEED)
    with console.status("…") as status:

        def tell(day: date) -> None:
            status.update(f"{day:%B %Y}")

        record = walk.run(tell)
    seconds = time.monotonic() - begun
    console.print(
        f"{len(book):,} invoices of {len(record.people)} customers, {len(record.days)} days: {seconds:.0f} s"
    )
    return Findings(record)


def _show(findings: Findings, cadence: Cadence) -> None:
    zeros = Table("what must be zero", "found")
    for name, found in findings.zeros.items():
        zeros.add_row(name, f"[red]{len(found)}[/red], such as {found[0]}" if found else "0")
    beside = Table("beside a message at each step", "plain", "ours")
    for row in comparison(findings, cadence):
        beside.add_row(*row)
    console.print(zeros, beside)


if __name__ == "__main__":
    sys.exit(main())

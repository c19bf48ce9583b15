"""What the steps of an import of a million rows hold in memory, each in a process of its own, as in Lambda.

Each in its heaviest case: a snapshot over a book of a million other debts; a part of it, whose rows are all new
while all that the book holds in its shards is closed; results of a file of which every row was refused, or every
borrower is without consent.
"""

import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cobranza.files.results import Refusal
from cobranza.files.row import Row as FileRow
from cobranza.flows.part import Result
from cobranza.queues import DroppedFile, FilePart
from cobranza.store import keys
from cobranza.store.imports import Import, State
from tests.bench import debts
from tests.bench.desk import DROPPED, desk
from tests.bench.dynamodb import Stub, invented
from tests.bench.report import Row

ROWS = 1_000_000
MOST = 300
KEY = "snapshots/uno/a.csv"
STEPS = {
    "read": "first pass of a snapshot over a book as large",
    "part": "its largest part: all new, as many closed",
    "refused": "results, every row refused",
    "silent": "results, every borrower without consent",
}


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "snapshots/uno").mkdir(parents=True)
        with (folder / KEY).open("w") as file:
            file.writelines(debts.lines(ROWS))
        return [_measured(step, folder) for step in STEPS]


def _measured(step: str, folder: Path) -> Row:
    command = [sys.executable, "-m", "tests.bench.memory", step, str(folder)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    note = f"{STEPS[step]}; {told['rows']:,} rows in {told['seconds']:.0f} s"
    peak = round(told["megabytes"])
    return Row(f"import of {ROWS:,} rows, {step}: peak memory", "MB", peak, f"≤ {MOST}", peak <= MOST, note=note)


# In the process of a step.


def _read(folder: Path) -> int:
    at = desk(Stub(index=invented(ROWS)), folder)
    inbox: Any = at.folder
    summary = at.importer.take(inbox, DroppedFile("inbox", KEY, "1"), DROPPED)
    assert summary
    assert summary.waiting
    assert summary.waiting["would_close"] == ROWS
    (folder / "import.pickle").write_bytes(pickle.dumps(at.imports.known))
    return ROWS


def _part(folder: Path) -> int:
    begun = replace(_begun(folder), state=State.PARTS)
    parts = sorted((folder / f"parts/uno/{begun.id}").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    at = desk(Stub(index=invented(ROWS)), folder, begun)
    inbox: Any = at.folder
    at.importer.take_part(inbox, FilePart.of("inbox", "uno", begun.id, int(parts[-1].stem)), DROPPED)
    counts = json.loads(parts[-1].with_suffix(".counts").read_bytes())
    return sum(counts["changes"].values())


def _finish(folder: Path, results: Iterator[Result]) -> int:
    begun = _begun(folder)
    at = desk(Stub(), folder, begun)
    for number, result in enumerate(results):
        at.importer.results.keep(begun, number, result)
    inbox: Any = at.folder
    return at.importer.results.finish(inbox, begun, DROPPED).read


def _refused() -> Iterator[Result]:
    for shard in range(keys.BOOK_SHARDS):
        result = Result()
        for number in range(shard, ROWS, keys.BOOK_SHARDS):
            row = FileRow(number + 2, debts.row(number))
            result.refusals.append(Refusal(row, "BAD_COUNTRY", "ISO 3166-1: MX", "country"))
        yield result


def _silent() -> Iterator[Result]:
    for shard in range(keys.BOOK_SHARDS):
        result = Result()
        for number in range(shard, ROWS, keys.BOOK_SHARDS):
            borrower, name, *_ = debts.row(number * 3 // 2)
            result.changes["created"] += 1
            result.no_consent[borrower] = (name, 1)
        yield result


def _begun(folder: Path) -> Import:
    begun: Import = pickle.loads((folder / "import.pickle").read_bytes())
    return begun


def main() -> None:
    step, folder = sys.argv[1], Path(sys.argv[2])
    start = time.perf_counter()
    match step:
        case "read":
            rows = _read(folder)
        case "part":
            rows = _part(folder)
        case _:
            rows = _finish(folder, _refused() if step == "refused" else _silent())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"rows": rows, "seconds": time.perf_counter() - start, "megabytes": peak}, sys.stdout)


if __name__ == "__main__":
    main()

"""A hundred thousand rows through the whole stack in the emulator, one in a hundred with a fault.

Each of these comes back, and no other; mended and dropped again, the ledger has every debt.
"""

import csv
import io
import time
from collections import Counter
from typing import Any

from local import drive, samples, stack
from local.stack import Stack
from tests.bench.debts import HEADER, row
from tests.bench.report import Row

ROWS = 100_000
EVERY = 100
PATIENCE = 3600.0
# What is wrong, in which column, and the code that says so. A cell too many is in no column.
FAULTS = (
    ("phone", "5.25555E+11", "BAD_PHONE"),
    ("phone", "12345", "BAD_PHONE"),
    ("phone", "+57 601 555 0100", "LANDLINE"),
    ("phone", "", "MISSING_VALUE"),
    ("balance", "1.2.3", "BAD_AMOUNT"),
    ("balance", "-5.00", "BAD_AMOUNT"),
    ("currency", "PESOS", "BAD_CURRENCY"),
    ("due_date", "fin de mes", "BAD_DATE"),
    ("due_date", "2026-02-30", "BAD_DATE"),
    ("country", "México", "BAD_COUNTRY"),
    ("name", "", "MISSING_VALUE"),
    ("consent", "tal vez", "BAD_CONSENT"),
    ("debt_id", "F#1", "BAD_ID"),
    ("", "de más", "RAGGED_ROW"),
)
FILE, MENDED = "debts/uno/cartera.csv", "debts/uno/cartera corregida.csv"


def run() -> list[Row]:
    bad = {number: FAULTS[number // EVERY % len(FAULTS)] for number in range(EVERY // 2, ROWS, EVERY)}
    with stack.running(stack.FOLDER / "bench-import") as local:
        drive.drop_and_wait(local, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
        began = time.monotonic()
        summary = drive.drop_and_wait(local, FILE, _file(bad), PATIENCE)
        seconds = time.monotonic() - began
        refused = _refused(local)
        mended = drive.drop_and_wait(local, MENDED, _mended(refused), PATIENCE)
        checks = {
            "counts": _counts(summary) == (ROWS, ROWS - len(bad), 0, 0, len(bad)),
            "codes": summary["refused_by_code"] == Counter(code for *_, code in bad.values()),
            "refused.csv": [int(each["line"]) for each in refused] == [number + 2 for number in sorted(bad)],
            "mended": _counts(mended) == (len(bad), len(bad), 0, 0, 0),
            "ledger": _debts(local) == ROWS,
            "dead letters": drive.waiting(local, "files_dead_letters") == 0,
        }
    wrong = ", ".join(name for name, holds in checks.items() if not holds)
    note = f"{seconds / 60:.1f} minutes; wrong: {wrong or 'nothing'}"
    speed = round(ROWS / seconds)
    return [Row("import in the emulator, 1 % bad rows", "rows/s", speed, "every count", not wrong, note=note)]


def _file(bad: dict[int, tuple[str, str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for number in range(ROWS):
        cells = row(number)
        if number in bad:
            column, text, _ = bad[number]
            told = dict(zip(HEADER, cells, strict=True)) | {column: text}
            cells = tuple(told.values())
        writer.writerow(cells)
    return out.getvalue().encode()


def _refused(local: Stack) -> list[dict[str, Any]]:
    data = drive.result(local, FILE, "refused.csv") or b""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _mended(refused: list[dict[str, Any]]) -> bytes:
    """As somebody with the right values at hand mends it: the cell that is named, or the row where none is."""
    out = io.StringIO(newline="")
    columns: list[str] = ["line", "column", "code", "reason", *HEADER]
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for each in refused:
        right = dict(zip(HEADER, row(int(each["line"]) - 2), strict=True))
        column = each["column"]
        writer.writerow(each | ({column: right[column]} if column else right))
    return out.getvalue().encode()


def _counts(summary: dict[str, Any]) -> tuple[int, ...]:
    return tuple(summary[name] for name in ("read", "created", "updated", "unchanged", "refused"))


def _debts(local: Stack) -> int:
    pages = (
        local.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=local.tables["ledger"],
            Select="COUNT",
            FilterExpression="begins_with(sk, :debt)",
            ExpressionAttributeValues={":debt": {"S": "DEBT#"}},
        )
    )
    return sum(page["Count"] for page in pages)

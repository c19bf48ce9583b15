"""The file desk against the importer that everybody writes: csv.DictReader and batch_writer, as in samples."""

import csv
import io
import time
from collections.abc import Callable

from tests.bench import debts
from tests.bench.desk import FUNCTIONS, import_file, processes
from tests.bench.dynamodb import Stub
from tests.bench.report import Row

ROWS = 20_000
# A round trip to DynamoDB and back, in seconds.
AWAY = 0.010


def run() -> list[Row]:
    file, changed = _files()
    first = Stub(records=True)
    import_file(first, file)  # also warms every cache that a worker keeps
    first.close_book()
    items = first.items / ROWS
    fresh = _cpu(lambda: import_file(Stub(), file))
    again, partly = Stub(index=first.index), Stub(index=first.index)
    found = [_far(file, items), _near(file, items, fresh), _cost("new", first, 5.0)]
    found.append(_same(fresh, _cpu(lambda: import_file(Stub(index=first.index), file))))
    for stub, what, text, most in ((partly, "2 % changed", changed, 0.5), (again, "unchanged", file, 0.001)):
        import_file(stub, text)
        found.append(_cost(what, stub, most))
    return found


def _files() -> tuple[bytes, bytes]:
    """A file, and the same with every fiftieth balance changed."""
    header, *rows = debts.lines(ROWS)
    changed = [row.replace(".25,MXN,", ".75,MXN,") if n % 50 == 0 else row for n, row in enumerate(rows)]
    return (header + "".join(rows)).encode(), (header + "".join(changed)).encode()


def _far(file: bytes, items: float) -> Row:
    """Both wait for the network; parts run in as many processes as functions may run."""
    ours, plain, single = Stub(AWAY), Stub(AWAY), Stub(AWAY)
    with processes() as pool:
        seconds = _wall(lambda: import_file(ours, file, pool))
    same = _wall(lambda: _plain(plain, file, items=round(items))) * items / round(items)
    one = _wall(lambda: _plain(single, file, items=1))
    note = f"{FUNCTIONS} processes, as many as functions in the template, against one; "
    note += f"{items:.2f} items a row on both sides. One item a row, unchecked: {ROWS / one:,.0f} rows/s"
    return _speed("import of new rows, 10 ms away", seconds, same, 4.0, note, ours)


def _near(file: bytes, items: float, seconds: float) -> Row:
    """Nobody waits: seconds of CPU, that is, per core."""
    ours = Stub()
    import_file(ours, file)
    same = _cpu(lambda: _plain(Stub(), file, items=round(items))) * items / round(items)
    one = _cpu(lambda: _plain(Stub(), file, items=1))
    note = f"a second of CPU; {items:.2f} items a row on both sides. "
    note += f"One item a row, unchecked: {ROWS / one:,.0f} rows/s"
    return _speed("import of new rows, 0 ms away, per core", seconds, same, 0.7, note, ours)


def _speed(name: str, seconds: float, plain: float, goal: float, note: str, stub: Stub) -> Row:
    ratio = plain / seconds
    counted = {"calls": stub.calls.total() / ROWS * 1000, "wru": stub.wru / ROWS}
    return Row(
        name,
        "rows/s",
        round(ROWS / seconds),
        f"≥ {goal} ×",
        ratio >= goal,
        round(ROWS / plain),
        round(ratio, 2),
        note,
        counted,
    )


def _same(fresh: float, again: float) -> Row:
    ratio = fresh / again
    name, speeds = "import of the same file again, per core", (round(ROWS / again), round(ROWS / fresh))
    return Row(
        name, "rows/s", speeds[0], "≥ 3 ×", ratio >= 3, speeds[1], round(ratio, 2), "against its first import"
    )


def _cost(what: str, stub: Stub, most: float) -> Row:
    """All that a file costs by row: also the four units of its lease and its own item."""
    calls, units = stub.calls.total() / ROWS * 1000, stub.wru / ROWS
    counted = {"calls": round(calls, 1), "wru": round(units * 1000, 1)}
    note = f"for 1,000 rows: {calls:.1f} calls, {units * 1000:,.1f} units; "
    note += f"{stub.calls['BatchExecuteStatement']:,} calls that write rows"
    name = f"import, {what}: write units"
    return Row(name, "a row", round(units, 3), f"≤ {most:g}", units <= most, note=note, counted=counted)


def _plain(stub: Stub, file: bytes, *, items: int) -> None:
    table = stub.table()
    with table.batch_writer() as batch:
        for number, row in enumerate(csv.DictReader(io.StringIO(file.decode()))):
            for item in range(items):
                batch.put_item(Item={"pk": f"B#{number}#{item}", "sk": row["debt_id"], **row})


def _wall(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _cpu(work: Callable[[], object], times: int = 2) -> float:
    """The least of several: what else runs on the machine makes the others longer."""
    found: list[float] = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)

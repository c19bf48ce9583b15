"""A journal whose days, once read, wait on the disk: all reports of a run go through the same lines."""

import gzip
import pickle
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

from cobranza.store.journal import Journal, Line

_TOGETHER = 100


class KeptDays(Journal):
    """Asks the table once what was noted `between` two moments. For spans that have ended alone: what is noted in
    them afterwards is not seen. All else is asked each time."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        super().__init__(journal.table)
        self._folder = folder
        self._kept: dict[tuple[datetime, datetime], Path] = {}

    def between(self, start: datetime, end: datetime) -> Iterator[Line]:
        if (start, end) not in self._kept:
            file = self._folder / str(len(self._kept))
            _write(file, super().between(start, end))
            self._kept[start, end] = file
        return _read(self._kept[start, end])


@contextmanager
def kept_days(journal: Journal) -> Generator[KeptDays]:
    """What it keeps is gone in the end."""
    with TemporaryDirectory() as folder:
        yield KeptDays(journal, Path(folder))


def _write(file: Path, lines: Iterator[Line]) -> None:
    with gzip.open(file, "wb", compresslevel=1) as out:
        for some in batched(lines, _TOGETHER, strict=False):
            pickle.dump(some, out)


def _read(file: Path) -> Iterator[Line]:
    with gzip.open(file) as kept:
        while kept.peek(1):
            yield from pickle.load(kept)

"""The table of phrases in `phrases/<language>.txt`, read, and measured against what is understood."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from cobranza.conversation.intent import Intent, Meaning, understand

TODAY = date(2026, 11, 18)
FOLDER = Path(__file__).parent / "phrases"
_LINE = re.compile(r"(?P<intent>[A-Z_]+)(?:@(?P<day>[\d-]+))?(?P<others>(?:\+[A-Z_]+)*)(?: !(?P<near>[A-Z_]+))?")


@dataclass(frozen=True, slots=True)
class Case:
    """A text and what it means. `tells_day`: whether the table says the day, or that there is none."""

    text: str
    language: str
    intent: Intent
    others: frozenset[Intent]
    tells_day: bool
    day: date | None
    near: Intent | None

    @property
    def meaning(self) -> Meaning:
        return _meaning(self.text, self.language)

    @property
    def is_right(self) -> bool:
        meaning = self.meaning
        same_day = not self.tells_day or meaning.day == self.day
        return meaning.intent is self.intent and self.others <= set(meaning.others) and same_day


@cache
def _meaning(text: str, language: str) -> Meaning:
    return understand(text, TODAY, language)


@dataclass(frozen=True, slots=True)
class Measure:
    """Of one intent: how many were found rightly, wrongly, and not at all."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / ((self.right + self.wrong) or 1)

    @property
    def recall(self) -> float:
        return self.right / ((self.right + self.missed) or 1)


def cases(name: str) -> list[Case]:
    """Of `phrases/<name>.txt`; the name begins with the language. Raises ValueError for a line that is no case."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_case(line, name[:2]) for line in lines if line and not line.startswith("#")]


def _case(line: str, language: str) -> Case:
    told, _, text = line.partition(" | ")
    found = _LINE.fullmatch(told)
    if not found or not text:
        raise ValueError(line)
    day = found["day"]
    return Case(
        text=text.replace("\\n", "\n"),
        language=language,
        intent=Intent(found["intent"]),
        others=frozenset(Intent(other) for other in filter(None, found["others"].split("+"))),
        tells_day=day is not None,
        day=date.fromisoformat(day) if day and day != "-" else None,
        near=Intent(found["near"]) if found["near"] else None,
    )


def measure(intent: Intent, those: Iterable[Case]) -> Measure:
    """Each text counts by its main intent."""
    pairs = [(case.intent is intent, case.meaning.intent is intent) for case in those]
    return Measure(pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False)))

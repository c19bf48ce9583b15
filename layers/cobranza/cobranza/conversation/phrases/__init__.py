"""What borrowers say, by language: the files beside this one, read when they are first asked for.

`<language>_words.yaml` has `words` (classes of single words, used as <name>; `mand*` is every word that begins
so), `short` (short forms and misspellings, written out), `small` (words that may stand between those of a phrase)
and `links` (words that may follow a whole one).
`<language>.yaml` has for each intent its phrases, by when they count:

    anywhere   wherever they stand
    ending     where nothing follows in the clause but politeness, another phrase or a linking word
    alone      as a whole sentence or message, but for politeness and other phrases
    clause     as a whole clause, but for politeness
    dated      where the same sentence tells a day to come, or today
    past       where the same sentence tells a day that is over

Two more keys are no intents: `nothing` are phrases that only hide the shorter ones inside them ("no he pagado"
hides "he pagado"), `polite` those that a sentence may be wrapped in. In a phrase `a|b` is one of these, `x?` may
be missing, `*` is any word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from cobranza import yaml_files
from cobranza.conversation.words import Word, plain, sound

LANGUAGES = ("es", "pt", "en")
NOTHING = "nothing"
POLITE = "polite"
ANY = "*"
MIN_STEM, MAX_STEM = 3, 8
MAX_SMALL = 2  # in a row, so that no message makes a walk long


class When(StrEnum):
    ANYWHERE = "anywhere"
    ENDING = "ending"
    CLAUSE = "clause"
    ALONE = "alone"
    DATED = "dated"
    PAST = "past"


@dataclass(slots=True)
class Node:
    """A place in the tree: where each next word leads, and what ends there: (meaning, when, language)."""

    next: dict[str, "Node"] = field(default_factory=dict[str, "Node"])
    ends: set[tuple[str, When, str]] = field(default_factory=set[tuple[str, When, str]])


@dataclass(frozen=True, slots=True)
class Phrase:
    """One that was found: `means` names an intent, `nothing` or `polite`; `first` and `last` are the places of
    its words."""

    means: str
    when: When
    language: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Phrases:
    """Everything that is known, in all languages: who owes in one may write in another."""

    tree: Node
    classes: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, tuple[str, ...]]
    short: Mapping[str, str]
    small: frozenset[str]
    links: frozenset[str]

    def found(self, words: list[Word]) -> Iterator[Phrase]:
        """Every phrase of a text, also those inside others. Bounded work for each word."""
        for first in range(len(words)):
            yield from self._from(words, first)

    def _from(self, words: list[Word], first: int) -> Iterator[Phrase]:
        best: dict[tuple[str, When, str], int] = {}
        places = [(self.tree, 0)]
        for place in range(first, len(words)):
            if words[place].clause != words[first].clause:
                break
            places = self._step(places, words[place].sound)
            if not places:
                break
            for node, skipped in places:
                best |= {end: place for end in node.ends if not skipped}
        for (means, when, language), last in best.items():
            yield Phrase(means, when, language, first, last)

    def _step(self, places: list[tuple[Node, int]], heard: str) -> list[tuple[Node, int]]:
        reached: dict[int, tuple[Node, int]] = {}
        labels = [heard, ANY, *self.classes.get(heard, ())]
        for end in range(MIN_STEM, min(len(heard), MAX_STEM) + 1):
            labels += self.stems.get(heard[:end], ())
        for node, skipped in places:
            for label in labels:
                if label in node.next:
                    reached[id(node.next[label])] = (node.next[label], 0)
            if heard in self.small and node is not self.tree and skipped < MAX_SMALL:
                reached.setdefault(id(node), (node, skipped + 1))
        return list(reached.values())


@cache
def phrases() -> Phrases:
    """Takes some 0.1 s, once."""
    files = {language: _file(language) for language in LANGUAGES}
    planting = _Planting()
    short: dict[str, str] = {}
    for language, told in files.items():
        planting.plant(language, told)
        short |= _short_forms(told["short"])
    stems = {heard[:-1]: tuple(labels) for heard, labels in planting.classes.items() if heard.endswith(ANY)}
    classes = {heard: tuple(labels) for heard, labels in planting.classes.items()}
    return Phrases(planting.tree, classes, stems, short, _sounds(files, "small"), _sounds(files, "links"))


def _short_forms(told: str) -> dict[str, str]:
    pairs = (pair.partition(" = ") for pair in _parts(told))
    return {plain(short): meant for short, _, meant in pairs}


def _parts(table: str) -> list[str]:
    """What commas and lines part."""
    return [part.strip() for part in re.split(r"[,\n]", table) if part.strip()]


def _sounds(files: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(sound(word) for told in files.values() for word in told[key].split())


def _file(language: str) -> dict[str, Any]:
    """The fields of its words, and under `means` its phrases."""
    folder = resources.files("cobranza") / "conversation" / "phrases"
    words, means = (yaml_files.own_texts(folder / f"{name}.yaml") for name in (f"{language}_words", language))
    return {**words, "means": means}


@cache
def _heard(word: str) -> str:
    """A word by its sound; a stem keeps its star."""
    return sound(word) + ANY * word.endswith(ANY)


class _Planting:
    """Grows the tree. Words that may stand in the same place (`a|b`, <name>) are one label, so that the tree stays
    small; `classes` tells the labels of each word."""

    def __init__(self) -> None:
        self.tree = Node()
        self.classes: dict[str, list[str]] = {}
        self._members: dict[str, set[str]] = {}

    def plant(self, language: str, told: Mapping[str, Any]) -> None:
        for name, members in told["words"].items():
            self._member(f"{language}<{name}>", {_heard(word) for word in members.split()})
        for means, tables in told["means"].items():
            for when, table in tables.items():
                for line in _parts(table):
                    self._put(line, language, (means, When(when), language))

    def _put(self, line: str, language: str, end: tuple[str, When, str]) -> None:
        choices = [
            [self._label(part.removesuffix("?"), language), *([""] if part.endswith("?") else [])]
            for part in line.split()
        ]
        for way in product(*choices):
            node = self.tree
            for label in filter(None, way):
                node = node.next.setdefault(label, Node())
            node.ends.add(end)

    def _label(self, part: str, language: str) -> str:
        if part == ANY:
            return ANY
        if "|" not in part and not part.endswith(ANY):
            return f"{language}{part}" if part.startswith("<") else _heard(part)
        label = f"{language}{part}"
        if label not in self._members:
            ways = [self._members.get(f"{language}{each}", {_heard(each)}) for each in part.split("|")]
            self._member(label, set().union(*ways))
        return label

    def _member(self, label: str, words: set[str]) -> None:
        self._members[label] = words
        for word in words:
            self.classes.setdefault(word, []).append(label)

"""Which column is which: canonical names, the names that people use for them, and what a mapping declares."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cobranza.files.codes import refuse
from cobranza.files.declared import Declared
from cobranza.files.row import ADDED
from cobranza.files.synonyms import DEBT_NAMES, DROPPED, SAME

EXTRA = "extra."
MAX_EXTRAS = 20

_EXTRA_NAME = re.compile(r"extra\.([a-z][a-z0-9_]{0,29})")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER_SIGN = re.compile(r"#|№|\b[nN]\s?\.?\s?[º°]\.?")
_WHATSAPP = re.compile(r"whats\s?app", re.IGNORECASE)  # its own capitals divide no words
_BLANK = re.compile(r"[\s_.\-]+")

type Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Recognised:
    """`columns` has the index of each canonical column and of each extra (`extra.<name>`); `ignored` are headers
    that nobody reads; `missing` are mapped headers that the file does not have."""

    columns: Mapping[str, int]
    ignored: tuple[str, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns of a kind of file.

    `names` are canonical, in the order of the guide. Of each group in `one_of` one must be there. `dates` and
    `amounts` are evidence for the file's formats; `keys` are empty in a row of totals; the first of `totals`
    that the file has is added up. `tells_stops`: it is read row by row where its formats cannot be
    decided. `synonyms` are names by which each is recognised.
    """

    kind: str
    names: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    dates: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    tells_stops: bool = False
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @cached_property
    def _by_words(self) -> dict[Words, tuple[str, ...]]:
        found: dict[Words, tuple[str, ...]] = {}
        for name in self.names:
            for synonym in (name, *self.synonyms.get(name, ())):
                words = fold(synonym)
                if name not in found.get(words, ()):
                    found[words] = (*found.get(words, ()), name)
        return found

    def recognise(self, header: Sequence[str], declared: Declared) -> Recognised:
        """Raises InvalidInput (AMBIGUOUS_COLUMN, DUPLICATE_COLUMN, MISSING_COLUMN)."""
        claims, missing = self._claims(header, declared)
        columns: dict[str, int] = {}
        for index in sorted(claims):
            names = claims[index]
            if len(names) > 1:
                raise _unclear(f"{header[index]!r} = {' | '.join(names)}")
            name = next(iter(names))
            if name in columns:
                first, second = header[columns[name]], header[index]
                if first.strip() == second.strip():
                    raise refuse("DUPLICATE_COLUMN", first.strip())
                raise _unclear(f"{first!r}, {second!r} = {name}")
            columns[name] = index
        self._check_complete(columns, header, declared)
        silent = {*claims, *_places(header, declared.ignore)}
        unread = [name for index, name in enumerate(header) if index not in silent]
        ignored = tuple(name for name in unread if name.strip() and name.strip() not in ADDED)
        return Recognised(columns, ignored, missing)

    def score(self, header: Sequence[str], declared: Declared) -> tuple[bool, int]:
        """How much a row looks like the header: whether all required columns are there, and how many in all."""
        claims, _ = self._claims(header, declared)
        found = {name for names in claims.values() for name in names if not name.startswith(EXTRA)}
        return not self._missing(found, declared) and bool(found), len(found)

    def _claims(
        self, header: Sequence[str], declared: Declared
    ) -> tuple[dict[int, tuple[str, ...]], tuple[str, ...]]:
        """For each index the columns it may be: declared ones first, then exact names, then synonyms."""
        claims: dict[int, tuple[str, ...]] = {}
        missing: list[str] = []
        passed_over: list[str] = []
        wanted = [(name, theirs) for name, theirs in declared.columns.items() if name not in declared.values]
        wanted += [(EXTRA + name, (their,)) for name, their in declared.extra.items()]
        for name, theirs in wanted:
            found = next((their for their in theirs if _places(header, (their,))), "")
            for place in _places(header, (found,)) if found else ():
                claims[place] = (*claims.get(place, ()), name)
            passed_over += [their for their in theirs if their != found]
            if not found:
                missing.append(theirs[0])
        # A fixed value stands for its column, whatever the file says.
        taken = {name for names in claims.values() for name in names} | set(declared.values)
        ignored = set(_places(header, (*declared.ignore, *passed_over)))
        free = [index for index in range(len(header)) if index not in claims and index not in ignored]
        exact = {index: name for index in free if (name := self._exact(header[index])) and name not in taken}
        claims |= {index: (name,) for index, name in exact.items()}
        taken |= set(exact.values())
        for index in free:
            if index not in claims and header[index].strip():
                fitting = self._by_words.get(fold(header[index]), ())
                if names := tuple(name for name in fitting if name not in taken):
                    claims[index] = names
        return claims, tuple(missing)

    def _exact(self, header: str) -> str:
        name = header.strip().casefold()
        if _EXTRA_NAME.fullmatch(name):
            return name
        name = _BLANK.sub("_", name)
        return name if name in self.names else ""

    def _missing(self, found: Mapping[str, int] | set[str], declared: Declared) -> list[str]:
        there = {*found, *declared.values, *declared.defaults, *declared.without}
        missing = [name for name in self.required if name not in there]
        return missing + [" | ".join(group) for group in self.one_of if there.isdisjoint(group)]

    def _check_complete(self, columns: Mapping[str, int], header: Sequence[str], declared: Declared) -> None:
        if missing := self._missing(columns, declared):
            seen = ", ".join(name.strip()[:40] for name in header if name.strip())[:600]
            raise refuse("MISSING_COLUMN", f"{', '.join(missing)} ← {seen}")
        if sum(name.startswith(EXTRA) for name in columns) > MAX_EXTRAS:
            raise _unclear(f"extra.*: {MAX_EXTRAS}")


@lru_cache(8192)
def fold(name: str) -> Words:
    """The words of a header without what people vary: case, accents, order, separators, articles; and words that
    mean the same in it are one (`nº`, `número`, `código`, `id`)."""
    text = _WHATSAPP.sub("whatsapp", _NUMBER_SIGN.sub(" id ", name[:200]))
    text = _CAMEL.sub(" ", text)
    text = unicodedata.normalize("NFKD", text).casefold()
    text = "".join(" " if not c.isalnum() else c for c in text if not unicodedata.combining(c))
    return frozenset(SAME.get(word, word) for word in text.split() if word not in DROPPED)


def _places(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where the named headers are: spelled the same, else but for case, accents and blanks."""
    exact = [name.strip() for name in header]
    loose = [_loose(name) for name in header]
    found: list[int] = []
    for name in names:
        places = [index for index, one in enumerate(exact) if one == name.strip()]
        found += places or [index for index, one in enumerate(loose) if one and one == _loose(name)]
    return found


@lru_cache(8192)
def _loose(name: str) -> str:
    text = unicodedata.normalize("NFKD", name[:200]).casefold()
    return " ".join("".join(c for c in text if not unicodedata.combining(c)).split())


def _unclear(what: str):
    return refuse("AMBIGUOUS_COLUMN", f"{what}; mapping: columns: {{name: header}}, ignore: [header]")


DEBTS = Columns(
    kind="debts",
    names=(
        *("borrower_id", "document_type", "document_id", "document_last4"),
        *("name", "phone", "country", "region", "language"),
        *(
            "debt_id",
            "instalment",
            "amount",
            "balance",
            "late_fee",
            "credit",
            "plan_total",
            "currency",
            "due_date",
            "paid_on",
        ),
        *("payment_url", "document_url", "document_name", "tags", "risk", "disputed"),
        *("consent", "consent_at", "consent_source", "consent_text", "consent_purpose"),
    ),
    required=("borrower_id", "name", "phone", "country", "debt_id", "currency", "due_date"),
    one_of=(("amount", "balance"),),
    dates=("due_date", "paid_on", "consent_at"),
    amounts=("amount", "balance", "late_fee", "credit", "plan_total"),
    keys=("debt_id",),
    totals=("balance", "amount"),
    synonyms=DEBT_NAMES,
)

"""`cobranza export`: all that is kept of a borrower, as one JSON object, for the borrower.

docs/privacy.md says what each part holds."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cobranza.store import case_keys, keys
from cobranza.store.journal import Journal, Line
from cobranza.store.table import Item, utc
from cobranza.store.traces import People, Traces
from cobranza_cli.erase import reference_of
from cobranza_cli.place import Place
from cobranza_cli.status import known

# Which items of the ledger are in which part, the first that fits: by pk, then by sk.
PARTS: Mapping[str, Callable[[str, str], bool]] = {
    "profile": lambda pk, sk: sk == keys.PROFILE,
    "said": lambda pk, sk: sk == keys.STANDING or sk.startswith(keys.MARK),
    "debts": lambda pk, sk: sk.startswith(keys.DEBT),
    "credits": lambda pk, sk: sk.startswith(keys.CREDIT),
    "messages": lambda pk, sk: sk.startswith((keys.MESSAGE, keys.TOLD, keys.CONFIRMATION)),
    "receipts": lambda pk, sk: keys.is_borrower(pk) and sk.startswith(keys.RECEIPT),
    "words": lambda pk, sk: pk.startswith(keys.chat_pk("")),
    "payments": lambda pk, sk: pk.startswith(f"{keys.PAYMENT}#"),
    "cases": lambda pk, sk: pk.startswith(f"{case_keys.CASE}#"),
    "phones": lambda pk, sk: pk.startswith(keys.reference_pk("")),
    "other": lambda pk, sk: True,
}
# Of the table and of its indexes; they say nothing of a person.
_OURS = frozenset({"book", "due_shard", "due_at", "digest", "rev", "salt", "expires", "lease", "priority"})


def export(place: Place, whom: str, portfolio: str) -> dict[str, Any] | None:
    """All of one borrower; with a `portfolio` without what is another's. None where nothing is kept. Raises
    InvalidInput for a portfolio that has nothing of them."""
    ref = reference_of(place, whom)
    (traces,) = People(place.ledger, place.references).traces([ref])
    subjects = [keys.borrower_pk(ref), *map(keys.chat_pk, sorted(traces.phones))]
    journal = Journal(place.journal)
    lines = sorted((line for subject in subjects for line in journal.of(subject)), key=lambda line: line.at)
    if not traces.items and not lines:
        return None
    if portfolio:
        known(portfolio, sorted(_portfolios([*traces.items, *(line.facts for line in lines)])))
    told: dict[str, Any] = {"v": 1, "borrower": ref, "portfolio": portfolio, "exported_at": utc(place.now())}
    told |= _parts(traces, portfolio)
    told["journal"] = [_line(line) for line in lines if _is_of(line.facts, portfolio)]
    return told


def _portfolios(told: Iterable[Mapping[str, Any]]) -> set[str]:
    return {each["portfolio"] for each in told if each.get("portfolio")}


def _parts(traces: Traces, portfolio: str) -> dict[str, list[dict[str, Any]]]:
    parts: dict[str, list[dict[str, Any]]] = {name: [] for name in PARTS}
    for item in _in_order([*traces.items, *traces.shared]):
        if _is_of(item, portfolio):
            name = next(name for name, fits in PARTS.items() if fits(item["pk"], item["sk"]))
            parts[name].append(_plain({n: v for n, v in item.items() if n not in _OURS}))
    return parts


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def _is_of(told: Mapping[str, Any], portfolio: str) -> bool:
    return not portfolio or told.get("portfolio", portfolio) in ("", portfolio)


def _line(line: Line) -> dict[str, Any]:
    return {"at": utc(line.at), "event": line.event, "identity": line.identity, **_plain(line.facts)}


def _plain(value: Any) -> Any:
    """As JSON: amounts are texts, so that none loses a digit; sets are lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(inner) for inner in value)
    return str(value) if isinstance(value, Decimal) else value

"""`cobranza export`: all that is kept of a person, as one JSON object, for the person.

docs/privacy.md says what each part holds."""

from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cobranza.flows.record_events import UNREADABLE
from cobranza.store import case_keys, keys, payment_keys
from cobranza.store.journal import Journal, Line
from cobranza.store.personal_keys import is_case
from cobranza.store.table import Item, utc
from cobranza.store.traces import People, Traces
from cobranza_cli.place import Place
from cobranza_cli.status import known
from cobranza_cli.whom import meant

# Which items of the ledger are in which part, the first that fits: by pk, then by sk.
PARTS: Mapping[str, Callable[[str, str], bool]] = {
    "profile": lambda pk, sk: sk == keys.PROFILE,
    "said": lambda pk, sk: sk == keys.STANDING or sk.startswith(keys.MARK),
    "debts": lambda pk, sk: sk.startswith(keys.DEBT),
    "credits": lambda pk, sk: sk.startswith(keys.CREDIT),
    "messages": lambda pk, sk: sk.startswith((keys.MESSAGE, keys.TOLD, keys.CONFIRMATION)),
    "receipts": lambda pk, sk: keys.is_borrower(pk) and sk.startswith(keys.RECEIPT),
    "words": lambda pk, sk: pk.startswith(keys.chat_pk("")),
    "payments": lambda pk, sk: pk.startswith(f"{payment_keys.PAYMENT}#"),
    "cases": lambda pk, sk: pk.startswith(f"{case_keys.CASE}#"),
    "phones": lambda pk, sk: pk.startswith(keys.reference_pk("")),
    "other": lambda pk, sk: True,
}
# Of the table and of its indexes; they say nothing of a person.
_OURS = frozenset({"book", "due_shard", "due_at", "digest", "rev", "salt", "expires", "lease", "priority"})
# What is theirs of a message that lies in the conversation of the borrower whose number they have.
_SAID = frozenset({"sk", "direction", "type", "text", "payload", "from", "user_id", "media", "raw"})


def export(place: Place, whom: str, portfolio: str) -> dict[str, Any] | None:
    """All of one person; with a `portfolio` without what is another's. None where nothing is kept. Raises
    InvalidInput for a portfolio that has nothing of them, and as `meant` does."""
    who, people = meant(place, whom), People(place.ledger, place.references)
    (traces,) = people.traces([who])
    subjects = dict.fromkeys([*who.subjects, *map(keys.chat_pk, sorted(traces.phones))])
    journal = Journal(place.journal)
    lines = sorted((line for subject in subjects for line in journal.of(subject)), key=lambda line: line.at)
    if not traces.items and not lines:
        return None
    if portfolio:
        known(portfolio, sorted(_portfolios([*traces.items, *(line.facts for line in lines)])))
    told: dict[str, Any] = {"v": 1, "borrower": who.ref, "portfolio": portfolio, "exported_at": utc(place.now())}
    of_several = people.of_several(traces)
    told |= _parts(traces, portfolio, of_several)
    told["journal"] = [_line(line, traces.debts) for line in lines if _is_of(line.facts, portfolio)]
    told["left_out"] = {"words_of_several": len(of_several)}
    return told


def _portfolios(told: Iterable[Mapping[str, Any]]) -> set[str]:
    return {each["portfolio"] for each in told if each.get("portfolio")}


def _parts(traces: Traces, portfolio: str, of_several: Container[str]) -> dict[str, list[dict[str, Any]]]:
    """`of_several` are the events of messages that may be somebody else's, who had the same phone."""
    parts: dict[str, list[dict[str, Any]]] = {name: [] for name in PARTS}
    sent = (item for item in traces.items if item["sk"] not in of_several)
    mine = [item for item in sent if is_case(item) or item.get("event", "") not in of_several]
    for item in _in_order([*mine, *map(traces.part_in, traces.shared)]):
        if _is_of(item, portfolio):
            name = next(name for name, fits in PARTS.items() if fits(item["pk"], item["sk"]))
            told = _SAID & item.keys() if name == "words" and not traces.is_theirs(item) else item.keys() - _OURS
            told -= {"raw"} if item["pk"] == keys.news_pk(UNREADABLE) else set()  # it may name anybody
            parts[name].append(_plain({each: item[each] for each in item if each in told}))
    return parts


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (item["pk"], item["sk"]))


def _is_of(told: Mapping[str, Any], portfolio: str) -> bool:
    return not portfolio or told.get("portfolio", portfolio) in ("", portfolio)


def _line(line: Line, debts: Container[str]) -> dict[str, Any]:
    """A case's line may name what somebody else owes, who had the same phone."""
    facts = dict(line.facts)
    if "case" in facts:
        facts["debts"] = [debt for debt in facts.get("debts", ()) if debt in debts]
    return {"at": utc(line.at), "event": line.event, "identity": line.identity, **_plain(facts)}


def _plain(value: Any) -> Any:
    """As JSON: amounts are texts, so that none loses a digit; sets are lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(inner) for inner in value)
    return str(value) if isinstance(value, Decimal) else value

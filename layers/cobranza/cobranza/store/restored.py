"""The ledger beside a copy of what it was at a moment before: what files told goes back to it.

What people said and what was sent to them stays as it is now; what of it is gone comes back. So nobody's stop, and
no message that has left, is undone by a file that was wrong.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import batched

from cobranza.ledger.confirmation import Subject
from cobranza.store import keys, payment_keys
from cobranza.store.table import READS_A_CALL, Item, Table

_KEY = ("pk", "sk")
_OF_FILES = (keys.PROFILE, keys.DEBT, keys.CREDIT)
# What waits to be told of payments goes with them; what was told stays.
_OF_PAYMENTS = tuple(f"{keys.CONFIRMATION}{subject}#" for subject in (Subject.PAYMENT, Subject.THANKS))


def go_back(table: Table, copy: Table, now: datetime) -> Counter[str]:
    """How many items were `put` and `deleted`. Twice changes nothing more."""
    done: Counter[str] = Counter()
    for batch in batched(copy.scan(_KEY), READS_A_CALL, strict=False):
        known = {_key(item): item for item in table.get_all(batch)}
        for item in copy.get_all(batch):
            there = known.get(_key(item))
            if there != item and (there is None or _is_of_files(there)) and not _is_over(item, now):
                table.put(item)
                done["put"] += 1
    for batch in batched(filter(_is_of_files, table.scan((*_KEY, "outcome"))), READS_A_CALL, strict=False):
        for key in _missing(batch, copy):
            table.delete(key)
            done["deleted"] += 1
    return done


def _missing(items: Iterable[Item], copy: Table) -> list[Item]:
    listed = [{name: item[name] for name in _KEY} for item in items]
    kept = {_key(item) for item in copy.get_all(listed, _KEY)}
    return [key for key in listed if _key(key) not in kept]


def _is_of_files(item: Item) -> bool:
    """A profile's own words, as the moment of a stop, go back with it; the journal has them."""
    pk, sk = item["pk"], item["sk"]
    if keys.is_borrower(pk):
        return sk.startswith(_OF_FILES) or (sk.startswith(_OF_PAYMENTS) and "outcome" not in item)
    return keys.is_portfolio(pk) or payment_keys.is_payment(pk)


def _is_over(item: Item, now: datetime) -> bool:
    return "expires" in item and item["expires"] <= now.timestamp()


def _key(item: Item) -> tuple[str, str]:
    return item["pk"], item["sk"]

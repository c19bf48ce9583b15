"""How the keys of all that is about one person are recognised, wherever it lies. As in keys.py, nobody else knows
their shape.
"""

from collections.abc import Iterable
from typing import NamedTuple

from cobranza.store import case_keys, keys, payment_keys, phone_keys
from cobranza.store.table import Item

ERASED = "ERASED"
ERASURES = "erased/"


class Somebody(NamedTuple):
    """A borrower by their reference. Of whom we know the number alone `phones` are the references of its forms,
    and `ref` is the first of them."""

    ref: str
    phones: tuple[str, ...] = ()

    @classmethod
    def at(cls, phones: Iterable[str]) -> "Somebody":
        """Whoever has the number with these forms."""
        forms = tuple(sorted({*phones}))
        return cls(forms[0], forms)

    @property
    def subjects(self) -> list[str]:
        """Whose lines in the journal are about them; of the first is what becomes of them."""
        return [*map(keys.chat_pk, self.phones)] or [keys.borrower_pk(self.ref)]


def erased(ref: str) -> dict[str, str]:
    """That the borrower was erased: nobody brings them back. All in one partition, which is read whole."""
    return {"pk": ERASED, "sk": ref}


def erasure_place(ref: str) -> str:
    """The object that tells the same where no restored table forgets it."""
    return f"{ERASURES}{ref}.json"


def receipts_place(chat: str) -> str:
    """Where the files lie that came in with a conversation."""
    return f"receipts/{chat}/"


def is_news(item: Item) -> bool:
    return item["pk"].startswith(keys.NEWS)


def is_case(item: Item) -> bool:
    return item["pk"].startswith(f"{case_keys.CASE}#")


def is_user_id(item: Item) -> bool:
    """That a user id stands for phones."""
    return item["pk"].startswith(keys.REFERENCE) and item["sk"] == phone_keys.PHONES


def is_moved(item: Item) -> bool:
    """Where a phone's owner went."""
    return item["pk"].startswith(keys.REFERENCE) and item["sk"] == phone_keys.MOVED


def is_unmatched(item: Item) -> bool:
    return item["sk"] == payment_keys.UNMATCHED


def owner_of(item: Item) -> str:
    """Of a phone, a document, a payment, or a look that a pause held: the borrower it leads to, else empty."""
    pk, sk = item["pk"], item["sk"]
    if pk.startswith(keys.REFERENCE) and keys.is_borrower(sk):
        return keys.borrower_of(sk)
    if pk.startswith(keys.CONTROL) and sk.startswith(keys.HELD):
        return sk.rpartition("#")[2]
    return item.get("borrower", "")


def phone_of(item: Item) -> str:
    """The reference of a phone, or of a document, that leads to somebody; else empty."""
    return keys.phone_of(item["pk"]) if item["pk"].startswith(keys.REFERENCE) else ""


def rank(item: Item) -> int:
    """What may go first: of each the next one is still found by what is left, the profile by its key alone."""
    pk, sk = item["pk"], item["sk"]
    if keys.is_borrower(pk):
        return 4 if sk == keys.PROFILE else 3
    return 2 if pk.startswith(keys.REFERENCE) else 1 if pk.startswith(keys.chat_pk("")) else 0

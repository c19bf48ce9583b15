"""Who of the business has read the words of each template, by name and language. Apart from what Meta says of it,
which senders read: this is for people alone."""

from collections.abc import Iterable
from datetime import datetime

from cobranza.policy.registered import Registered, Review
from cobranza.store import keys
from cobranza.store.table import Item, Table, utc


class Reviews:
    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, registered: Iterable[Registered], by: str, at: datetime) -> None:
        """These have been read, with the words that Meta has."""
        for each in registered:
            named = {"name": each.name, "language": each.language}
            told = {"by": by, "at": utc(at), "digest": each.digest, "registered": each.digest}
            self._table.update(keys.review(**named), named | told)

    def note(self, registered: Iterable[Registered]) -> None:
        """What Meta has now, where it is another text than before: nobody has read that."""
        known = self._known()
        for each in registered:
            review = known.get((each.name, each.language))
            if review and review.registered != each.digest:
                self._table.update(keys.review(each.name, each.language), {"registered": each.digest})

    def holding(self) -> dict[tuple[str, str], Review]:
        """By name and language, those of the words that Meta has, as far as anybody knows."""
        return {key: each for key, each in self._known().items() if each.holds}

    def _known(self) -> dict[tuple[str, str], Review]:
        found = self._table.query("pk = :pk", {"pk": keys.REVIEWS})
        return {(item["name"], item["language"]): _review(item) for item in found}


def _review(item: Item) -> Review:
    return Review(by=item["by"], at=item["at"], digest=item["digest"], registered=item["registered"])

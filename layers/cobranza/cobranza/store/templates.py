"""What Meta last said of each template, by name and language."""

from collections.abc import Iterable
from datetime import datetime

from cobranza.policy.registered import Registered
from cobranza.store import keys
from cobranza.store.table import Table, utc


class Templates:
    def __init__(self, table: Table) -> None:
        self._table = table

    def save(self, registered: Iterable[Registered], at: datetime) -> None:
        """What is not among them stays as it was told before, with its older moment."""
        for each in registered:
            self._table.put(
                {
                    **keys.template(each.name, each.language),
                    "name": each.name,
                    "language": each.language,
                    "status": each.status,
                    "category": each.category,
                    "quality": each.quality,
                    "template_id": each.template_id,
                    "told_at": utc(at),
                }
            )

    def all(self) -> list[Registered]:
        return [
            Registered(
                name=item["name"],
                language=item["language"],
                status=item["status"],
                category=item["category"],
                quality=item["quality"],
                template_id=item["template_id"],
            )
            for item in self._table.query("pk = :pk", {"pk": keys.TEMPLATES})
        ]

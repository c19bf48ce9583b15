"""Documents that were uploaded to WhatsApp, beside the debts they are of."""

import contextlib

from cobranza.ledger.debt import Uploaded
from cobranza.store import keys
from cobranza.store.items import uploaded_item
from cobranza.store.table import ConditionFailed, Table


class Documents:
    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, borrower: str, debt_key: str, uploaded: Uploaded) -> None:
        """The last one counts. Nothing where there is no such debt."""
        with contextlib.suppress(ConditionFailed):
            self._table.update(
                keys.debt(borrower, debt_key),
                {"uploaded": uploaded_item(uploaded)},
                condition="attribute_exists(#pk)",
            )

"""What is declared about a file before it is read: by its mapping, and by the metadata of the dropped object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cobranza.files.codes import refuse
from cobranza.files.formats import DATE_ORDERS, DateOrder, Formats

_UNDECIDED = Formats()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """All empty: everything is decided by what the file shows.

    `columns` are the file's own headers for a canonical column (the first of them that is there), `extra` those
    for values that templates use, by name; headers in `ignore` are not read. `values` stand in every row
    whatever the file says; `defaults` (country, currency, language) where the row says nothing. `without` are
    required columns that the export does not have (name, phone). `encoding` and `delimiter` are read as such,
    without looking for others.
    """

    formats: Formats = _UNDECIDED
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    without: Sequence[str] = ()
    encoding: str = ""
    delimiter: str = ""

    def with_metadata(self, metadata: Mapping[str, str]) -> "Declared":
        """The same under the object metadata `date-order` and `decimal`, which win because they speak of this
        one file. Raises InvalidInput (BAD_METADATA)."""
        order, decimal = self.formats.date_order, self.formats.decimal
        if said := metadata.get("date-order", "").strip().upper():
            found: list[DateOrder] = [known for known in DATE_ORDERS if known == said]
            if not found:
                raise refuse("BAD_METADATA", f"date-order: {said[:20]!r} → DMY | MDY | YMD")
            order = found[0]
        if said := metadata.get("decimal", "").strip():
            if said != "." and said != ",":
                raise refuse("BAD_METADATA", f"decimal: {said[:20]!r} → . | ,")
            decimal = said
        return replace(self, formats=Formats(order, decimal))

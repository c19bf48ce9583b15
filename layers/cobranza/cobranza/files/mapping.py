"""A mapping: how one system's export names its columns and writes its dates and amounts.

The creditor's team drops it as `mappings/<portfolio>/<name>.yaml`:

    like: sap                          # start from a ready mapping of files/mappings/
    applies_to: "cartera_*.csv"        # names of files, * and ? for anything
    columns: {borrower_id: Cod. Cliente, balance: [Saldo Total, Saldo]}     # the first one that is there
    extra: {branch: Sucursal}          # for templates
    ignore: [Cuota]                    # not read
    date_order: DMY
    decimal: ","
    country: MX                        # where the row says nothing; so currency and language
    values: {document_type: INE}       # in every row
    without: [name, phone]             # the export has no such column
"""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.columns import DEBTS, MAX_EXTRAS, Columns
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.yaml_files import YamlFile

type Ready = Literal["salesforce", "zoho", "sap", "odoo", "countrycode_customerid_invoicenumber"]

# What people call them. Latin-1 is read as its superset of Windows, as browsers do.
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-1": "cp1252",
    "iso-8859-15": "iso8859-15",
    "cp850": "cp850",
    "cp437": "cp437",
    "mac-roman": "mac-roman",
}

# Nobody consents, and nobody has a phone, by declaration.
_NEVER_FIXED = ("consent", "phone")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _delimiter(value: object) -> object:
    return "\t" if value == "tab" else value


def _encoding(value: object) -> object:
    if isinstance(value, str) and value.lower() in ENCODINGS:
        return ENCODINGS[value.lower()]
    raise PydanticCustomError("encoding", "must be one of {known}", {"known": ", ".join(ENCODINGS)})


type Header = Annotated[str, StringConstraints(min_length=1, max_length=200)]
type Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
type ExtraName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]


class Mapping(BaseModel):
    """One mapping; `kind` is the kind of files it is for, empty for any. Texts as in the module's docstring."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    like: Ready | None = None
    kind: str = ""
    applies_to: Annotated[str, StringConstraints(max_length=200)] = "*"
    columns: dict[
        str, Annotated[tuple[Header, ...], BeforeValidator(_listed), Field(min_length=1, max_length=20)]
    ] = {}
    extra: Annotated[dict[ExtraName, Header], Field(max_length=MAX_EXTRAS)] = {}
    ignore: Annotated[tuple[Header, ...], Field(max_length=200)] = ()
    values: dict[str, Text] = {}
    without: Annotated[tuple[Literal["name", "phone"], ...], Field(max_length=2)] = ()
    date_order: Literal["YMD", "DMY", "MDY", ""] = ""
    decimal: Literal[".", ",", ""] = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    language: Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Z]{2})?)?$")] = ""
    encoding: Annotated[str, BeforeValidator(_encoding)] = ""
    delimiter: Annotated[Literal[",", ";", "\t", "|", ""], BeforeValidator(_delimiter)] = ""

    def applies(self, file: str) -> bool:
        """Whether it is for a file of this name, whatever the case."""
        return fnmatchcase(file.lower(), self.applies_to.lower())

    def declared(self) -> Declared:
        """What Reading takes; on top of the mapping that this one is like."""
        base = ready(self.like).declared() if self.like else Declared()
        defaults = {"country": self.country, "currency": self.currency, "language": self.language}
        return Declared(
            formats=Formats(self.date_order or base.formats.date_order, self.decimal or base.formats.decimal),
            columns={**base.columns, **self.columns},
            extra={**base.extra, **self.extra},
            ignore=(*base.ignore, *self.ignore),
            values={**base.values, **self.values},
            defaults={**base.defaults, **{name: text for name, text in defaults.items() if text}},
            without=tuple(dict.fromkeys((*base.without, *self.without))),
            encoding=self.encoding or base.encoding,
            delimiter=self.delimiter or base.delimiter,
        )


def parse_mapping(data: bytes, name: str, kinds: Map[str, Columns] | None = None) -> Mapping:
    """Reads a mapping of at most 64 KB. `kinds` are the columns of each kind of file; those of debts if not given.

    Raises InvalidInput (BAD_MAPPING) with a sentence that names every wrong field and its line.
    """
    kinds = kinds or {"debts": DEBTS, "snapshots": DEBTS}
    file = YamlFile(data, name, _refused)
    try:
        mapping = Mapping.model_validate(file.values)
    except ValidationError as error:
        raise file.explained(error) from error
    if mapping.kind and mapping.kind not in kinds:
        raise _refused(f"kind (line {file.line('kind')}): {' | '.join(kinds)}", "kind")
    for column in mapping.values:
        if column.startswith(_NEVER_FIXED):
            where = file.line("values", column)
            raise _refused(f"values.{column} (line {where}): cannot be declared for all rows", column)
    known = {one for kind, columns in kinds.items() if mapping.kind in ("", kind) for one in columns.names}
    for field in ("columns", "values"):
        for column in getattr(mapping, field):
            if column not in known:
                where = file.line(field, column)
                raise _refused(f"{field}.{column} (line {where}): {', '.join(sorted(known))}", column)
    return mapping


def chosen(mappings: Iterable[tuple[str, Mapping]], kind: str, file: str) -> Mapping | None:
    """Of a portfolio's mappings by name the one that is for this file: one with a pattern before one for all.

    Raises InvalidInput (SEVERAL_MAPPINGS).
    """
    fitting = [(name, one) for name, one in mappings if one.kind in ("", kind) and one.applies(file)]
    fitting = [each for each in fitting if each[1].applies_to != "*"] or fitting
    if len(fitting) > 1:
        raise refuse("SEVERAL_MAPPINGS", ", ".join(name for name, _ in fitting))
    return fitting[0][1] if fitting else None


@cache
def ready(name: Ready) -> Mapping:
    """A mapping that comes with the package."""
    file = f"{name}.yaml"
    return parse_mapping(resources.files("cobranza.files").joinpath("mappings", file).read_bytes(), file)


def _refused(sentence: str, field: str) -> InvalidInput:
    return refuse("BAD_MAPPING", sentence, field)

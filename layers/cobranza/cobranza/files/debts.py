"""The debts file: what each column may hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS

from cobranza.files.codes import refuse
from cobranza.files.table import Row
from cobranza.ledger.borrower import Consent
from cobranza.ledger.debt import Terms
from cobranza.ledger.money import parse_amount, parse_currency
from cobranza.ledger.phone import parse_phone

COLUMNS = (
    "borrower_id",
    "document_type",
    "document_id",
    "name",
    "phone",
    "country",
    "region",
    "language",
    "debt_id",
    "instalment",
    "amount",
    "balance",
    "currency",
    "due_date",
    "payment_url",
    "document_url",
    "tags",
    "risk",
    "consent",
    "consent_at",
    "consent_source",
    "consent_text",
)
# And one of amount and balance.
REQUIRED = ("borrower_id", "name", "phone", "country", "debt_id", "currency", "due_date")

MAX_ID = 64
MAX_NAME = 100
MAX_LINK = 500
MAX_CONSENT_SOURCE = 100
MAX_CONSENT_TEXT = 1000

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?")
_REGION = re.compile(r"[A-Z0-9]{1,6}")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
_YES = frozenset({"yes", "y", "si", "s", "sim", "1", "true"})
_NO = frozenset({"no", "n", "nao", "0", "false", ""})

type Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRow:
    """A good row. `phone` is E.164; `region` and `language` may be empty. `consent_declared` tells a row
    that says no from one that says nothing."""

    line: int
    borrower_id: str
    name: str
    phone: str
    country: str
    region: str
    language: str
    consent: Consent | None
    consent_declared: bool
    terms: Terms


def check_header(header: Sequence[str]) -> None:
    """Raises InvalidInput MISSING_COLUMN, which names all that are missing. Other columns are ignored."""
    missing = [name for name in REQUIRED if name not in header]
    if "amount" not in header and "balance" not in header:
        missing.append("amount or balance")
    if missing:
        raise refuse("MISSING_COLUMN", ", ".join(missing))


def balance_column(header: Sequence[str]) -> Literal["balance", "amount"]:
    """The column that says what is still owed."""
    return "balance" if "balance" in header else "amount"


def parse_debt_row(header: Sequence[str], row: Row, *, portfolio: str, as_of: datetime) -> DebtRow:
    """Read one row under a header that `check_header` let pass.

    Raises InvalidInput for the first bad cell in the order of COLUMNS, with one exception: country goes
    before phone and currency before the amounts, because they say how to read them.
    """
    if len(row.cells) != len(header):
        raise refuse("RAGGED_ROW", f"{len(row.cells)} instead of {len(header)}; see its quotes and separators")
    cells = {name: cell.strip() for name, cell in zip(header, row.cells, strict=True)}
    borrower_id = _id(cells, "borrower_id", required=True)
    name = _name(cells)
    country = _country(cells)
    phone = parse_phone(_required(cells, "phone"), country)
    region = _region(cells)
    language = _language(cells)
    debt_id = _id(cells, "debt_id", required=True)
    instalment = _id(cells, "instalment")
    currency = parse_currency(_required(cells, "currency"))
    amount, balance = _amounts(cells, currency)
    due_date = _due_date(cells)
    payment_url = _link(cells, "payment_url")
    return DebtRow(
        line=row.line,
        borrower_id=borrower_id,
        name=name,
        phone=phone.e164,
        country=country,
        region=region,
        language=language,
        consent=_consent(cells),
        consent_declared=bool(cells.get("consent")),
        terms=Terms(
            portfolio=portfolio,
            debt_id=debt_id,
            instalment=instalment,
            amount=amount,
            balance=balance,
            currency=currency,
            due_date=due_date,
            as_of=as_of,
            payment_url=payment_url,
        ),
    )


def _required(cells: Cells, column: str) -> str:
    if text := cells[column]:
        return text
    raise refuse("MISSING_VALUE", f"{column} must be there", column)


def _id(cells: Cells, column: str, *, required: bool = False) -> str:
    text = _required(cells, column) if required else cells.get(column, "")
    if len(text) > MAX_ID or "#" in text or not text.isprintable():
        raise refuse("BAD_ID", f"at most {MAX_ID} printable characters, without #", column)
    return text


def _name(cells: Cells) -> str:
    text = _required(cells, "name")
    if len(text) > MAX_NAME or not text.isprintable() or not any(map(str.isalpha, text)):
        raise refuse("BAD_NAME", f"at most {MAX_NAME} printable characters, and a letter among them", "name")
    return text


def _country(cells: Cells) -> str:
    code = _required(cells, "country").upper()
    if code not in SUPPORTED_REGIONS:
        raise refuse("BAD_COUNTRY", "write the two letters of ISO 3166-1, such as MX", "country")
    return code


def _region(cells: Cells) -> str:
    code = cells.get("region", "").upper()
    if code and not _REGION.fullmatch(code):
        raise refuse("BAD_REGION", "at most six letters and digits of ISO 3166-2, such as BCN", "region")
    return code


def _language(cells: Cells) -> str:
    text = cells.get("language", "")
    if not text:
        return ""
    tag = _LANGUAGE.fullmatch(text)
    if not tag:
        raise refuse("BAD_LANGUAGE", "write es, es-MX, pt-BR or en", "language")
    language, territory = tag.groups()
    return f"{language.lower()}-{territory.upper()}" if territory else language.lower()


def _amounts(cells: Cells, currency: str) -> tuple[Decimal, Decimal]:
    amount, balance = cells.get("amount", ""), cells.get("balance", "")
    if not amount and not balance:
        raise refuse("MISSING_VALUE", "amount or balance must be there", balance_column(tuple(cells)))
    return (
        parse_amount(amount or balance, currency, "amount" if amount else "balance"),
        parse_amount(balance or amount, currency, "balance" if balance else "amount"),
    )


def _due_date(cells: Cells) -> date:
    text = _required(cells, "due_date")
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        raise refuse("BAD_DATE", "write year-month-day between 2000 and 2100, such as 2026-01-31", "due_date")
    return day


def _link(cells: Cells, column: str) -> str:
    text = cells.get(column, "")
    if not text:
        return ""
    try:
        link = urlsplit(text)
    except ValueError:
        link = urlsplit("")
    sound = len(text) <= MAX_LINK and text.isprintable() and " " not in text
    # https://bank.example@elsewhere.example leads elsewhere.
    if not sound or link.scheme != "https" or not link.hostname or "@" in link.netloc:
        raise refuse("BAD_LINK", f"write a whole https:// address of at most {MAX_LINK} characters", column)
    return text


def _consent(cells: Cells) -> Consent | None:
    answer = _fold(cells.get("consent", ""))
    if answer in _NO:
        return None
    if answer not in _YES:
        raise refuse("BAD_CONSENT", "write yes or no", "consent")
    at = _consent_at(cells)
    source, text = cells.get("consent_source", ""), cells.get("consent_text", "")
    if len(source) > MAX_CONSENT_SOURCE:
        raise refuse("BAD_CONSENT", f"at most {MAX_CONSENT_SOURCE} characters", "consent_source")
    if len(text) > MAX_CONSENT_TEXT:
        raise refuse("BAD_CONSENT", f"at most {MAX_CONSENT_TEXT} characters", "consent_text")
    return Consent(source=source, at=at, text=text)


def _consent_at(cells: Cells) -> datetime | None:
    """A date is its midnight, and a time without zone is UTC: consent is evidence, a day is exact enough."""
    text = cells.get("consent_at", "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None or not 2000 <= at.year <= 2100:
        raise refuse("BAD_CONSENT", "write when as 2026-01-31 or 2026-01-31T10:30:00-06:00", "consent_at")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _fold(text: str) -> str:
    """Lower case without accents: SÍ is si."""
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))

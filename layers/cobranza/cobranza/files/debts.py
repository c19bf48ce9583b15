"""The debts file: what each column may hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.columns import EXTRA
from cobranza.files.consent import read_answer, read_consent
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row
from cobranza.ledger.borrower import Consent
from cobranza.ledger.debt import Terms
from cobranza.ledger.money import parse_currency
from cobranza.ledger.phone import parse_phone

MAX_ID = 64
MAX_NAME = 100
MAX_LINK = 500
MAX_DOCUMENT = 40
LAST4 = 4
MAX_DOCUMENT_NAME = 100
MAX_TAGS = 10
MAX_TAG = 30
MAX_EXTRA = 200
RISKS = "ABCDE"

_REGION = re.compile(r"[A-Z0-9]{1,6}")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)

_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
# UTF-8 read as Windows' code page once and saved so (JosÃ©), or letters that were lost.
_BROKEN_LETTERS = re.compile("[ÃÂ][\u0080-\u00bf]|\ufffd")
_SHEET_ERROR = re.compile(r"#(?:N/[AD]|[^ ]{2,12}[!?])")
# Most links: urlsplit would agree, and takes its time.
_PLAIN_LINK = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
_NOTHING = Decimal(0)
_TAG_ENDS = re.compile("[;|,]")

type Cells = Mapping[str, str]
# Whether a link may be shown to borrowers.
type Approves = Callable[[str], bool]


def any_link(_: str) -> bool:
    """While nobody has declared the portfolio: who sends asks again."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRow:
    """A good row. `phone` is E.164; `name` and `phone` are empty where the export has no such column, `region` and
    `language` may be. `consent_declared` tells a row that says no from one that says nothing. `credit` is what the
    creditor owes the borrower (saldo a favor), `plan_total` the sum of all instalments, both in the debt's
    currency and None where the row says nothing; the identity document is text as it was written, and
    `document_last4` its last four digits, empty where it does not end in four; `left_out` is why a part of the row
    (a link, a consent to something else) was not taken."""

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
    document_type: str = ""
    document_id: str = ""
    document_last4: str = ""
    credit: Decimal | None = None
    plan_total: Decimal | None = None
    left_out: tuple[InvalidInput, ...] = ()


def read_debt(
    columns: Mapping[str, int],
    row: Row,
    formats: Formats,
    declared: Declared,
    *,
    portfolio: str,
    as_of: datetime,
    approves: Approves = any_link,
) -> DebtRow:
    """Read one row: `columns` are the indexes that Reading recognised. A link that is not sound or not approved
    is left out.

    Raises InvalidInput for the first bad cell in the order of DEBTS.names, with one exception: country goes
    before phone and currency before the amounts, because they say how to read them.
    """
    cells = _cells(columns, row, declared)
    borrower_id = _id(cells, "borrower_id", required=True)
    document_type, document_id = _document(cells, "document_type"), _document(cells, "document_id")
    name = "" if _is_without(cells, declared, "name") else _name(cells)
    country = _country(cells)
    without_phone = _is_without(cells, declared, "phone")
    phone = "" if without_phone else parse_phone(_required(cells, "phone"), country).e164
    region = _region(cells)
    language = _language(cells)
    left_out: list[InvalidInput] = []
    links = {name: _link(cells, name, approves, left_out) for name in ("payment_url", "document_url")}
    terms = _terms(cells, formats, portfolio, as_of, links)
    return DebtRow(
        line=row.line,
        borrower_id=borrower_id,
        name=name,
        phone=phone,
        country=country,
        region=region,
        language=language,
        consent=read_consent(cells, formats, left_out),
        consent_declared=bool(cells.get("consent")),
        terms=terms,
        document_type=document_type,
        document_id=document_id,
        document_last4=read_last4(cells, document_id),
        credit=_amount(cells, "credit", terms.currency, formats),
        plan_total=_amount(cells, "plan_total", terms.currency, formats),
        left_out=tuple(left_out),
    )


def _cells(columns: Mapping[str, int], row: Row, declared: Declared) -> dict[str, str]:
    if row.fault:
        raise row.fault
    delivered = row.cells
    cells = {name: delivered[index].strip() for name, index in columns.items()}
    for name, text in declared.defaults.items():
        if not cells.get(name):
            cells[name] = text
    cells.update(declared.values)
    return cells


def _terms(cells: Cells, formats: Formats, portfolio: str, as_of: datetime, links: Mapping[str, str]) -> Terms:
    debt_id = _id(cells, "debt_id", required=True)
    instalment = _id(cells, "instalment")
    currency = _currency(cells)
    amount, balance = _amount(cells, "amount", currency, formats), _amount(cells, "balance", currency, formats)
    original = balance if amount is None else amount
    owed = amount if balance is None else balance
    if original is None or owed is None:
        raise refuse("MISSING_VALUE", "amount | balance", "balance" if "balance" in cells else "amount")
    late_fee = _amount(cells, "late_fee", currency, formats) or _NOTHING
    if _is_paid(cells, formats, as_of):
        owed = late_fee = _NOTHING
    return Terms(
        portfolio=portfolio,
        debt_id=debt_id,
        instalment=instalment,
        amount=original,
        balance=owed,
        currency=currency,
        late_fee=late_fee,
        due_date=formats.date(_required(cells, "due_date"), "due_date"),
        as_of=as_of,
        payment_url=links["payment_url"],
        document_url=links["document_url"],
        document_name=_plain(cells, "document_name", MAX_DOCUMENT_NAME),
        tags=_tags(cells),
        risk=_risk(cells),
        contested=_is_disputed(cells),
        extra=_extra(cells),
    )


def _is_paid(cells: Cells, formats: Formats, as_of: datetime) -> bool:
    """Whether it was paid in full by the day of `as_of`; a later day is not known yet at that moment."""
    text = cells.get("paid_on")
    return bool(text) and formats.date(text, "paid_on") <= as_of.date()


def _is_disputed(cells: Cells) -> bool:
    text = cells.get("disputed")
    answer = read_answer(text) if text else False
    if answer is None:
        raise refuse("BAD_ANSWER", "yes | no", "disputed", es="sí | no")
    return answer


def _is_without(cells: Cells, declared: Declared, column: str) -> bool:
    return column in declared.without and not cells.get(column)


def _required(cells: Cells, column: str) -> str:
    if text := cells.get(column):
        return text
    raise refuse("MISSING_VALUE", column, column)


def _id(cells: Cells, column: str, *, required: bool = False) -> str:
    text = _required(cells, column) if required else cells.get(column, "")
    if len(text) > MAX_ID or "#" in text or not text.isprintable():
        raise refuse("BAD_ID", f"≤ {MAX_ID}, no #", column, es=f"≤ {MAX_ID}, sin #")
    if _SCIENTIFIC.fullmatch(text):
        raise refuse("BAD_ID", "shortened by a spreadsheet", column, es="acortado por una hoja de cálculo")
    return text


def _name(cells: Cells) -> str:
    text = _required(cells, "name")
    if len(text) > MAX_NAME or not text.isprintable() or not any(map(str.isalpha, text)):
        detail = f"at most {MAX_NAME} printable characters, and a letter among them"
        raise refuse("BAD_NAME", detail, "name", es=f"máximo {MAX_NAME} caracteres visibles, alguno una letra")
    if not text.isascii() and _BROKEN_LETTERS.search(text):
        raise refuse("BAD_NAME", "its accents are broken", "name", es="sus acentos están dañados")
    if _is_sheet_error(text):
        raise refuse("BAD_NAME", "an error of the spreadsheet", "name", es="un error de la hoja de cálculo")
    return text


def _is_sheet_error(text: str) -> bool:
    return text[:1] == "#" and _SHEET_ERROR.fullmatch(text) is not None


def _country(cells: Cells) -> str:
    code = _required(cells, "country").upper()
    if code not in SUPPORTED_REGIONS:
        raise refuse("BAD_COUNTRY", "ISO 3166-1: MX", "country")
    return code


def _region(cells: Cells) -> str:
    code = cells.get("region", "").upper()
    if code and not _REGION.fullmatch(code):
        raise refuse("BAD_REGION", "ISO 3166-2: BCN", "region")
    return code


def _language(cells: Cells) -> str:
    text = cells.get("language", "")
    if not text:
        return ""
    tag = _LANGUAGE.fullmatch(text)
    if not tag:
        raise refuse("BAD_LANGUAGE", "es, es-MX, pt-BR, en", "language")
    language, territory = tag.groups()
    return f"{language.lower()}-{territory.upper()}" if territory else language.lower()


def _currency(cells: Cells) -> str:
    text = _required(cells, "currency")
    try:
        return parse_currency(text)
    except InvalidInput as error:
        raise refuse("BAD_CURRENCY", f"{text[:20]!r} → MXN", "currency") from error


def _amount(cells: Cells, column: str, currency: str, formats: Formats) -> Decimal | None:
    text = cells.get(column)
    return formats.amount(text, currency, column) if text else None


def _document(cells: Cells, column: str) -> str:
    text = cells.get(column, "")
    if len(text) > MAX_DOCUMENT or not text.isprintable() or _is_sheet_error(text):
        raise refuse("BAD_DOCUMENT", f"≤ {MAX_DOCUMENT}", column)
    return text


def read_last4(cells: Cells, document_id: str) -> str:
    """As told, with the zeros that spreadsheets drop, else of the document; a letter that checks it is none."""
    if text := cells.get("document_last4"):
        if len(text) > LAST4 or not (text.isascii() and text.isdigit()):
            raise refuse("BAD_DOCUMENT", "0000", "document_last4")
        return text.zfill(LAST4)
    letters = "".join(filter(str.isalnum, document_id))
    ending = letters[:-1] if letters[-1:].isalpha() else letters
    last = ending[-LAST4:]
    return last if len(last) == LAST4 and last.isascii() and last.isdigit() else ""


def _plain(cells: Cells, column: str, limit: int) -> str:
    text = cells.get(column, "")
    if len(text) > limit or not text.isprintable() or _is_sheet_error(text):
        raise refuse("BAD_EXTRA", f"{column} ≤ {limit}", column)
    return text


def _extra(cells: Cells) -> dict[str, str]:
    names = [name for name in cells if name[0] == "e" and name.startswith(EXTRA)]
    return {name.removeprefix(EXTRA): _plain(cells, name, MAX_EXTRA) for name in names if cells[name]}


def _tags(cells: Cells) -> tuple[str, ...]:
    text = cells.get("tags", "")
    return _split_tags(text) if text else ()


@lru_cache(4096)
def _split_tags(text: str) -> tuple[str, ...]:
    tags = {tag for part in _TAG_ENDS.split(text) if (tag := part.strip().lower())}
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG or not tag.isprintable() for tag in tags):
        raise refuse("BAD_TAGS", f"≤ {MAX_TAGS} × {MAX_TAG}", "tags")
    return tuple(sorted(tags))


def _risk(cells: Cells) -> str:
    letter = cells.get("risk", "").upper()
    if letter and (len(letter) > 1 or letter not in RISKS):
        raise refuse("BAD_RISK", " | ".join(RISKS), "risk")
    return letter


def _link(cells: Cells, column: str, approves: Approves, left_out: list[InvalidInput]) -> str:
    """The link; empty where it is left out, and `left_out` says why."""
    text = cells.get(column, "")
    if not text:
        return ""
    if not _is_sound(text):
        left_out.append(refuse("BAD_LINK", f"https://… ≤ {MAX_LINK}", column))
        return ""
    if not approves(text):
        left_out.append(refuse("BAD_LINK", "not under link_bases", column, es="fuera de link_bases"))
        return ""
    return text


def _is_sound(text: str) -> bool:
    if len(text) > MAX_LINK:
        return False
    if _PLAIN_LINK.fullmatch(text):
        return True
    try:
        link = urlsplit(text)
    except ValueError:
        return False
    # https://bank.example@elsewhere.example leads elsewhere.
    is_plain = text.isprintable() and " " not in text and "@" not in link.netloc
    return is_plain and link.scheme == "https" and bool(link.hostname)

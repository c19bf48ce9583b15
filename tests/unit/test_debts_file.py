import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.errors import InvalidInput
from cobranza.files.codes import CODES
from cobranza.files.columns import DEBTS
from cobranza.files.debts import DebtRow, read_debt
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row
from cobranza.ledger.borrower import Consent
from cobranza.ledger.debt import Terms
from tests.unit.tables import GOOD_ROW

ROOT = Path(__file__).parents[2]
AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLAIN = Formats("", ".")


def parse(without: tuple[str, ...] = (), /, **changed: str) -> DebtRow:
    cells = {name: text for name, text in (GOOD_ROW | changed).items() if name not in without}
    columns = {name: place for place, name in enumerate(cells)}
    return read_debt(columns, Row(7, tuple(cells.values())), PLAIN, Declared(), portfolio="norte", as_of=AS_OF)


def refusal(without: tuple[str, ...] = (), /, **changed: str) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse(without, **changed)
    return refused.value.code, refused.value.column


def test_a_good_row_is_read_whole():
    assert parse() == DebtRow(
        line=7,
        borrower_id="C-0001",
        document_type="INE",
        document_id="X1",
        name="Íñigo Pruebas",
        phone="+525555550120",
        country="MX",
        region="CMX",
        language="es-MX",
        consent=Consent(source="branch form", at=datetime(2025, 11, 20, tzinfo=UTC), text="Acepto recordatorios"),
        consent_declared=True,
        terms=Terms(
            portfolio="norte",
            debt_id="F-100",
            instalment="3/12",
            amount=Decimal("1500.00"),
            balance=Decimal("1234.50"),
            currency="MXN",
            due_date=date(2026, 3, 5),
            as_of=AS_OF,
            payment_url="https://pay.example.com/f/100",
        ),
    )


def test_the_required_columns_are_enough():
    row = parse(tuple(name for name in GOOD_ROW if name not in (*DEBTS.required, "amount")))
    assert (row.region, row.language, row.consent, row.consent_declared) == ("", "", None, False)
    assert (row.terms.instalment, row.terms.payment_url) == ("", "")


def test_blanks_around_values_are_dropped_and_codes_are_upper_case():
    row = parse(borrower_id=" C-0001\t", country=" mx ", currency="mxn", region="cmx", language="PT-br")
    assert (row.borrower_id, row.country, row.region, row.language) == ("C-0001", "MX", "CMX", "pt-BR")
    assert row.terms.currency == "MXN"


def test_columns_nobody_knows_are_ignored():
    assert parse(branch="=HYPERLINK(1)") == parse()


def test_a_cell_that_looks_like_a_formula_is_just_text():
    assert parse(name="=cmd|' /C calc'!A0").name == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("column", DEBTS.required)
def test_a_required_value_that_is_empty_is_refused(column: str):
    assert refusal(**{column: "  "}) == ("MISSING_VALUE", column)


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("borrower_id", "C#1", "BAD_ID"),
        ("borrower_id", "x" * 65, "BAD_ID"),
        ("borrower_id", "C\u200b1", "BAD_ID"),
        ("debt_id", "F\n1", "BAD_ID"),
        ("instalment", "1#2", "BAD_ID"),
        ("name", "12345", "BAD_NAME"),
        ("name", "x" * 101, "BAD_NAME"),
        ("name", "Íñigo\nPruebas", "BAD_NAME"),
        ("phone", "5.25E+11", "BAD_PHONE"),
        ("phone", "no tiene", "BAD_PHONE"),
        ("phone", "+541155550121", "LANDLINE"),
        ("country", "México", "BAD_COUNTRY"),
        ("country", "XX", "BAD_COUNTRY"),
        ("country", "MEX", "BAD_COUNTRY"),
        ("region", "MX-BCN", "BAD_REGION"),
        ("region", "TOOLONG", "BAD_REGION"),
        ("language", "español", "BAD_LANGUAGE"),
        ("language", "es_MX", "BAD_LANGUAGE"),
        ("language", "es-", "BAD_LANGUAGE"),
        ("amount", "1.234,50", "BAD_AMOUNT"),
        ("amount", "€100", "BAD_AMOUNT"),
        ("balance", "-1", "BAD_AMOUNT"),
        ("balance", "10.005", "BAD_AMOUNT"),
        ("balance", "١٢", "BAD_AMOUNT"),
        ("currency", "PESOS", "BAD_CURRENCY"),
        ("due_date", "05/03/2026", "BAD_DATE"),
        ("due_date", "2026-02-30", "BAD_DATE"),
        ("due_date", "260305", "BAD_DATE"),
        ("due_date", "2026-W10-4", "BAD_DATE"),
        ("due_date", "1999-12-31", "BAD_DATE"),
        ("due_date", "2101-01-01", "BAD_DATE"),
        ("consent", "maybe", "BAD_CONSENT"),
        ("consent_at", "10/11/2025", "BAD_CONSENT"),
        ("consent_at", "2025-11-20T99:00", "BAD_CONSENT"),
        ("consent_source", "x" * 101, "BAD_CONSENT"),
        ("consent_text", "x" * 1001, "BAD_CONSENT"),
    ],
)
def test_a_bad_cell_is_refused_with_its_code_and_column(column: str, text: str, code: str):
    assert refusal(**{column: text}) == (code, column)


@pytest.mark.parametrize("column", ["payment_url", "document_url"])
@pytest.mark.parametrize(
    "link",
    [
        "http://pay.example.com/",
        "https://",
        "https:///f",
        "https://[",
        "https://pay.example.com/a b",
        "https://pay.example.com@evil.example/",
        "https://pay.example.com/" + "x" * 500,
        "javascript:alert(1)",
    ],
)
def test_a_link_that_is_not_sound_is_left_out_and_the_row_is_used(column: str, link: str):
    row = parse(**{column: link})
    assert getattr(row.terms, column) == ""
    assert [(why.code, why.column) for why in row.left_out] == [("BAD_LINK", column)]
    assert (row.borrower_id, row.terms.balance) == ("C-0001", Decimal("1234.50"))


def test_a_link_that_the_portfolio_does_not_approve_is_left_out():
    links = {"payment_url": "https://pay.example.com/f/100", "document_url": "https://elsewhere.example/f.pdf"}
    cells = GOOD_ROW | links
    columns = {name: place for place, name in enumerate(cells)}
    row = read_debt(
        columns,
        Row(7, tuple(cells.values())),
        PLAIN,
        Declared(),
        portfolio="norte",
        as_of=AS_OF,
        approves=lambda link: link.startswith("https://pay.example.com/"),
    )
    assert (row.terms.payment_url, row.terms.document_url) == (links["payment_url"], "")
    assert [(why.code, why.column) for why in row.left_out] == [("BAD_LINK", "document_url")]


def test_the_first_bad_cell_is_told():
    assert refusal(name="", phone="x", due_date="x") == ("MISSING_VALUE", "name")
    assert refusal(phone="x", amount="x", due_date="x") == ("BAD_PHONE", "phone")


def test_what_says_how_to_read_a_cell_is_checked_before_it():
    assert refusal(phone="x", country="XX") == ("BAD_COUNTRY", "country")
    assert refusal(amount="x", currency="XXXX") == ("BAD_CURRENCY", "currency")


@pytest.mark.parametrize(
    ("amount", "balance", "read"),
    [
        ("100", "40", ("100", "40")),
        ("100", "", ("100", "100")),
        ("", "40", ("40", "40")),
        ("100", "0", ("100", "0")),
        ("100", "130.25", ("100", "130.25")),
    ],
)
def test_amount_and_balance_stand_in_for_each_other(amount: str, balance: str, read: tuple[str, str]):
    terms = parse(amount=amount, balance=balance).terms
    assert (terms.amount, terms.balance) == tuple(map(Decimal, read))


def test_a_paid_debt_is_a_good_row_that_is_not_open():
    assert not parse(balance="0.00").terms.is_open


@pytest.mark.parametrize(
    ("without", "column"), [((), "balance"), (("balance",), "amount"), (("amount",), "balance")]
)
def test_neither_amount_nor_balance_is_a_missing_value(without: tuple[str, ...], column: str):
    empty = {name: "" for name in ("amount", "balance") if name not in without}
    assert refusal(without, **empty) == ("MISSING_VALUE", column)


@pytest.mark.parametrize("text", ["yes", "Y", "sí", "SÍ", "si", "s", "Sim", "1", "TRUE", "si\u0301"])
def test_consent_is_said_in_many_ways(text: str):
    assert parse(consent=text).consent is not None


@pytest.mark.parametrize("text", ["no", "N", "não", "NAO", "0", "False"])
def test_no_consent_is_said_in_as_many_ways_and_is_a_good_row(text: str):
    row = parse(consent=text, consent_at="whatever")
    assert (row.consent, row.consent_declared) == (None, True)


@pytest.mark.parametrize(
    "purpose",
    ["", "Recordatorios de pago", "payment_reminders", "Lembretes de pagamento", "marketing, recordatorios"],
)
def test_a_yes_to_reminders_is_consent(purpose: str) -> None:
    row = parse(consent="sí", consent_purpose=purpose)
    assert row.consent
    assert row.left_out == ()


@pytest.mark.parametrize("purpose", ["marketing", "Promociones", "ofertas / encuestas", "recordar"])
def test_a_yes_to_something_else_is_no_consent_and_the_row_says_so(purpose: str) -> None:
    row = parse(consent="sí", consent_purpose=purpose)
    assert (row.consent, row.consent_declared) == (None, True)
    assert [(why.code, why.column) for why in row.left_out] == [("OTHER_PURPOSE", "consent_purpose")]


@pytest.mark.parametrize("text", ["", " "])
def test_a_row_that_says_nothing_of_consent_says_not_no(text: str):
    row = parse(consent=text)
    assert (row.consent, row.consent_declared) == (None, False)


def test_a_bare_yes_says_nothing_but_yes():
    row = parse(("consent_at", "consent_source", "consent_text"))
    assert row.consent == Consent(source="")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-20T10:30", datetime(2025, 11, 20, 10, 30, tzinfo=UTC)),
        ("2025-11-20 10:30:15Z", datetime(2025, 11, 20, 10, 30, 15, tzinfo=UTC)),
        ("2025-11-20T10:30:00-06:00", datetime(2025, 11, 20, 10, 30, tzinfo=timezone(-timedelta(hours=6)))),
    ],
)
def test_the_moment_of_consent_is_always_aware(text: str, moment: datetime):
    consent = parse(consent_at=text).consent
    assert consent is not None
    assert consent.at == moment


def test_every_code_in_the_code_has_its_sentence():
    rooms = ROOT / "layers/cobranza/cobranza"
    used = {
        code
        for path in [*rooms.glob("files/*.py"), *rooms.glob("ledger/*.py")]
        for code in re.findall(r'(?:refuse|InvalidInput)\(\s*"([A-Z0-9_]+)"', path.read_text())
    }
    assert used <= CODES.keys()

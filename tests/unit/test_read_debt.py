from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.columns import DEBTS
from cobranza.files.debts import DebtRow, read_debt
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.row import Row
from cobranza.ledger.borrower import Consent
from cobranza.ledger.debt import Terms
from cobranza.ledger.money import Money
from tests.unit.tables import GOOD_ROW, read

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOCAL = Formats("DMY", ",")
CANONICAL = Formats("", ".")
# As a spreadsheet in Mexico writes it.
GOOD = GOOD_ROW | {
    "amount": "$ 1.500,00",
    "balance": "1.234,50",
    "late_fee": "10,25",
    "credit": "0,00",
    "plan_total": "18.000",
    "due_date": "05/03/2026",
    "document_url": "https://docs.example.com/f/100.pdf?x=1",
    "document_name": "factura 100.pdf",
    "tags": "Norte; VIP,norte | oro",
    "risk": "b",
    "consent_at": "20/11/2025",
    "extra.branch": "Centro",
    "extra.empty": "",
}


def parse(
    without: tuple[str, ...] = (), formats: Formats = LOCAL, declared: Declared | None = None, /, **changed: str
) -> DebtRow:
    cells = {name: text for name, text in (GOOD | changed).items() if name not in without}
    columns = {name: place for place, name in enumerate(cells)}
    row = Row(7, tuple(cells.values()))
    return read_debt(columns, row, formats, declared or Declared(), portfolio="norte", as_of=AS_OF)


def refusal(without: tuple[str, ...] = (), formats: Formats = LOCAL, /, **changed: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        parse(without, formats, **changed)
    return refused.value


def test_a_good_row_is_read_whole():
    assert parse() == DebtRow(
        line=7,
        borrower_id="C-0001",
        name="Íñigo Pruebas",
        phone="+525555550120",
        country="MX",
        region="CMX",
        language="es-MX",
        consent=Consent(source="branch form", at=datetime(2025, 11, 20, tzinfo=UTC), text="Acepto recordatorios"),
        consent_declared=True,
        document_type="INE",
        document_id="X1",
        credit=Decimal(0),
        plan_total=Decimal(18000),
        terms=Terms(
            portfolio="norte",
            debt_id="F-100",
            instalment="3/12",
            amount=Decimal("1500.00"),
            balance=Decimal("1234.50"),
            late_fee=Decimal("10.25"),
            currency="MXN",
            due_date=date(2026, 3, 5),
            as_of=AS_OF,
            payment_url="https://pay.example.com/f/100",
            document_url="https://docs.example.com/f/100.pdf?x=1",
            document_name="factura 100.pdf",
            tags=("norte", "oro", "vip"),
            risk="B",
            extra={"branch": "Centro"},
        ),
    )


def test_what_is_owed_is_balance_and_late_fee():
    assert parse().terms.owed == Money(Decimal("1244.75"), "MXN")
    assert parse(balance="0").terms.is_open
    assert not parse(balance="0", late_fee="0").terms.is_open


@pytest.mark.parametrize(
    ("paid_on", "owed"), [("", "1244.75"), ("02/03/2026", "0"), ("01/01/2026", "0"), ("03/03/2026", "1244.75")]
)
def test_what_was_paid_by_the_day_of_the_file_is_not_owed(paid_on: str, owed: str):
    terms = parse(paid_on=paid_on).terms
    assert (terms.amount, terms.owed) == (Decimal("1500.00"), Money(Decimal(owed), "MXN"))


@pytest.mark.parametrize(("text", "contested"), [("Yes", True), ("sí", True), ("No", False), ("", False)])
def test_a_dispute_may_be_told_by_the_creditors_books(text: str, contested: bool):
    assert parse(disputed=text).terms.contested is contested


def test_what_an_export_is_declared_to_lack_may_be_empty():
    declared = Declared(without=("name", "phone"))
    row = parse(("name", "phone"), LOCAL, declared)
    assert (row.name, row.phone) == ("", "")
    assert parse((), LOCAL, declared).phone == "+525555550120"


def test_the_required_columns_are_enough():
    row = parse(tuple(name for name in GOOD if name not in (*DEBTS.required, "amount")))
    assert (row.document_id, row.credit, row.plan_total, row.consent, row.consent_declared) == (
        "",
        None,
        None,
        None,
        False,
    )
    assert row.terms == Terms(
        portfolio="norte",
        debt_id="F-100",
        amount=Decimal(1500),
        balance=Decimal(1500),
        currency="MXN",
        due_date=date(2026, 3, 5),
        as_of=AS_OF,
    )


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("borrower_id", "5.2E+11", "BAD_ID"),
        ("borrower_id", "C#1", "BAD_ID"),
        ("debt_id", "1,23457E+15", "BAD_ID"),
        ("document_type", "x" * 41, "BAD_DOCUMENT"),
        ("document_id", "x\ny", "BAD_DOCUMENT"),
        ("name", "JosÃ©", "BAD_NAME"),
        ("name", "Jos\ufffd", "BAD_NAME"),
        ("name", "#N/A", "BAD_NAME"),
        ("balance", "#REF!", "BAD_AMOUNT"),
        ("document_id", "#N/A", "BAD_DOCUMENT"),
        ("extra.branch", "#¿NOMBRE?", "BAD_EXTRA"),
        ("name", "#¡REF!", "BAD_NAME"),
        ("name", "12345", "BAD_NAME"),
        ("phone", "5.25E+11", "BAD_PHONE"),
        ("phone", "+541155550121", "LANDLINE"),
        ("country", "México", "BAD_COUNTRY"),
        ("region", "MX-BCN", "BAD_REGION"),
        ("language", "español", "BAD_LANGUAGE"),
        ("amount", "1,234.50", "BAD_AMOUNT"),
        ("balance", "-1", "BAD_AMOUNT"),
        ("balance", "(1,00)", "BAD_AMOUNT"),
        ("balance", "US$ 1", "BAD_AMOUNT"),
        ("late_fee", "x", "BAD_AMOUNT"),
        ("credit", "-5", "BAD_AMOUNT"),
        ("plan_total", "1.5", "BAD_AMOUNT"),
        ("currency", "PESOS", "BAD_CURRENCY"),
        ("due_date", "03/13/2026", "BAD_DATE"),
        ("document_name", "x" * 101, "BAD_EXTRA"),
        ("tags", ";".join(map(str, range(11))), "BAD_TAGS"),
        ("tags", "x" * 31, "BAD_TAGS"),
        ("risk", "AB", "BAD_RISK"),
        ("risk", "F", "BAD_RISK"),
        ("consent", "maybe", "BAD_CONSENT"),
        ("consent_at", "11/20/2025", "BAD_CONSENT"),
        ("consent_source", "x" * 101, "BAD_CONSENT"),
        ("consent_text", "x" * 1001, "BAD_CONSENT"),
        ("extra.branch", "x" * 201, "BAD_EXTRA"),
        ("extra.branch", "x\ty", "BAD_EXTRA"),
        ("disputed", "quizá", "BAD_ANSWER"),
        ("paid_on", "ayer", "BAD_DATE"),
    ],
)
def test_a_bad_cell_is_refused_with_its_code_and_column(column: str, text: str, code: str):
    refused = refusal(**{column: text})
    assert (refused.code, refused.column) == (code, column)


@pytest.mark.parametrize("column", DEBTS.required)
def test_a_required_value_that_is_empty_is_refused(column: str):
    refused = refusal(**{column: "  "})
    assert (refused.code, refused.column) == ("MISSING_VALUE", column)


@pytest.mark.parametrize("without", [(), ("balance",), ("amount",)])
def test_neither_amount_nor_balance_is_a_missing_value(without: tuple[str, ...]):
    empty = {name: "" for name in ("amount", "balance") if name not in without}
    assert refusal(without, **empty).code == "MISSING_VALUE"


@pytest.mark.parametrize(
    ("amount", "balance", "given"),
    [
        ("100", "40", (100, 40)),
        ("100", "", (100, 100)),
        ("", "40", (40, 40)),
        ("100", "0", (100, 0)),
        ("0", "5", (0, 5)),
    ],
)
def test_amount_and_balance_stand_in_for_each_other(amount: str, balance: str, given: tuple[int, int]):
    terms = parse(amount=amount, balance=balance).terms
    assert (terms.amount, terms.balance) == tuple(map(Decimal, given))


def test_a_negative_balance_is_told_where_it_goes():
    assert "saldo a favor" in refusal(balance="-1").reason


def test_the_formats_of_the_file_are_the_formats_of_the_row():
    assert refusal((), CANONICAL).code == "BAD_AMOUNT"
    iso = {"amount": "1500.00", "balance": "1,234.50", "late_fee": "", "plan_total": "", "credit": ""}
    row = parse((), CANONICAL, due_date="2026-03-05", consent_at="2025-11-20T10:30:00-06:00", **iso)
    assert (row.terms.balance, row.terms.due_date) == (Decimal("1234.50"), date(2026, 3, 5))
    assert row.consent
    assert row.consent.at == datetime(2025, 11, 20, 10, 30, tzinfo=timezone(timedelta(hours=-6)))


def test_what_is_declared_stands_in_or_stands_above():
    declared = Declared(values={"currency": "COP", "tags": "sur"}, defaults={"country": "MX", "language": "es"})
    row = parse(("tags",), LOCAL, declared, country="", language="pt")
    assert (row.terms.currency, row.terms.tags, row.country, row.language) == ("COP", ("sur",), "MX", "pt")


def test_a_row_with_a_fault_is_refused():
    columns = {name: place for place, name in enumerate(GOOD)}
    wrong = Row(7, tuple(GOOD.values()), refuse("TOTALS_ROW", ""))
    with pytest.raises(InvalidInput, match="TOTALS_ROW"):
        read_debt(columns, wrong, LOCAL, Declared(), portfolio="norte", as_of=AS_OF)


def test_reasons_are_in_both_languages():
    assert refusal(name="12345").reason == (
        "El nombre no se puede usar: máximo 100 caracteres visibles, alguno una letra"
        " · The name cannot be used: at most 100 printable characters, and a letter among them"
    )
    assert refusal(risk="F").reason == "El riesgo no se puede leer · The risk cannot be read: A | B | C | D | E"


def test_a_file_of_an_ops_team_becomes_debts():
    data = (
        "Aurora S.A.;;;;;;;\n"
        "Nº cliente;Nombre;Celular;País;Folio;Saldo pendiente;Moneda;Fch. Vto.\n"
        'C-1;"Muñoz; Ana";55 5555 0120;MX;F-1;1.234,50;MXN;31/03/2026\n'
        "C-2;José Núñez;300 555 0102;CO;F-2;$ 1.500.000;COP;05/04/2026\n"
        ";;;;TOTAL;1.501.234,50;;\n"
    ).encode("cp1252")
    rows, survey = read(data, DEBTS)
    columns = {name: survey.header.index(their) for name, their in survey.columns.items()}
    debts = [
        read_debt(columns, row, survey.formats, Declared(), portfolio="norte", as_of=AS_OF)
        for row in rows
        if not row.fault
    ]
    assert [(debt.line, debt.name, debt.phone, debt.terms.owed, debt.terms.due_date) for debt in debts] == [
        (3, "Muñoz; Ana", "+525555550120", Money(Decimal("1234.50"), "MXN"), date(2026, 3, 31)),
        (4, "José Núñez", "+573005550102", Money(Decimal(1500000), "COP"), date(2026, 4, 5)),
    ]
    assert survey.totals == {"COP": Decimal(1500000), "MXN": Decimal("1234.50")}

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest

from cobranza.errors import InvalidInput
from cobranza.files.columns import DEBTS, Columns
from cobranza.files.debts import read_debt
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.mapping import Mapping, Ready, parse_mapping, ready
from tests.unit.tables import read, reading, refusal

WHOLE = """\
applies_to: "Cartera_*.csv"
kind: debts
columns:
  borrower_id: Cod. Cliente
  balance: [Saldo Total, Saldo]
extra: {branch: Sucursal}
ignore: [Cuota]
date_order: DMY
decimal: ","
country: MX
currency: MXN
language: es-MX
values: {document_type: INE}
encoding: Windows-1252
delimiter: tab
"""
READY: tuple[Ready, ...] = get_args(Ready.__value__)


def mapping(text: str) -> Mapping:
    return parse_mapping(text.encode(), "norte.yaml")


def reason(text: str | bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        parse_mapping(text if isinstance(text, bytes) else text.encode(), "norte.yaml")
    assert refused.value.code == "BAD_MAPPING"
    return refused.value.reason


def test_a_mapping_is_what_reading_takes():
    assert mapping(WHOLE).declared() == Declared(
        formats=Formats("DMY", ","),
        columns={"borrower_id": ("Cod. Cliente",), "balance": ("Saldo Total", "Saldo")},
        extra={"branch": "Sucursal"},
        ignore=("Cuota",),
        values={"document_type": "INE"},
        defaults={"country": "MX", "currency": "MXN", "language": "es-MX"},
        encoding="cp1252",
        delimiter="\t",
    )


def test_nothing_declared_is_nothing():
    assert mapping("applies_to: '*'").declared() == Declared()


def test_it_applies_by_the_name_of_the_file():
    assert [mapping(WHOLE).applies(name) for name in ("cartera_marzo.CSV", "otra.csv")] == [True, False]
    assert mapping("kind: debts").applies("anything")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: debts\ncolumns:\n  balanze: Saldo\n", "columns.balanze (line 3)"),
        ("values:\n  consent: si\n", "values.consent (line 2)"),
        ("values:\n  consent_at: 2025-01-01\n", "values.consent_at (line 2)"),
        ("values: {phone: '+525555550101'}", "values.phone (line 1)"),
        ("\ndecimal: x\n", "decimal (line 2)"),
        ("date_order: dd/mm", "date_order (line 1)"),
        ("country: México", "country (line 1)"),
        ("encoding: klingon", "encoding (line 1)"),
        ("delimiter: '#'", "delimiter (line 1)"),
        ("like: oracle", "like (line 1)"),
        ("kind: letters", "kind (line 1)"),
        ("extra: {Branch: X}", "extra.Branch"),
        ("nonsense: 1", "nonsense (line 1)"),
        ("columns: {balance: []}", "columns.balance (line 1)"),
        ("- a", "norte.yaml does not hold fields"),
        ("a: &x 1", "anchors"),
        ("a: 1\na: 2", "(line 2)"),
        (b"\xff", "UTF-8"),
        (b"a" * 70_000, "64 KB"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str | bytes, told: str):
    assert told in reason(text)


def test_other_kinds_have_other_columns():
    kinds = {"payments": Columns("payments", ("payment_id",), ("payment_id",))}
    text = b"kind: payments\ncolumns: {payment_id: Folio}"
    assert parse_mapping(text, "x.yaml", kinds).columns == {"payment_id": ("Folio",)}


def test_metadata_of_one_file_wins():
    declared = mapping(WHOLE).declared().with_metadata({"date-order": "mdy", "decimal": ".", "as-of": "x"})
    assert declared.formats == Formats("MDY", ".")
    assert mapping(WHOLE).declared().with_metadata({}).formats == Formats("DMY", ",")
    for metadata in ({"date-order": "DYM"}, {"decimal": "dot"}):
        with pytest.raises(InvalidInput, match="BAD_METADATA"):
            Declared().with_metadata(metadata)


def test_a_mapping_may_start_from_a_ready_one():
    declared = mapping("like: sap\ncolumns: {phone: Móvil}\ncountry: CO\n").declared()
    assert declared.columns == {**ready("sap").declared().columns, "phone": ("Móvil",)}
    assert declared.defaults == {"country": "CO"}


@pytest.mark.parametrize("name", READY)
def test_ready_mappings_are_sound(name: Ready):
    columns = ready(name).columns
    assert columns.keys() <= set(DEBTS.names)
    assert {"borrower_id", "debt_id", "due_date"} <= columns.keys()


# Headers as those systems write them, with a line of each.
EXPORTS: list[tuple[Ready, str, str]] = [
    (
        "salesforce",
        '"Account ID","Account Name","Mobile","Billing Country Code","Invoice Number",'
        '"Balance Currency","Balance","Due Date"',
        '"0015e00001","Zoë Prueba","+52 55 5555 0101","MX","INV-0001","MXN","1,234.50","31/03/2026"',
    ),
    (
        "zoho",
        "Invoice Date,Invoice ID,Invoice Number,Invoice Status,Customer Name,Customer ID,Due Date,Currency Code,"
        "SubTotal,Total,Balance,MobilePhone,Country Code",
        "2026-03-01,900001,INV-0001,Overdue,Zoë Prueba,0015e00001,2026-03-31,MXN,1000.00,2000.00,1234.50,"
        "+525555550101,MX",
    ),
    (
        "sap",
        "Cuenta\tNombre 1\tNº documento\tClase de documento\tVencimiento neto\tImporte en moneda doc.\t"
        "Moneda del documento\tImporte en moneda local\tTeléfono móvil\tPaís",
        "0015e00001\tZoë Prueba\t1800000001\tRV\t31.03.2026\t1.234,50\tMXN\t1.234,50\t+525555550101\tMX",
    ),
    (
        "odoo",
        "Number;Invoice Partner Display Name;Invoice/Bill Date;Due Date;Total;Amount Due;Currency;"
        "Partner/Reference;Partner/Mobile;Partner/Country/Country Code",
        "INV/2026/0001;Zoë Prueba;2026-03-01;2026-03-31;2000.00;1234.50;MXN;0015e00001;+525555550101;MX",
    ),
]


@pytest.mark.parametrize(("name", "header", "row"), EXPORTS, ids=[name for name, _, _ in EXPORTS])
def test_an_export_loads_with_its_ready_mapping(name: Ready, header: str, row: str):
    rows, survey = read(f"{header}\n{row}\n".encode(), DEBTS, ready(name).declared())
    assert [one.fault for one in rows] == [None]
    assert survey.totals == {"MXN": Decimal("1234.50")}
    place = [survey.header.index(survey.columns[column]) for column in ("borrower_id", "name", "phone", "country")]
    assert [rows[0].cells[at].replace(" ", "") for at in place] == [
        "0015e00001",
        "ZoëPrueba",
        "+525555550101",
        "MX",
    ]


RECEIVABLES = """\
countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,\
PaperlessBill,DaysToSettle,DaysLate
391,X-1,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0
406,X-2,3/3/2012,7900770,1/26/2013,2/25/2013,61.74,Yes,3/3/2013,Electronic,36,6
"""


def test_a_receivables_list_loads_by_its_ready_mapping_month_first():
    declared = ready("countrycode_customerid_invoicenumber").declared()
    one = reading(RECEIVABLES.encode(), DEBTS, declared)
    rows = list(one.rows())
    survey = one.survey()
    assert (survey.formats, survey.totals, survey.warnings) == (
        Formats("MDY", "."),
        {"USD": Decimal("117.68")},
        (),
    )
    as_of = datetime(2013, 2, 28, 12, tzinfo=UTC)
    paid, disputed = (
        read_debt(one.columns, row, survey.formats, declared, portfolio="norte", as_of=as_of) for row in rows
    )
    assert (paid.borrower_id, paid.name, paid.phone, paid.country) == ("X-1", "", "", "US")
    assert (paid.terms.amount, paid.terms.balance) == (Decimal("55.94"), 0)
    # Paid on 3 March 2013: three days after the moment of the file, it is still owed.
    assert (disputed.terms.balance, disputed.terms.contested) == (Decimal("61.74"), True)
    assert str(disputed.terms.due_date) == "2013-02-25"


def test_a_receivables_list_of_ambiguous_rows_alone_is_refused():
    row = "391,X-1,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/5/2013,Paper,13,0"
    data = f"{RECEIVABLES.splitlines()[0]}\n{row}\n".encode()
    assert refusal(data, DEBTS, ready("countrycode_customerid_invoicenumber").declared()).code == "AMBIGUOUS_DATES"


def test_what_an_export_lacks_is_declared_and_never_guessed():
    text = "like: countrycode_customerid_invoicenumber\nwithout: [phone]\ncountry: MX\ncurrency: MXN\n"
    declared = mapping(text).declared()
    assert declared.without == ("name", "phone")
    assert declared.defaults == {"country": "MX", "currency": "MXN"}
    assert "without" in reason("without: [country]")
    assert refusal(RECEIVABLES.encode(), DEBTS, replace(declared, without=())).code == "MISSING_COLUMN"

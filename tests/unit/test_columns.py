import pytest

from cobranza.errors import InvalidInput
from cobranza.files.columns import DEBTS, Recognised, fold
from cobranza.files.declared import Declared
from cobranza.files.synonyms import DEBT_NAMES

COMPLETE = ("borrower_id", "name", "phone", "country", "debt_id", "balance", "currency", "due_date")


def recognised(*header: str, declared: Declared | None = None) -> Recognised:
    return DEBTS.recognise(header, declared or Declared())


def refusal(*header: str, declared: Declared | None = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        recognised(*header, declared=declared)
    return refused.value


def with_header(column: str, their: str) -> tuple[str, ...]:
    return tuple(their if name == column else name for name in COMPLETE)


@pytest.mark.parametrize(
    ("column", "headers"),
    {
        "borrower_id": [
            "Nº cliente",
            "No. de Cliente",
            "# cliente",
            "N.º do cliente",
            "Código Cliente",
            "customerID",
        ],
        "name": [
            "Nombre",
            "NOMBRE COMPLETO",
            "Nome do cliente",
            "Customer Name",
            "Razón Social",
            "Nombre y apellidos",
        ],
        "phone": [
            "Teléfono",
            "TEL.",
            "Celular",
            "móvil",
            "WhatsApp",
            "Telefone",
            "Mobile",
            "cell",
            "Núm. celular",
        ],
        "country": ["País", "country_code", "Código de país"],
        "debt_id": [
            "Factura",
            "Nº de factura",
            "Folio",
            "Invoice Number",
            "invoiceNumber",
            "Nº do título",
            "Loan ID",
        ],
        "balance": [
            *("Saldo", "SALDO_PENDIENTE", "Saldo deudor", "Saldo em aberto", "Outstanding", "Open balance"),
            *("Balance Due", "Amount due", "Importe pendiente", "Adeudo"),
        ],
        "currency": ["Moneda", "Divisa", "Moeda", "Currency Code"],
        "due_date": [
            *("Fecha de vencimiento", "Vencimiento", "Fch. Vto.", "F. vencim.", "Data de vencimento", "Due Date"),
            *("DueDate", "Fecha límite de pago", "Vencimiento neto"),
        ],
    }.items(),
)
def test_columns_are_recognised_by_what_people_call_them(column: str, headers: list[str]):
    for their in headers:
        assert recognised(*with_header(column, their)).columns[column] == COMPLETE.index(column), their


@pytest.mark.parametrize(
    "their", ["Importe", "Monto", "Valor", "Valor original", "Total factura", "InvoiceAmount"]
)
def test_the_amount_stands_for_the_balance(their: str):
    assert "amount" in recognised(*with_header("balance", their)).columns


@pytest.mark.parametrize(
    "their", ["Estado", "Fecha", "Mora", "Intereses", "Código", "ID", "Notas", "Días vencidos", "Riesgo"]
)
def test_what_may_be_anything_is_nothing(their: str):
    assert recognised(*COMPLETE, their).ignored == (their,)


@pytest.mark.parametrize(
    ("their", "both"),
    [("Cliente", "borrower_id | name"), ("Documento", "document_id | debt_id"), ("Cuota", "instalment | amount")],
)
def test_a_header_that_fits_two_columns_is_refused(their: str, both: str):
    header = [name for name in COMPLETE if name not in ("borrower_id", "name", "debt_id", "balance")]
    refused = refusal(*header, their)
    assert refused.code == "AMBIGUOUS_COLUMN"
    assert f"{their!r} = {both}" in refused.reason


def test_two_headers_that_fit_one_column_are_refused():
    refused = refusal(*with_header("phone", "Teléfono"), "Celular")
    assert refused.code == "AMBIGUOUS_COLUMN"
    assert "'Teléfono', 'Celular' = phone" in refused.reason
    assert refusal(*with_header("phone", "Tel"), "Tel").code == "DUPLICATE_COLUMN"


def test_exact_names_win_over_others():
    found = recognised(*COMPLETE, "Celular", "Saldo", "Nombre")
    assert found.columns == {name: place for place, name in enumerate(COMPLETE)}
    assert found.ignored == ("Celular", "Saldo", "Nombre")
    assert recognised(*map(str.upper, COMPLETE)).columns == found.columns
    assert recognised(*(name.replace("_", " ").title() for name in COMPLETE)).columns == found.columns


def test_all_that_is_missing_is_told_with_what_was_seen():
    refused = refusal("Factura", "", "Notas")
    assert refused.code == "MISSING_COLUMN"
    missing = "borrower_id, name, phone, country, currency, due_date, amount | balance"
    assert refused.reason.endswith(f": {missing} ← Factura, Notas")


def test_the_columns_of_refused_rows_and_those_without_name_are_silent():
    assert recognised("line", "column", "code", "reason", *COMPLETE, "", " ").ignored == ()


# What is declared.


def test_a_mapping_decides_what_is_ambiguous():
    declared = Declared(columns={"borrower_id": ("Cliente",), "phone": ("celular", "Teléfono")}, ignore=("Cuota",))
    header = ["Cliente", "name", "Telefono", "country", "debt_id", "balance", "currency", "due_date", "CUOTA"]
    found = recognised(*header, declared=declared)
    assert (found.columns["borrower_id"], found.columns["phone"], found.ignored) == (0, 2, ())


def test_the_first_header_that_is_there_is_read_and_the_others_are_not():
    declared = Declared(columns={"phone": ("Celular", "Teléfono")})
    assert recognised(*with_header("phone", "Teléfono"), "Celular", declared=declared).columns["phone"] == 8


def test_a_declared_header_that_is_not_there_is_told():
    found = recognised(*COMPLETE, declared=Declared(columns={"tags": ("Segmento",)}))
    assert found.missing == ("Segmento",)
    assert refusal(*COMPLETE[1:], declared=Declared(columns={"borrower_id": ("Cod",)})).code == "MISSING_COLUMN"


def test_one_header_declared_for_two_columns_is_refused():
    declared = Declared(columns={"tags": ("X",), "risk": ("X",)})
    assert refusal(*COMPLETE, "X", declared=declared).code == "AMBIGUOUS_COLUMN"


def test_fixed_values_and_defaults_stand_for_columns():
    declared = Declared(values={"currency": "MXN"}, defaults={"country": "MX"})
    header = [name for name in COMPLETE if name not in ("currency", "country")]
    assert "currency" not in recognised(*header, declared=declared).columns
    assert recognised(*COMPLETE, declared=declared).ignored == ("currency",)


def test_extras_are_kept_by_name_or_by_declaration():
    found = recognised(*COMPLETE, "extra.branch", "Sucursal", declared=Declared(extra={"office": "sucursal"}))
    assert (found.columns["extra.branch"], found.columns["extra.office"]) == (8, 9)
    assert refusal(*COMPLETE, *(f"extra.e{number}" for number in range(21))).code == "AMBIGUOUS_COLUMN"


# The dictionary.


def test_every_synonym_belongs_to_a_column_and_says_something():
    assert DEBT_NAMES.keys() <= set(DEBTS.names)
    assert all(fold(name) for names in DEBT_NAMES.values() for name in names)


def test_what_changes_an_amount_or_a_decision_by_being_misread_has_no_synonyms():
    assert not {"late_fee", "risk"} & DEBT_NAMES.keys()


def test_only_these_words_are_known_to_be_ambiguous():
    words = {fold(name): name for names in DEBT_NAMES.values() for name in names}
    places = {
        name: [c for c, names in DEBT_NAMES.items() if key in map(fold, names)] for key, name in words.items()
    }
    ambiguous = {name for name, columns in places.items() if len(columns) > 1}
    assert ambiguous == {"cliente", "deudor", "documento", "id documento", "cuota", "credito"}

"""The rows of payments, contacts, recalls and requests files."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cobranza.errors import InvalidInput
from cobranza.files import contacts, payments, recalls, requests
from cobranza.files.cases import read_case
from cobranza.files.cells import Cells, words
from cobranza.files.codes import CODES
from cobranza.files.contacts import ContactRow, read_contact
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.payments import read_payment
from cobranza.files.recalls import RecallRow, read_recall
from cobranza.files.receipts import read_receipt
from cobranza.files.requests import RequestRow, read_request
from cobranza.files.row import Row
from cobranza.ledger.money import Money
from cobranza.ledger.payment import Payment
from cobranza.ledger.standing import OPEN_END, Action, DebtStanding, RecallKind, Said, Word

ZONE = ZoneInfo("America/Mexico_City")
NOW = datetime(2026, 3, 10, 12, tzinfo=ZONE)
FORMATS = Formats("DMY", ",")


def given(cells: Mapping[str, str], declared: Declared | None = None) -> Cells:
    """The row of these cells, on line 7."""
    columns = {name: index for index, name in enumerate(cells)}
    return Cells(columns, Row(7, tuple(cells.values())), FORMATS, declared or Declared(), ZONE, NOW)


def local(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=ZONE)


def refused(read: Any, cells: Mapping[str, str], **rules: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read(given(cells), **rules)
    assert caught.value.code in CODES
    return caught.value.code, caught.value.column


# Payments.

PAID = {
    "payment_id": "P-1",
    "debt_id": "F-1",
    "amount": "1.234,50",
    "currency": "mxn",
    "paid_at": "05/03/2026 10:30",
}


def test_a_payment_row_is_a_payment() -> None:
    told = PAID | {
        "borrower_id": "C-1",
        "instalment": "2",
        "reference": "99 01",
        "method": "SPEI",
        "source": "banco",
    }
    assert read_payment(given(told), "norte") == Payment(
        payment_id="P-1",
        portfolio="norte",
        borrower_id="C-1",
        debt_id="F-1",
        instalment="2",
        reference="99 01",
        amount=Money(Decimal("1234.50"), "MXN"),
        paid_at=local(5, 10, 30),
        method="SPEI",
        source="banco",
    )


def test_a_payment_without_a_time_is_of_the_end_of_its_local_day() -> None:
    payment = read_payment(given(PAID | {"paid_at": "05/03/2026"}), "norte")
    assert not payment.has_time
    assert payment.moment == datetime(2026, 3, 5, 23, 59, 59, 999999, tzinfo=ZONE)


def test_what_is_declared_for_every_row_needs_no_column() -> None:
    without = {name: cell for name, cell in PAID.items() if name != "currency"}
    declared = Declared(values={"currency": "CLP"})
    payment = read_payment(given(without | {"amount": "1500"}, declared), "norte")
    assert payment.amount == Money(Decimal(1500), "CLP")
    empty = PAID | {"currency": ""}
    payment = read_payment(given(empty, Declared(defaults={"currency": "USD"})), "norte")
    assert payment.amount.currency == "USD"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"payment_id": ""}, ("MISSING_VALUE", "payment_id")),
        ({"payment_id": "P#1"}, ("BAD_ID", "payment_id")),
        ({"payment_id": "P" * 65}, ("BAD_ID", "payment_id")),
        ({"debt_id": ""}, ("MISSING_VALUE", "borrower_id")),
        ({"debt_id": "", "borrower_id": "C-1", "instalment": "2"}, ("MISSING_VALUE", "debt_id")),
        ({"amount": ""}, ("MISSING_VALUE", "amount")),
        ({"amount": "0,00"}, ("BAD_AMOUNT", "amount")),
        ({"amount": "-5,00"}, ("BAD_AMOUNT", "amount")),
        ({"amount": "5,001"}, ("BAD_AMOUNT", "amount")),
        ({"currency": "CLP", "amount": "5,5"}, ("BAD_AMOUNT", "amount")),
        ({"currency": ""}, ("MISSING_VALUE", "currency")),
        ({"currency": "pesos"}, ("BAD_CURRENCY", "currency")),
        ({"paid_at": ""}, ("MISSING_VALUE", "paid_at")),
        ({"paid_at": "ayer"}, ("BAD_DATE", "paid_at")),
        ({"paid_at": "11/03/2026"}, ("FUTURE_MOMENT", "paid_at")),
        ({"paid_at": "10/03/2026 13:00"}, ("FUTURE_MOMENT", "paid_at")),
        ({"method": "x" * 41}, ("BAD_TEXT", "method")),
        ({"source": "a\nb"}, ("BAD_TEXT", "source")),
    ],
)
def test_a_payment_that_cannot_be_read_is_refused(change: dict[str, str], refusal: tuple[str, str]) -> None:
    assert refused(read_payment, PAID | change, portfolio="norte") == refusal


def test_a_payment_of_today_is_not_in_the_future() -> None:
    for paid_at in ("10/03/2026", "10/03/2026 12:05"):
        assert read_payment(given(PAID | {"paid_at": paid_at}), "norte").paid_at >= NOW


def test_a_row_that_can_be_no_good_one_says_why() -> None:
    fault = InvalidInput("TOTALS_ROW", "x", "")
    with pytest.raises(InvalidInput) as caught:
        Cells({}, Row(7, (), fault), FORMATS, Declared(), ZONE, NOW)
    assert caught.value is fault
    with pytest.raises(InvalidInput) as caught:
        Cells({"borrower_id": 3}, Row(7, ("x",)), FORMATS, Declared(), ZONE, NOW)
    assert caught.value.code == "RAGGED_ROW"


# Contacts.

CONTACT = {"borrower_id": "C-1", "action": "", "at": "05/03/2026 10:30", "source": "call centre"}


def contact(**cells: str) -> ContactRow:
    return read_contact(given(CONTACT | cells))


def said(**cells: str) -> Said:
    (only,) = contact(**cells).said
    return only


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("BAJA", Action.OPT_OUT),
        ("opt-out", Action.OPT_OUT),
        ("Sair", Action.OPT_OUT),
        ("alta", Action.OPT_IN),
        ("opt_in", Action.OPT_IN),
        ("Disputa", Action.DISPUTE),
        ("reclamação", Action.DISPUTE),
        ("resuelta", Action.RESOLVED),
        ("Resolved", Action.RESOLVED),
        ("número equivocado", Action.WRONG_NUMBER),
        ("llamada", Action.CALL),
        ("Ligação", Action.CALL),
        ("visita", Action.VISIT),
        ("borrar", Action.ERASE),
        ("liberar", Action.RELEASE),
    ],
)
def test_actions_are_known_in_three_languages(written: str, action: Action) -> None:
    assert said(action=written, text="x") == Said(action, Word(local(5, 10, 30), "x", "call centre"))


def test_every_action_has_words_and_no_word_has_two() -> None:
    assert set(contacts.ACTIONS.values()) == {action.value for action in Action} - {"consent", "no_consent"}
    assert set(recalls.ACTIONS.values()) == {kind.value for kind in RecallKind} | {recalls.LIFT}
    with pytest.raises(ValueError, match="twice"):
        words(one="same", two="same")


@pytest.mark.parametrize("word", ["retener", "hold", "Suspender"])
def test_a_hold_has_its_last_day(word: str) -> None:
    row = contact(action=word, until="31/03/2026", debt_id="F-1")
    assert row.said == (Said(Action.HOLD, Word(local(5, 10, 30), "", "call centre"), date(2026, 3, 31)),)
    assert row.of_debt == row.said
    assert row.of_borrower == ()


@pytest.mark.parametrize("until", ["", "pronto", "2026-13-01"])
def test_a_hold_whose_last_day_cannot_be_read_has_none(until: str) -> None:
    assert said(action="retener", until=until).until == OPEN_END


def test_what_is_not_of_one_debt_is_of_the_borrower() -> None:
    row = contact(action="llamada", debt_id="F-1")
    assert (row.of_debt, row.of_borrower) == ((), row.said)
    assert contact(action="disputa").of_borrower


@pytest.mark.parametrize(
    ("word", "action"),
    [("teléfono", Action.PHONE), ("phone", Action.PHONE), ("Segundo teléfono", Action.SECOND_PHONE)],
)
def test_a_phone_is_read_as_a_number_that_whatsapp_knows(word: str, action: Action) -> None:
    told = said(action=word, phone="+52 1 55 5555 0100")
    assert (told.action, told.word.text) == (action, "+525555550100")
    assert refused(read_contact, CONTACT | {"action": word, "phone": "55 5555 0100"}) == ("BAD_PHONE", "phone")
    row = read_contact(given(CONTACT | {"action": word, "phone": "55 5555 0100"}), country="MX")
    assert row.said[0].word.text == "+525555550100"


@pytest.mark.parametrize(
    ("written", "channel"),
    [("Correo electrónico", "email"), ("WhatsApp", "whatsapp"), ("llamada", "call"), ("e-mail", "email")],
)
def test_a_channel_is_known_in_three_languages(written: str, channel: str) -> None:
    assert said(action="canal", channel=written).word.text == channel


# A date without time: of one day the word that stops wins.


@pytest.mark.parametrize(
    ("cells", "moment"),
    [
        ({"action": "baja"}, local(5, 23, 59, 59)),
        ({"action": "alta"}, local(5)),
        ({"action": "disputa"}, local(5, 23, 59, 59)),
        ({"action": "resuelta"}, local(5)),
        ({"action": "retener", "until": "06/03/2026"}, local(5, 23, 59, 59)),
        ({"action": "liberar"}, local(5)),
        ({"action": "teléfono", "phone": "+525555550100"}, local(5)),
        ({"action": "canal", "channel": "correo"}, local(5, 23, 59, 59)),
        ({"action": "canal", "channel": "whatsapp"}, local(5)),
        ({"action": "llamada"}, local(5, 12)),
        ({"consent": "sí"}, local(5)),
        ({"consent": "no"}, local(5, 23, 59, 59)),
    ],
)
def test_a_date_without_time(cells: dict[str, str], moment: datetime) -> None:
    assert said(at="05/03/2026", **cells).word.at == moment


# Consent.


def test_consent_has_its_own_evidence_or_the_rows() -> None:
    own = {"consent_at": "01/02/2026 09:00", "consent_source": "branch form", "consent_text": "Acepto\nrecibir"}
    assert said(consent="sí", **own) == Said(
        Action.CONSENT, Word(datetime(2026, 2, 1, 9, tzinfo=ZONE), "Acepto\nrecibir", "branch form")
    )
    assert said(consent="yes").word == Word(local(5, 10, 30), "", "call centre")
    assert said(consent="NÃO", source="").action == Action.NO_CONSENT


def test_a_yes_to_something_else_than_reminders_is_refused() -> None:
    assert said(consent="sí", consent_purpose="recordatorios de pago").action == Action.CONSENT
    assert said(consent="no", consent_purpose="marketing").action == Action.NO_CONSENT
    with pytest.raises(InvalidInput, match="The yes is to something else than payment reminders: 'marketing'"):
        said(consent="sí", consent_purpose="marketing")


def test_a_row_may_tell_an_action_and_consent() -> None:
    assert [each.action for each in contact(action="alta", consent="si").said] == [Action.OPT_IN, Action.CONSENT]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, ("MISSING_VALUE", "action")),
        ({"borrower_id": "", "action": "baja"}, ("MISSING_VALUE", "borrower_id")),
        ({"action": "bailar"}, ("BAD_ACTION", "action")),
        ({"action": "teléfono", "phone": "+525555550100", "at": ""}, ("MISSING_VALUE", "at")),
        ({"action": "alta", "at": "01/01/2062"}, ("FUTURE_MOMENT", "at")),
        ({"action": "alta", "source": ""}, ("MISSING_VALUE", "source")),
        ({"action": "resuelta", "source": ""}, ("MISSING_VALUE", "source")),
        ({"action": "retener", "source": "", "until": "01/04/2026"}, ("MISSING_VALUE", "source")),
        ({"action": "promesa", "until": "pronto"}, ("BAD_DATE", "until")),
        ({"action": "teléfono"}, ("MISSING_VALUE", "phone")),
        ({"action": "canal"}, ("MISSING_VALUE", "channel")),
        ({"action": "canal", "channel": "paloma"}, ("BAD_CHANNEL", "channel")),
        ({"action": "baja", "text": "x" * 1001}, ("BAD_TEXT", "text")),
        ({"action": "disputa", "debt_id": "a#b"}, ("BAD_ID", "debt_id")),
        ({"consent": "quizás"}, ("BAD_CONSENT", "consent")),
        ({"consent": "sí", "source": ""}, ("MISSING_VALUE", "source")),
        ({"consent": "sí", "at": ""}, ("MISSING_VALUE", "at")),
    ],
)
def test_a_contact_that_cannot_be_read_is_refused(change: dict[str, str], refusal: tuple[str, str]) -> None:
    assert refused(read_contact, CONTACT | change) == refusal


def test_a_stop_counts_whoever_tells_it() -> None:
    assert said(action="baja", source="").action == Action.OPT_OUT


@pytest.mark.parametrize("debt_id", ["a#b", "5.25E+11", "x" * 65])
def test_a_stop_counts_whatever_debt_stands_beside_it(debt_id: str) -> None:
    row = contact(action="baja", debt_id=debt_id)
    assert [each.action for each in row.of_borrower] == [Action.OPT_OUT]


@pytest.mark.parametrize("at", ["", "ayer", "31/02/2026", "01/01/2062"])
@pytest.mark.parametrize(
    "cells",
    [
        {"action": "baja"},
        {"action": "equivocado"},
        {"action": "disputa"},
        {"action": "retener", "until": "01/04/2026"},
        {"action": "borrar"},
        {"consent": "no"},
    ],
)
def test_a_stop_whose_moment_cannot_be_read_counts_from_now_on(cells: dict[str, str], at: str) -> None:
    assert said(**cells, at=at).word.at == NOW


# Recalls.

RECALL = {"borrower_id": "C-1", "debt_id": "F-1", "action": "vendida", "at": "05/03/2026", "source": "legal"}


def read_one_recall(**cells: str) -> RecallRow:
    return read_recall(given(RECALL | cells))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("sold", RecallKind.SOLD),
        ("Cesión", RecallKind.SOLD),
        ("retirada", RecallKind.WITHDRAWN),
        ("agência", RecallKind.AGENCY),
        ("Juicio", RecallKind.COURT),
        ("Levantar", None),
        ("lift", None),
    ],
)
def test_recalls_are_known_in_three_languages(written: str, kind: RecallKind | None) -> None:
    at = local(5) if kind is None else local(5, 23, 59, 59)
    assert read_one_recall(action=written) == RecallRow(
        borrower_id="C-1", debt_id="F-1", kind=kind, at=at, source="legal"
    )


def test_a_lift_of_the_same_day_does_not_bring_a_debt_home() -> None:
    sold, lifted = read_one_recall(), read_one_recall(action="lift")
    assert lifted.told(sold.told(DebtStanding())).recall.stands
    assert not read_one_recall(action="lift", at="06/03/2026").told(sold.told(DebtStanding())).recall.stands


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"borrower_id": ""}, ("MISSING_VALUE", "borrower_id")),
        ({"debt_id": ""}, ("MISSING_VALUE", "debt_id")),
        ({"action": ""}, ("MISSING_VALUE", "action")),
        ({"action": "perdida"}, ("BAD_ACTION", "action")),
        ({"action": "lift", "at": ""}, ("MISSING_VALUE", "at")),
        ({"action": "lift", "at": "05/05/2026"}, ("FUTURE_MOMENT", "at")),
        ({"action": "lift", "source": ""}, ("MISSING_VALUE", "source")),
    ],
)
def test_a_recall_that_cannot_be_read_is_refused(change: dict[str, str], refusal: tuple[str, str]) -> None:
    assert refused(read_recall, RECALL | change) == refusal


def test_a_recall_counts_whoever_tells_it() -> None:
    assert read_one_recall(source="").kind is RecallKind.SOLD


@pytest.mark.parametrize("at", ["", "ayer", "05/05/2026"])
def test_a_recall_whose_moment_cannot_be_read_counts_from_now_on(at: str) -> None:
    assert read_one_recall(at=at).at == NOW


RECEIPT = {
    "receipt_id": "R-1",
    "borrower_id": "C-1",
    "decision": "aceptado",
    "amount": "1.234,50",
    "currency": "MXN",
}

# Requests.


def test_a_request_names_one_debt() -> None:
    told = {"borrower_id": "C-1", "debt_id": "F-1", "instalment": "2"}
    row = RequestRow(borrower_id="C-1", debt_id="F-1", instalment="2")
    assert read_request(given(told)) == row
    for name in ("borrower_id", "debt_id"):
        assert refused(read_request, told | {name: ""}) == ("MISSING_VALUE", name)


# Ids.


@pytest.mark.parametrize(
    ("read", "cells", "column"),
    [
        (read_contact, CONTACT | {"action": "baja"}, "borrower_id"),
        (read_contact, CONTACT | {"action": "disputa", "debt_id": "F-1"}, "debt_id"),
        (read_recall, RECALL, "borrower_id"),
        (read_recall, RECALL, "debt_id"),
        (read_request, {"borrower_id": "C-1", "debt_id": "F-1"}, "borrower_id"),
        (read_request, {"borrower_id": "C-1", "debt_id": "F-1"}, "debt_id"),
        (read_request, {"borrower_id": "C-1", "debt_id": "F-1"}, "instalment"),
        (partial(read_payment, portfolio="norte"), PAID, "payment_id"),
        (partial(read_payment, portfolio="norte"), PAID, "borrower_id"),
        (partial(read_payment, portfolio="norte"), PAID, "debt_id"),
        (read_receipt, RECEIPT, "borrower_id"),
        (read_receipt, RECEIPT, "receipt_id"),
        (read_receipt, RECEIPT, "operation"),
        (read_case, {"case_id": "K-1"}, "case_id"),
    ],
)
@pytest.mark.parametrize("shortened", ["5.25556E+11", "5,25E+11", "1e12"])
def test_an_id_that_a_spreadsheet_has_shortened_names_nobody(
    read: Any, cells: dict[str, str], column: str, shortened: str
) -> None:
    read(given(cells))
    assert refused(read, cells | {column: shortened}) == ("BAD_ID", column)


# Columns.


@pytest.mark.parametrize(
    ("kind", "header", "columns"),
    [
        (
            payments,
            "Folio de pago;Nº de factura;Referencia;Monto;Moneda;Fecha de pago;Forma de pago",
            "payment_id debt_id reference amount currency paid_at method",
        ),
        (
            payments,
            "payment_id,borrower_id,debt_id,instalment,reference,amount,currency,paid_at,method,source",
            "payment_id borrower_id debt_id instalment reference amount currency paid_at method source",
        ),
        (contacts, "ID Cliente;Acción;Fecha;Origen;Hasta;Teléfono", "borrower_id action at source until phone"),
        (recalls, "Código do cliente;Fatura;Ação;Data;Fonte", "borrower_id debt_id action at source"),
        (requests, "Customer ID;Invoice No.", "borrower_id debt_id"),
    ],
)
def test_columns_are_known_by_the_names_that_people_use(kind: ModuleType, header: str, columns: str) -> None:
    names = header.replace(";", ",").split(",")
    found = kind.COLUMNS.recognise(names, Declared()).columns
    assert found == {name: index for index, name in enumerate(columns.split())}


def test_a_folio_alone_may_be_the_payments_or_the_debts() -> None:
    with pytest.raises(InvalidInput) as caught:
        payments.COLUMNS.recognise(["Folio", "Cuenta", "Monto", "Moneda", "Fecha de pago"], Declared())
    assert caught.value.code == "AMBIGUOUS_COLUMN"


def test_moments_are_compared_as_moments() -> None:
    payment = read_payment(given(PAID | {"paid_at": "2026-03-10T17:59:00Z"}), "norte")
    assert payment.paid_at == NOW.astimezone(UTC) - timedelta(minutes=1)

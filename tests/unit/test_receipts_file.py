"""The rows of receipts files: what a person decided about each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cobranza.errors import InvalidInput
from cobranza.files.cells import Cells
from cobranza.files.declared import Declared
from cobranza.files.formats import Formats
from cobranza.files.receipts import ReceiptRow, read_receipt
from cobranza.files.row import Row
from cobranza.ledger.money import Money
from cobranza.ledger.receipt import Decision

DECIDED = {
    "receipt_id": "ABC",
    "borrower_id": "C1",
    "decision": "Aceptado",
    "amount": "1.234,50",
    "currency": "mxn",
    "reason": "",
}


def given(cells: Mapping[str, str]) -> Cells:
    """The row of these cells, on line 7."""
    columns = {name: index for index, name in enumerate(cells)}
    row = Row(7, tuple(cells.values()))
    return Cells(columns, row, Formats("DMY", ","), Declared(), UTC, datetime(2026, 3, 10, tzinfo=UTC))


def test_an_accepted_receipt_has_the_amount_that_came_in() -> None:
    assert read_receipt(given(DECIDED)) == ReceiptRow(
        borrower_id="C1",
        receipt_id="ABC",
        decision=Decision.ACCEPTED,
        amount=Money(Decimal("1234.50"), "MXN"),
    )


def test_an_accepted_receipt_may_have_the_number_of_the_banks_operation() -> None:
    assert read_receipt(given(DECIDED | {"operation": " 00-77 "})).operation == "00-77"
    rejected = DECIDED | {"operation": "00-77", "decision": "rechazado", "reason": "no llegó"}
    assert read_receipt(given(rejected)).operation == ""


@pytest.mark.parametrize("word", ["rechazado", "RECHAZADA", "rejeitado", "Rejeitada", "rejected", "recusado"])
def test_a_rejected_receipt_has_a_reason_and_no_amount(word: str) -> None:
    row = read_receipt(given(DECIDED | {"decision": word, "reason": "no llegó"}))
    assert (row.decision, row.amount, row.reason) == (Decision.REJECTED, None, "no llegó")


@pytest.mark.parametrize("word", ["aceptada", "aceito", "ACEITA", "accepted", "aprobado", "aprovada"])
def test_accepted_is_said_in_three_languages(word: str) -> None:
    assert read_receipt(given(DECIDED | {"decision": word})).decision is Decision.ACCEPTED


def test_a_row_that_nobody_filled_in_decides_nothing() -> None:
    empty = DECIDED | {"decision": "", "amount": "", "currency": ""}
    assert read_receipt(given(empty)).decision is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"decision": "quizás"}, ("BAD_DECISION", "decision")),
        ({"amount": ""}, ("MISSING_VALUE", "amount")),
        ({"amount": "0"}, ("BAD_AMOUNT", "amount")),
        ({"currency": ""}, ("MISSING_VALUE", "currency")),
        ({"decision": "rechazado"}, ("MISSING_VALUE", "reason")),
        ({"receipt_id": ""}, ("MISSING_VALUE", "receipt_id")),
        ({"borrower_id": ""}, ("MISSING_VALUE", "borrower_id")),
    ],
)
def test_a_decision_that_cannot_be_used_is_refused(changes: dict[str, str], expected: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_receipt(given(DECIDED | changes))
    assert (caught.value.code, caught.value.column) == expected

"""The light check of who asks, decided purely."""

import pytest

from cobranza.conversation.identity import four_digits, is_try, matching
from cobranza.conversation.intent import Intent
from cobranza.files.debts import read_last4
from cobranza.policy.decision import Book
from tests.unit.books import borrower


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("4821", "4821"),
        ("termina en 4821.", "4821"),
        ("12345678", ""),
        ("4821 4821", ""),
        ("482", ""),
        ("4821 y 7", ""),
        ("٤٨٢١", ""),
        ("", ""),
    ],
)
def test_four_digits_and_no_others_are_read(text: str, digits: str) -> None:
    assert four_digits(text) == digits


@pytest.mark.parametrize(
    ("document", "digits"),
    [
        ("5.555.907-K", "5907"),
        ("12.345.678-5", "6785"),
        ("XEXX-010101-4821", "4821"),
        ("XEXX010101HDFXXX09", ""),
        ("123", ""),
        ("", ""),
    ],
)
def test_the_last_digits_of_a_document(document: str, digits: str) -> None:
    assert read_last4("", document) == digits


def test_digits_that_nobody_asked_for_are_no_try() -> None:
    told = {"C1": "ref"}
    assert not is_try(Intent.UNKNOWN, told, was_asked=False)
    assert is_try(Intent.UNKNOWN, told, was_asked=True)
    assert is_try(Intent.BALANCE, told, was_asked=False)
    assert not is_try(Intent.PAID, told, was_asked=True)


def test_two_with_the_same_digits_are_nobody() -> None:
    people = [Book(borrower(ref=ref, last4=f"of {ref}"), (), ()) for ref in ("A" * 26, "B" * 26)]
    told = {book.borrower.ref: book.borrower.last4 for book in people}
    assert matching(people, told) is None
    assert matching(people[:1], told) == people[0]
    assert matching([Book(borrower(ref="A" * 26), (), ())], {"A" * 26: ""}) is None

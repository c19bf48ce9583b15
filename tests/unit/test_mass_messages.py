"""Ten thousand invented rows: what a borrower reads is whole, and says what the book says."""

import random
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision

from cobranza.errors import InvalidInput
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.money import Money, totals
from cobranza.policy.decision import Send
from cobranza.policy.due import Due
from cobranza.whatsapp.kinds import kind_of, parameters
from cobranza.whatsapp.messages import reminder_facts, reminder_text
from cobranza.whatsapp.templates import shipped_templates
from tests.unit.books import LADDER, TODAY, borrower, debt, portfolio

ROWS = 10_000
BASE = "https://pagos.example.com/"
NAMES = (
    "PEREZ GARCIA, JUAN",
    "María José de la Ó",
    "  ana   ejemplo ",
    "Núñez\tPeña",
    "李小龍",
    "O'Brien-Muñoz Jr.",
)
CURRENCIES = {
    "MX": "MXN",
    "CO": "COP",
    "AR": "ARS",
    "CL": "CLP",
    "PY": "PYG",
    "BR": "BRL",
    "PE": "PEN",
    "US": "USD",
}
LEFT_OVER = re.compile(r"\{\{|\}\}|\$\{|\bNone\b|\bnull\b|\bnan\b|\bundefined\b|[\n\t\r]| {4}")
SENDABLE = [each for each in shipped_templates().values() if each.kind.is_sendable]


def row(chance: random.Random) -> tuple[Send, Borrower]:
    """A message of one to six debts, and to whom it goes."""
    template, country = chance.choice(SENDABLE), chance.choice(list(CURRENCIES))
    currency = CURRENCIES[country] if chance.random() < 0.9 else chance.choice(list(CURRENCIES.values()))
    dues = tuple(_due(chance, currency, number) for number in range(chance.randint(1, 6)))
    send = Send(
        day=TODAY,
        lead=dues[0],
        dues=dues,
        template=template.name,
        language=template.language,
        portfolio=portfolio(link_bases=(BASE,)),
        strategy="standard@1",
        totals=totals(due.debt.owed for due in dues),
        media_id="MEDIA",
    )
    return send, borrower(name=chance.choice(NAMES), country=country)


def _due(chance: random.Random, currency: str, number: int) -> Due:
    smallest = Decimal(1).scaleb(-get_currency_precision(currency))
    balance = chance.choice((1, 100, chance.randint(1, 10**5), chance.randint(1, 10**14))) * smallest
    days = chance.randint(-30, 60)
    link = f"{BASE}{chance.randrange(16**8):08x}"
    one = debt(days, debt_id=f"F-{number}", amount=balance, balance=balance, currency=currency, payment_url=link)
    return Due(
        debt=one,
        rule=LADDER.rules[0],
        due_date=one.terms.due_date,
        days_past_due=days,
        step=0,
        template="saldo_vencido",
    )


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def shows(money: Money) -> set[str]:
    """The digits by which an amount may be told: with its cents, or without them where they are zero."""
    written = f"{money.amount:.{get_currency_precision(money.currency)}f}"
    return {digits(written), digits(written.removesuffix(".00"))}


def test_no_text_of_ten_thousand_rows_has_a_gap_and_each_says_the_books_amount_and_date() -> None:
    chance = random.Random(20261124)
    for _ in range(ROWS):
        send, person = row(chance)
        facts, kind = reminder_facts(send, person), kind_of(send.template)
        assert kind
        for text in parameters(kind, facts):
            assert text.strip(), text
            assert not LEFT_OVER.search(text), text
        assert not re.search(r"\{\{|\}\}|\bNone\b", reminder_text(send, person))
        alone = len(send.dues) == 1
        assert not alone or digits(facts["owed"]) in shows(send.dues[0].debt.owed), facts["owed"]
        assert str(send.lead.due_date.year) in facts["due_date"]
        assert str(send.lead.due_date.day) in re.findall(r"\d+", facts["due_date"])
        assert facts["link"] == send.lead.debt.terms.payment_url


@pytest.mark.parametrize("name", ["", " ", "{{1}}", "Hola ${name}", "None", "NULL", "nan"])
def test_a_row_with_a_gap_is_kept_back_in_each_text(name: str) -> None:
    chance = random.Random(7)
    for _ in range(100):
        send, person = row(chance)
        with pytest.raises(InvalidInput, match=r"name (is empty|was not filled in)"):
            reminder_text(send, replace(person, name=name))

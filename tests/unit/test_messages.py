import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.errors import InvalidInput
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt, Terms
from cobranza.ledger.money import totals
from cobranza.policy.decision import Send
from cobranza.policy.due import Due
from cobranza.policy.portfolio import ConsentWording, Creditor, Portfolio, TemplateLanguage
from cobranza.whatsapp.messages import reminder_components, reminder_parameters, template_message
from cobranza.whatsapp.templates import shipped_templates
from tests.unit.books import LADDER

TODAY = date(2026, 11, 5)
LINK = "https://pagos.example.com/aurora/a1b2"
OPAQUE = f"m1.{'A' * 26}.20261105"


@dataclass(frozen=True, slots=True)
class Place:
    """A borrower's country and language, and how money and dates are written there."""

    country: str
    language: TemplateLanguage
    phone: str
    currency: str
    owed: str
    due: str
    several: str
    both: str
    answer: str


REPLY = {
    "es": "responda a este mensaje y le indicamos cómo",
    "pt": "responda a esta mensagem e informamos como",
    "en": "reply to this message and we will tell you how",
}
PLACES = {
    "es-MX": Place(
        country="MX",
        language="es",
        phone="+525555550100",
        currency="MXN",
        owed="$12,345.60",
        due="5 de noviembre de 2026",
        several="$12,445.60 (3 conceptos)",
        both="$12,345.60 y USD7.50 (2 conceptos)",
        answer=REPLY["es"],
    ),
    "es-CO": Place(
        country="CO",
        language="es",
        phone="+573005550100",
        currency="COP",
        owed="$12.345,60",
        due="5 de noviembre de 2026",
        several="$12.445,60 (3 conceptos)",
        both="$12.345,60 y US$7,50 (2 conceptos)",
        answer=REPLY["es"],
    ),
    "es in Brazil": Place(
        country="BR",
        language="es",
        phone="+5511955550100",
        currency="BRL",
        owed="R$12,345.60",
        due="5 de noviembre de 2026",
        several="R$12,445.60 (3 conceptos)",
        both="R$12,345.60 y USD7.50 (2 conceptos)",
        answer=REPLY["es"],
    ),
    "es-AR": Place(
        country="AR",
        language="es_AR",
        phone="+5491155550100",
        currency="ARS",
        owed="$ 12.345,60",
        due="5 de noviembre de 2026",
        several="$ 12.445,60 (3 conceptos)",
        both="$ 12.345,60 y US$ 7,50 (2 conceptos)",
        answer="respondé a este mensaje y te indicamos cómo",
    ),
    "pt-BR": Place(
        country="BR",
        language="pt_BR",
        phone="+5511955550101",
        currency="BRL",
        owed="R$ 12.345,60",
        due="5 de novembro de 2026",
        several="R$ 12.445,60 (3 itens)",
        both="R$ 12.345,60 e US$ 7,50 (2 itens)",
        answer=REPLY["pt"],
    ),
    "pt in Colombia": Place(
        country="CO",
        language="pt_BR",
        phone="+573005550101",
        currency="BRL",
        owed="R$ 12.345,60",
        due="5 de novembro de 2026",
        several="R$ 12.445,60 (3 itens)",
        both="R$ 12.345,60 e US$ 7,50 (2 itens)",
        answer=REPLY["pt"],
    ),
    "en": Place(
        country="MX",
        language="en",
        phone="+525555550101",
        currency="MXN",
        owed="MX$12,345.60",
        due="November 5, 2026",
        several="MX$12,445.60 (3 items)",
        both="MX$12,345.60 and $7.50 (2 items)",
        answer=REPLY["en"],
    ),
}
everywhere = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


def debt(number: int, balance: str, currency: str, *, link: str = LINK, due_date: date = TODAY) -> Debt:
    return Debt(
        terms=Terms(
            portfolio="aurora",
            debt_id=f"F-{number}",
            amount=Decimal(balance),
            balance=Decimal(balance),
            currency=currency,
            due_date=due_date,
            as_of=datetime(2026, 11, 1, tzinfo=UTC),
            payment_url=link,
        )
    )


def borrower(place: Place, name: str = "Ana Ejemplo") -> Borrower:
    return Borrower(ref="A" * 26, name=name, phone=place.phone, country=place.country)


def send(place: Place, *debts: Debt, template: str = "vence_hoy", **portfolio: Any) -> Send:
    """The first debt is the oldest."""
    values: dict[str, Any] = {
        "portfolio_id": "aurora",
        "creditor": Creditor(
            legal_name="Muebles Aurora S.A.", shown_name="Muebles Aurora", complaints_channel="800 000 0000"
        ),
        "creditor_type": "first_party",
        "phone_number_id": "100000000000001",
        "countries": ("MX", "CO", "BR"),
        "language": "es",
        "consent": ConsentWording(text="Acepto recibir recordatorios", source="solicitud"),
        "link_bases": ("https://pagos.example.com/aurora",),
    }
    dues = tuple(map(due, debts))
    return Send(
        day=TODAY,
        lead=dues[0],
        dues=dues,
        template=template,
        language=place.language,
        portfolio=Portfolio(**values | portfolio),
        strategy="standard@1",
        totals=totals(each.terms.owed for each in debts),
    )


def due(debt: Debt) -> Due:
    days = (TODAY - debt.terms.due_date).days
    rule = LADDER.rules[0]
    return Due(
        debt=debt, rule=rule, due_date=debt.terms.due_date, days_past_due=days, step=0, template="saldo_vencido"
    )


def parameters(place: Place, *debts: Debt, name: str = "Ana Ejemplo", **portfolio: Any) -> tuple[str, ...]:
    return reminder_parameters(send(place, *debts, **portfolio), borrower(place, name))


@everywhere
def test_amounts_and_dates_are_written_as_the_borrower_writes_them(place: Place) -> None:
    assert parameters(place, debt(1, "12345.60", place.currency)) == (
        "Ana Ejemplo",
        "Muebles Aurora",
        place.owed,
        place.due,
        LINK,
    )


@everywhere
def test_several_debts_are_one_exact_total_and_their_number(place: Place) -> None:
    owed = [debt(number, amount, place.currency) for number, amount in enumerate(("12345.60", "99.90", "0.10"))]
    assert parameters(place, *owed)[2] == place.several


@everywhere
def test_two_currencies_stand_side_by_side_and_are_not_added_up(place: Place) -> None:
    owed = parameters(place, debt(1, "12345.60", place.currency), debt(2, "7.50", "USD"))[2]
    assert owed == place.both


@everywhere
def test_the_date_and_the_link_are_the_oldest_debts(place: Place) -> None:
    oldest = debt(1, "1.00", place.currency)
    newer = debt(2, "1.00", place.currency, link=f"{LINK}/newer", due_date=date(2026, 11, 30))
    assert parameters(place, oldest, newer)[3:] == (place.due, LINK)


@everywhere
@pytest.mark.parametrize(
    "link",
    [
        "",
        "http://pagos.example.com/aurora/a1b2",
        "https://pagos.example.com/otra/a1b2",
        "https://pagos.example.com.example.net/aurora/a1b2",
        "https://pagos.example.com/aurora/../otra",
        "https://example.net/",
        "no link at all",
    ],
)
def test_a_link_that_is_missing_or_not_approved_becomes_an_invitation_to_answer(place: Place, link: str) -> None:
    assert parameters(place, debt(1, "10.00", place.currency, link=link))[4] == place.answer


def test_a_portfolio_without_link_bases_shows_no_link() -> None:
    place = PLACES["es-MX"]
    assert parameters(place, debt(1, "10.00", "MXN"), link_bases=())[4] == place.answer


def test_a_newer_debts_link_does_not_stand_in_for_the_oldests() -> None:
    place = PLACES["es-MX"]
    assert parameters(place, debt(1, "10.00", "MXN", link=""), debt(2, "10.00", "MXN"))[4] == place.answer


def test_a_text_that_takes_more_than_a_reminder_knows_is_not_sent_as_one() -> None:
    place = PLACES["es-MX"]
    with pytest.raises(InvalidInput, match="pago_recibido takes more"):
        reminder_parameters(send(place, debt(1, "1.00", "MXN"), template="pago_recibido"), borrower(place))


def test_a_statement_lists_the_first_debts_and_says_how_many_more_there_are() -> None:
    place = PLACES["es-MX"]
    mine = [debt(n, "10.00", "MXN") for n in range(6)]
    texts = reminder_parameters(send(place, *mine, template="estado_de_cuenta"), borrower(place))
    assert texts[2].startswith("F-0: $10.00, 5 nov 2026; F-1: ")
    assert texts[2].endswith(" y 2 más")
    assert texts[3] == "$60.00"


def test_a_statement_of_long_numbers_stays_short() -> None:
    place = PLACES["en"]
    mine = [debt(10**60 + n, "10.00", "MXN") for n in range(4)]
    listed = reminder_parameters(send(place, *mine, template="estado_de_cuenta"), borrower(place))[2]
    assert len(listed) < 220
    assert listed.endswith(" and 2 more")


@given(st.text(min_size=1, max_size=60))
def test_no_parameter_ever_holds_a_new_line_a_tab_or_a_run_of_spaces(name: str) -> None:
    try:
        texts = parameters(PLACES["pt-BR"], debt(1, "10.00", "BRL"), name=name)
    except InvalidInput:
        return
    for text in texts:
        assert text.strip()
        assert not {"\n", "\r", "\t"} & set(text)
        assert "  " not in text


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.01", "MXN", "$0.01"),
        ("1000000", "MXN", "$1,000,000.00"),
        ("999999999999999.99", "MXN", "$999,999,999,999,999.99"),  # a float would round it
        ("0.10", "USD", "USD0.10"),
        ("1234", "CLP", "CLP1,234"),  # a currency without cents
    ],
)
def test_an_amount_keeps_every_digit(amount: str, currency: str, expected: str) -> None:
    assert parameters(PLACES["es-MX"], debt(1, amount, currency))[2] == expected


@pytest.mark.parametrize(
    ("place", "amount", "expected"),
    [
        ("es-CO", "12345.00", "$12.345"),
        ("es-CO", "12345.60", "$12.345,60"),  # another figure than the book's would be a lie
        ("pt in Colombia", "1500000", "COP 1.500.000"),
        ("es-AR", "12345", "COP 12.345"),
    ],
)
def test_pesos_of_colombia_have_cents_where_there_are_any(place: str, amount: str, expected: str) -> None:
    assert parameters(PLACES[place], debt(1, amount, "COP"))[2] == expected


def test_every_country_of_the_world_can_be_written_to() -> None:
    """A pair of language and country that nobody has described is the language alone."""
    for country in ("AR", "CL", "PE", "US", "ZZ", "JP", ""):
        for name in ("es-MX", "pt-BR", "en"):
            place = replace(PLACES[name], country=country)
            assert all(parameters(place, debt(1, "10.00", "USD")))


def test_the_message_is_the_json_that_meta_describes() -> None:
    place = PLACES["es-MX"]
    told = reminder_components(send(place, debt(1, "12345.60", "MXN")), borrower(place))
    message = template_message(place.phone, "vence_hoy", "es", told, OPAQUE)
    assert json.loads(json.dumps(message)) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+525555550100",
        "type": "template",
        "biz_opaque_callback_data": OPAQUE,
        "template": {
            "name": "vence_hoy",
            "language": {"code": "es"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Ana Ejemplo"},
                        {"type": "text", "text": "Muebles Aurora"},
                        {"type": "text", "text": "$12,345.60"},
                        {"type": "text", "text": "5 de noviembre de 2026"},
                        {"type": "text", "text": LINK},
                    ],
                }
            ],
        },
    }


@everywhere
def test_a_message_names_its_template_by_the_exact_language_and_the_phone_with_its_plus(place: Place) -> None:
    message = template_message(place.phone, "saldo_vencido", place.language, [], OPAQUE)
    assert message["template"]["language"] == {"code": place.language}
    assert message["to"] == place.phone
    assert message["to"].startswith("+")


def test_what_comes_back_with_the_statuses_holds_no_phone_and_no_name() -> None:
    place = PLACES["es-MX"]
    told = reminder_components(send(place, debt(1, "1.00", "MXN")), borrower(place))
    message = template_message(place.phone, "vence_hoy", "es", told, OPAQUE)
    assert place.phone[1:] not in message["biz_opaque_callback_data"]
    assert len(message["biz_opaque_callback_data"]) <= 512


@everywhere
@pytest.mark.parametrize(
    "name",
    [
        "recordatorio_previo",
        "vence_hoy",
        "saldo_vencido",
        "factura_vencida",
        "opciones_de_pago",
        "estado_de_cuenta",
    ],
)
def test_every_template_is_filled_whole(place: Place, name: str) -> None:
    template = shipped_templates()[name, place.language]
    one, two = debt(1, "12345.60", place.currency), debt(2, "7.50", "USD")
    texts = reminder_parameters(send(place, one, two, template=name), borrower(place))
    text = template.render(texts)
    assert "{{" not in text
    assert all(part in text for part in texts)
    assert len(text) <= 1024

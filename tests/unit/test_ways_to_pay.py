"""A button where the debt has a link for it, else the link in words, else the portfolio's pay options."""

from dataclasses import replace
from typing import Any

import pytest

from cobranza.errors import InvalidInput
from cobranza.policy.decision import Send, Skip
from cobranza.policy.portfolio import Portfolio, TemplateLanguage
from cobranza.policy.strategy import Rule, Step
from cobranza.whatsapp.messages import reminder_components, reminder_parameters
from cobranza.whatsapp.templates import shipped_templates
from local.simulator.filling import read_template
from tests.unit.books import borrower, debt, decided, ladder, portfolio, sent
from tests.unit.simulator_calls import new_state

BASE = "https://pagos.example.com/aurora/"
LINK = f"{BASE}f1?t=9"
OPTIONS = ("Transferencia a la CLABE 000000000000000000", "Efectivo en tiendas con su código")
STEPS = tuple(Step(days=days, template="factura_con_enlace") for days in (3, 7))
WITH_BUTTON = ladder(rules=(Rule(name="all", steps=STEPS),), due_day="as_given")


def shop(**changes: Any) -> Portfolio:
    told: dict[str, Any] = {"link_bases": (BASE,), "button_base": BASE}
    return portfolio(**told | changes)


def asked(link: str = LINK, days: int = 3, **changes: Any) -> Send:
    """The message of a step that names the text with a button."""
    return sent(debt(days, payment_url=link), portfolios=[shop(**changes)], strategy=WITH_BUTTON)


def how_to_pay(link: str, **changes: Any) -> str:
    send = sent(debt(3, payment_url=link), portfolios=[shop(**changes)])
    return reminder_parameters(send, borrower())[-1]


# The button.


def test_a_step_that_names_the_button_has_it_where_the_debt_has_a_link() -> None:
    send = asked()
    assert send.template == "factura_con_enlace"
    (button,) = (one for one in reminder_components(send, borrower()) if one["type"] == "button")
    buttons = shipped_templates()["factura_con_enlace", "es"].buttons
    assert buttons[int(button["index"])].url
    assert button["sub_type"] == "url"
    (told,) = button["parameters"]
    assert BASE + told["text"] == LINK


@pytest.mark.parametrize(
    ("link", "base"),
    [
        ("", BASE),
        ("https://elsewhere.example/f1", BASE),
        (f"{BASE}../f1", BASE),
        (BASE, BASE),
        (LINK, f"{BASE}otra/"),
        (LINK, ""),
    ],
    ids=["none", "not approved", "climbs", "nothing after the base", "elsewhere than the button", "no button"],
)
def test_without_a_link_for_the_button_the_text_without_one_goes(link: str, base: str) -> None:
    send = asked(link, button_base=base)
    assert send.template == "factura_vencida"
    assert [one["type"] for one in reminder_components(send, borrower())] == ["body"]


def test_the_simulator_takes_the_button_and_shows_the_examples_address_with_our_suffix() -> None:
    """The shipped example is what is registered there."""
    send = asked()
    told = {"name": send.template, "language": {"code": send.language}}
    message = read_template(told | {"components": reminder_components(send, borrower())}, new_state())
    (shown,) = (button for button in message.content["buttons"] if button["type"] == "url")
    assert shown["url"] == "https://pagos.example.com/" + LINK.removeprefix(BASE)


@pytest.mark.parametrize("language", ["es", "es_AR", "pt_BR", "en"])
def test_the_button_is_of_every_language(language: TemplateLanguage) -> None:
    send = asked(language=language)
    body = shipped_templates()[send.template, send.language].render(
        reminder_parameters(send, borrower(language=""))
    )
    assert LINK not in body
    assert reminder_components(send, borrower())[-1]["parameters"][0]["text"] == LINK.removeprefix(BASE)


def test_a_link_to_which_the_button_cannot_lead_is_an_error_before_any_call() -> None:
    send = asked()
    elsewhere = send.portfolio.model_copy(update={"button_base": f"{BASE}otra/"})
    with pytest.raises(InvalidInput, match="BAD_PARAMETERS"):
        reminder_components(replace(send, portfolio=elsewhere), borrower())


def test_a_debts_link_is_the_same_in_each_of_its_reminders() -> None:
    steps = [asked(days=days) for days in (3, 4, 7)]
    assert [send.lead.step for send in steps] == [3, 3, 7]
    links = [reminder_components(send, borrower())[-1]["parameters"][0]["text"] for send in steps]
    assert set(links) == {LINK.removeprefix(BASE)}


# In words.


def test_without_a_link_the_pay_options_are_printed_with_the_debts_number() -> None:
    assert how_to_pay("", pay_options=OPTIONS) == (
        "Transferencia a la CLABE 000000000000000000; Efectivo en tiendas con su código (con la referencia F-1)"
    )


def test_a_link_goes_before_the_pay_options() -> None:
    assert how_to_pay(LINK, pay_options=OPTIONS) == LINK


@pytest.mark.parametrize(
    ("language", "reference"),
    [("es", "con la referencia F-1"), ("pt-BR", "com a referência F-1"), ("en", "with the reference F-1")],
)
def test_the_reference_is_told_in_the_borrowers_language(language: str, reference: str) -> None:
    somebody = borrower(language=language)
    send = sent(debt(3), of=somebody, portfolios=[shop(pay_options=OPTIONS)])
    assert reminder_parameters(send, somebody)[-1].endswith(f"({reference})")


# Whether there is one.


@pytest.mark.parametrize(
    ("link", "options", "outcome"),
    [
        (LINK, (), "SENT"),
        ("", OPTIONS, "SENT"),
        ("https://elsewhere.example/f1", OPTIONS, "SENT"),
        ("", (), "NO_WAY_TO_PAY"),
        ("https://elsewhere.example/f1", (), "NO_WAY_TO_PAY"),
    ],
)
def test_pay_options_are_a_way_to_pay_too(link: str, options: tuple[str, ...], outcome: str) -> None:
    place = shop(needs_payment_link=True, pay_options=options)
    decision = decided(debt(3, payment_url=link), portfolios=[place])
    assert isinstance(decision, Send) if outcome == "SENT" else decision == Skip(outcome)

import json
from importlib import resources
from typing import Any

import pytest

from cobranza.conversation.buttons import of_button
from cobranza.conversation.intent import Intent


def _labels() -> set[str]:
    """Of every quick reply of every template that ships."""
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    bodies: list[Any] = [json.loads(file.read_text(encoding="utf-8")) for file in folder.iterdir()]
    parts = [part for body in bodies for part in body["components"] if part["type"] == "BUTTONS"]
    return {each["text"] for part in parts for each in part["buttons"] if each["type"] == "QUICK_REPLY"}


def test_every_button_of_every_template_means_something() -> None:
    assert {label: of_button(label) for label in _labels()} == {
        label: intent
        for intent, labels in {
            Intent.PAID: ("Ya pagué", "Já paguei", "I already paid"),
            Intent.PROBLEM: ("Tengo un problema", "Tenho um problema", "I have a problem"),
            Intent.PERSON: ("Hablar con una persona", "Falar com uma pessoa", "Talk to a person"),
            Intent.RIGHT_PERSON: ("Sí, soy yo", "Sim, sou eu", "Yes, that is me"),
            Intent.WRONG_PERSON: ("No soy esa persona", "Não sou essa pessoa", "I am not that person"),
        }.items()
        for label in labels
    }


@pytest.mark.parametrize(
    ("payload", "intent"),
    [
        ("Pagar", Intent.PAY),
        ("No recibir avisos", Intent.STOP),
        ("Não receber avisos", Intent.STOP),
        ("ya pague", Intent.PAID),
        ("PAID|m-1", Intent.PAID),
        ("STOP", Intent.STOP),
        ("", None),
        ("|", None),
        ("ya pagué todo", None),
        ("x" * 100_000, None),
    ],
)
def test_a_payload_is_a_label_or_the_name_of_an_intent(payload: str, intent: Intent | None) -> None:
    assert of_button(payload) is intent

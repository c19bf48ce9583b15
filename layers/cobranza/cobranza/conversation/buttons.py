"""What a tapped button means. Templates are sent without payloads, so that WhatsApp gives back the label."""

from datetime import datetime
from functools import cache

from cobranza.conversation.answers import Part
from cobranza.conversation.intent import Intent
from cobranza.conversation.words import readable, sound, words_of

# Each a payload and its title.
type Buttons = tuple[tuple[str, Part], ...]

# The labels in es and es_AR, pt_BR, en.
_LABELS = {
    Intent.PAID: ("Ya pagué", "Já paguei", "I already paid"),
    Intent.PROBLEM: ("Tengo un problema", "Tenho um problema", "I have a problem"),
    Intent.PERSON: ("Hablar con una persona", "Falar com uma pessoa", "Talk to a person"),
    Intent.RIGHT_PERSON: ("Sí, soy yo", "Sim, sou eu", "Yes, that is me"),
    Intent.WRONG_PERSON: ("No soy esa persona", "Não sou essa pessoa", "I am not that person"),
    Intent.PAY: ("Pagar", "Pagar", "Pay"),
    Intent.STOP: ("No recibir avisos", "Não receber avisos", "Do not receive reminders"),
}
MAX_CHARS = 256  # of a payload
# What "cancelar" alone may mean.
CHOICES = frozenset({Intent.PAY, Intent.STOP})
# What is tapped, or written, below a promise that we said back: it stands, or it is another day.
STANDS, CHANGES = "PROMISE_STANDS", "PROMISE_CHANGES"
_WRITTEN = {
    STANDS: ("sí", "así es", "correcto", "confirmo", "sim", "isso", "certo", "yes", "correct"),
    CHANGES: ("no", "cambiar", "cambio", "otro día", "não", "mudar", "outro dia", "change", "another day"),
}


def of_button(payload: str) -> Intent | None:
    """The intent of a payload: a label as it is shown, or the intent's own name, alone or before a bar
    ("PAID|m-1"). None for any other: then the text decides."""
    name = payload[:MAX_CHARS].partition("|")[0]
    return Intent(name) if name in Intent else _by_label().get(_heard(name))


def pay_or_stop(case: str) -> Buttons:
    """Below what asks back what was meant by the message of this case."""
    return (f"{Intent.PAY}|{case}", Part.BUTTON_PAY), (f"{Intent.STOP}|{case}", Part.BUTTON_STOP)


def of_choice(payload: str) -> str:
    """The case of which one of these two buttons says what was meant; empty for any other payload."""
    word, _, case = payload[:MAX_CHARS].partition("|")
    return case if word in CHOICES else ""


def stands_or_changes(made_at: datetime) -> Buttons:
    """Below a promise of that moment."""
    changes = promise_payload(CHANGES, made_at)
    return (promise_payload(STANDS, made_at), Part.BUTTON_YES), (changes, Part.BUTTON_CHANGE)


def promise_payload(word: str, made_at: datetime) -> str:
    return f"{word}|{made_at.isoformat()}"


def of_promise(payload: str) -> tuple[str, datetime] | None:
    """STANDS or CHANGES, and when the promise was made that is meant; None for any other payload."""
    word, _, moment = payload[:MAX_CHARS].partition("|")
    if word not in (STANDS, CHANGES):
        return None
    try:
        made_at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (word, made_at) if made_at.tzinfo else None


def of_answer(text: str) -> str:
    """STANDS or CHANGES where the text is nothing else; empty for any other."""
    heard = " ".join(word.sound for word in words_of(readable(text), {}))
    return next((word for word, said in _WRITTEN.items() if heard in map(_heard, said)), "")


@cache
def _by_label() -> dict[str, Intent]:
    return {_heard(label): intent for intent, labels in _LABELS.items() for label in labels}


def _heard(label: str) -> str:
    return " ".join(sound(word) for word in label.split())

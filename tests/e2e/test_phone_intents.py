"""Everything that a borrower can mean, said on the page: what answers is a bubble there, and what follows is kept.

All write to one stack at once, each a borrower of one file, reminded by one tick. With
PHONE_PICTURE=docs/phone.png in the environment the README's picture is taken on the way.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cobranza.conversation.intent import Intent
from local import drive
from local.stack import Stack
from tests.e2e.browser import NEEDED, Phones
from tests.e2e.steps import HEADER, row, states

pytestmark = NEEDED

type Item = dict[str, Any]

LINK = "https://pagos.aurora.example.com/p/1"
LATE = timedelta(days=3)
CASE = timedelta(hours=48)
FRIDAY = 4
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
GREETING = "Respuesta automática. "


@dataclass(frozen=True)
class Turn:
    """`does` is typed, or the label of a button that is pressed. The answer's bubble ends with `hears` and has the
    buttons `offers`; where `hears` is empty there is none."""

    does: str
    hears: str
    offers: tuple[str, ...] = ()
    presses: bool = False


@dataclass(frozen=True)
class Story:
    """One of the things that somebody does means `intent`. `kept` and `noted` are all that the ledger and the
    journal hold of it, as the functions of these names tell it. What stands in braces is of `days`."""

    intent: Intent
    turns: tuple[Turn, ...]
    kept: tuple[str, ...]
    noted: tuple[str, ...]


def types(words: str, hears: str, *offers: str) -> Turn:
    return Turn(words, hears, offers)


def presses(label: str, hears: str) -> Turn:
    return Turn(label, hears, presses=True)


def story(intent: Intent, *turns: Turn, kept: str = "", noted: str) -> Story:
    """With commas between what is kept, and noted."""
    return Story(intent, turns, tuple(filter(None, kept.split(", "))), tuple(noted.split(", ")))


STOPPED = "Si quiere volver a recibirlos, responda ALTA."
OWED = f"Esto es lo que tenemos pendiente:\nF-1: $1,234.50, fecha de pago {{due}}\nPague aquí: {LINK}"
TWICE = "\nF-2: $20.00, fecha de pago {due}\nTotal: $1,254.50\nSi quiere saber cómo pagar, responda PERSONA."
PROMISED = "Anotamos su compromiso de pago: $1,234.50, a más tardar el viernes, {friday_said}. ¿Es correcto?"
LOOKED_INTO = "Gracias por escribirnos. Una persona lo revisará y le responderá."
ASKED = "¿Quiere pagar, o no recibir más avisos?"

STORIES = (
    story(
        Intent.STOP,
        types("BAJA", STOPPED),
        kept="opted out",
        noted="reply text, opt_out text, answer STOPPED SENT",
    ),
    story(
        Intent.START,
        types("BAJA", STOPPED),
        types("ALTA", "cuando corresponda el próximo. Si no los quiere, responda BAJA."),
        kept="consent lifted ALTA whatsapp, opt_out lifted whatsapp, no reminder until {tomorrow}",
        noted="reply text, opt_out text, answer STOPPED SENT, reply text, consent, opt_in, answer STARTED SENT",
    ),
    story(Intent.PAY, types("link de pago", OWED), noted="reply text, answer OWED SENT"),
    story(Intent.BALANCE, types("¿cuánto debo?", OWED + TWICE), noted="reply text, answer OWED SENT"),
    story(
        Intent.PAID,
        presses("Ya pagué", "Envíe por aquí una foto o el PDF de su comprobante y lo revisaremos."),
        kept="tag dice_que_pago, no reminder for 48 h",
        noted="reply button, tag dice_que_pago, answer SEND_RECEIPT SENT",
    ),
    story(
        Intent.STATUS,
        types("¿recibieron mi comprobante?", LOOKED_INTO),
        kept="case STATUS general, no reminder for 48 h",
        noted="reply text, case.opened STATUS, answer LOOKED_INTO SENT",
    ),
    story(
        Intent.PROMISE,
        types("pago el viernes", PROMISED, "Sí", "Cambiar"),
        presses("Sí", "Gracias, quedó anotado."),
        kept="promise {friday}, tag promesa",
        noted="reply text, promise {friday}, tag promesa, answer PROMISED SENT, "
        "reply interactive, answer PROMISE_STANDS SENT",
    ),
    story(
        Intent.PROMISE,
        types("pago el viernes", PROMISED, "Sí", "Cambiar"),
        presses("Cambiar", "¿Qué día pagará? Escriba, por ejemplo: pago el viernes."),
        kept="tag promesa, no reminder until {tomorrow}",
        noted="reply text, promise {friday}, tag promesa, answer PROMISED SENT, "
        "reply interactive, promise.taken_back, answer PROMISE_TAKEN_BACK SENT",
    ),
    story(
        Intent.DISPUTE,
        types("no reconozco esa deuda", "No le enviaremos más avisos mientras una persona lo revisa."),
        kept="dispute stopped whatsapp, tag disputa, case DISPUTE general, no reminder for 48 h",
        noted="reply text, dispute, tag disputa, case.opened DISPUTE, answer DISPUTED SENT",
    ),
    story(
        Intent.WRONG_PERSON,
        types("número equivocado", "Gracias por avisarnos, y disculpe la molestia. Corregiremos nuestros datos."),
        kept="wrong_number stopped whatsapp, case WRONG_PERSON general, no reminder for 48 h",
        noted="reply text, wrong_number, case.opened WRONG_PERSON, answer WRONG_PERSON SENT",
    ),
    story(
        Intent.DECEASED,
        types("la señora falleció", "No enviaremos más avisos; una persona se hará cargo."),
        kept="hold 9999-01-01, case DECEASED general, no reminder for 48 h",
        noted="reply text, hold 9999-01-01, case.opened DECEASED, answer DECEASED SENT",
    ),
    story(
        Intent.PROBLEM,
        presses("Tengo un problema", LOOKED_INTO),
        kept="tag problema, case PROBLEM general, no reminder for 48 h",
        noted="reply button, tag problema, case.opened PROBLEM, answer LOOKED_INTO SENT",
    ),
    story(
        Intent.COMPLAINT,
        types("esto es acoso", "También nos encuentra aquí: quejas@aurora.example.com."),
        kept="hold 9999-01-01, tag queja, case COMPLAINT general, no reminder for 48 h",
        noted="reply text, hold 9999-01-01, tag queja, case.opened COMPLAINT, answer COMPLAINT SENT",
    ),
    story(
        Intent.CHANNEL,
        types("mejor por correo", "Una persona verá cómo contactarle."),
        kept="channel email, case CHANNEL general, no reminder for 48 h",
        noted="reply text, channel email, case.opened CHANNEL, answer OTHER_CHANNEL SENT",
    ),
    story(
        Intent.PERSON,
        presses("Hablar con una persona", "Le atenderá una persona por este medio."),
        kept="tag pide_persona, case PERSON general, a person for 48 h, no reminder for 48 h",
        noted="reply button, tag pide_persona, case.opened PERSON, answer PERSON SENT",
    ),
    story(
        Intent.HELP,
        types("ayuda", "BAJA para no recibir avisos, o PERSONA para que le atienda alguien."),
        noted="reply text, answer HELP SENT",
    ),
    story(Intent.THANKS, types("ok gracias", ""), noted="reply text"),
    story(
        Intent.RIGHT_PERSON,
        types("sí, soy yo", "pagar, BAJA para no recibir avisos, o PERSONA para que le atienda alguien."),
        noted="reply text, answer RIGHT_PERSON SENT",
    ),
    story(
        Intent.UNKNOWN,
        types("jajaja", "También puede escribir SALDO, PAGAR, BAJA o PERSONA."),
        kept="case UNKNOWN general, no reminder for 48 h",
        noted="reply text, case.opened UNKNOWN, answer NOT_UNDERSTOOD SENT",
    ),
    story(
        Intent.CANCEL_ASK,
        types("cancelar", ASKED, "Pagar", "No recibir avisos"),
        presses("Pagar", OWED),
        kept="case CANCEL_ASK general closed",
        noted="reply text, case.opened CANCEL_ASK, answer PAY_OR_STOP SENT, "
        "reply interactive, case.closed resolved CANCEL_ASK, answer OWED SENT",
    ),
    story(
        Intent.CANCEL_ASK,
        types("cancelar", ASKED, "Pagar", "No recibir avisos"),
        presses("No recibir avisos", STOPPED),
        kept="opted out, case CANCEL_ASK general closed",
        noted="reply text, case.opened CANCEL_ASK, answer PAY_OR_STOP SENT, "
        "reply interactive, opt_out interactive, case.closed resolved CANCEL_ASK, answer STOPPED SENT",
    ),
)
PEOPLE = {f"+52555555{1100 + number}": each for number, each in enumerate(STORIES)}


def test_the_stories_are_of_everything_that_can_be_meant() -> None:
    assert {each.intent for each in STORIES} == set(Intent)


def test_what_is_said_on_the_page_is_answered_there_and_kept(
    stack: Stack, today: datetime, phones: Phones
) -> None:
    remind(stack, today)
    for turns in zip_longest(*(each.turns for each in STORIES)):
        for phone, turn in zip(PEOPLE, turns, strict=True):
            if turn:
                act(phones, phone, turn)
        drive.settle(stack)
    told = days(today)
    for phone, each in PEOPLE.items():
        listen(phones, phone, [turn for turn in each.turns if turn.hears], told)
    drive.settle(stack)
    if path := os.environ.get("PHONE_PICTURE"):
        take_picture(phones, Path(path))

    assert states(stack, today) == ["READ"] * len(PEOPLE)
    ledger, journal = (list(drive.items(stack, table)) for table in ("ledger", "journal"))
    profiles = {item["phone"]: item for item in ledger if item["sk"] == "PROFILE"}
    for phone, each in PEOPLE.items():
        written = heard(ledger, profiles[phone])
        assert [item["text"] for item in written] == [turn.does for turn in each.turns]
        assert each.intent in [item["intent"] for item in written]
    assert {phone: sorted(kept(ledger, profiles[phone])) for phone in PEOPLE} == {
        phone: sorted(what.format(**told) for what in each.kept) for phone, each in PEOPLE.items()
    }
    assert {phone: sorted(noted(journal, profiles[phone])) for phone in PEOPLE} == {
        phone: sorted(what.format(**told) for what in each.noted) for phone, each in PEOPLE.items()
    }


def remind(stack: Stack, today: datetime) -> None:
    """Everybody owes the same, and who asks for the balance a second debt."""
    rows = [row(today - LATE, phone[-4:], phone, "F-1", amount="1234.50", link=LINK) for phone in PEOPLE]
    rows += [
        row(today - LATE, phone[-4:], phone, "F-2", amount="20")
        for phone, each in PEOPLE.items()
        if each.intent is Intent.BALANCE
    ]
    drive.drop_and_wait(stack, "debts/uno/cartera.csv", (HEADER + "".join(rows)).encode())
    assert drive.tick(stack) == len(PEOPLE)
    drive.settle(stack)


def act(phones: Phones, phone: str, turn: Turn) -> None:
    phones.open(phone)
    if turn.presses:
        phones.press(turn.does)
    else:
        phones.answer(turn.does)


def listen(phones: Phones, phone: str, answered: Sequence[Turn], told: Mapping[str, str]) -> None:
    """The reminder and these answers are in the chat, each with its buttons, the first one with its greeting."""
    phones.open(phone)
    phones.until(lambda: len(phones.heard()) == 1 + len(answered), f"the answers to {phone}")
    for number, (bubble, turn) in enumerate(zip(phones.heard()[1:], answered, strict=True)):
        assert bubble.endswith(turn.hears.format(**told))
        assert bubble.startswith(GREETING) == (number == 0)
    assert phones.offered()[1:] == [list(turn.offers) for turn in answered]
    if LINK in phones.heard()[-1]:
        assert phones.links()[-1] == LINK


def take_picture(phones: Phones, path: Path) -> None:
    """Of somebody who promises to pay, and says yes to what is said back."""
    phones.resize(1100, 1060)
    phones.open(next(phone for phone, each in PEOPLE.items() if each.intent is Intent.PROMISE))
    phones.until(lambda: set(phones.ticks()) == {"read"}, "blue ticks")
    phones.picture(path)


def days(today: datetime) -> dict[str, str]:
    """Of a borrower in Mexico City, where it is before noon of the same date."""
    friday = today + timedelta(days=(FRIDAY - today.weekday()) % 7 or 7)
    return {
        "due": in_words(today - LATE),
        "friday": f"{friday:%Y-%m-%d}",
        "friday_said": in_words(friday),
        "tomorrow": f"{today + timedelta(days=1):%Y-%m-%d} 06:00",
    }


def in_words(day: datetime) -> str:
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def kept(ledger: Sequence[Item], profile: Item) -> Iterator[str]:
    """What a borrower's words left: marks, what keeps reminders back, and cases."""
    since = [datetime.fromisoformat(item["sk"].partition("#")[0]) for item in heard(ledger, profile)]
    standing = next((item for item in ledger if (item["pk"], item["sk"]) == (profile["pk"], "STANDING")), {})
    yield from said(standing)
    if "opted_out_at" in profile and "opt_out" not in standing:
        yield "opted out"
    if holds := standing.get("looked_into"):
        yield f"no reminder {span(datetime.fromisoformat(max(holds)), since)}"
    if "human_until" in profile:
        yield f"a person {span(datetime.fromisoformat(profile['human_until']), since)}"
    for item in ledger:
        if item["sk"] == "CASE" and item["borrowers"] == [ref(profile)]:
            yield f"case {item['topic']} {item['queue']}{' closed' if item['state'] == 'CLOSED' else ''}"


def said(standing: Item) -> Iterator[str]:
    """The marks with the last word on each, the promises and the tags."""
    yield from (f"tag {tag}" for tag in standing.get("tagged", ()))
    yield from (f"promise {day}" for _, day, _, _ in standing.get("promises", ()))
    for name in ("opt_out", "consent", "wrong_number", "dispute"):
        for end, (_, text, source, *_) in standing.get(name, {}).items():
            yield " ".join([name, end, *filter(None, (text, source))])
    for name in ("hold", "channel"):
        if name in standing:
            yield f"{name} {standing[name][1]}"


def span(until: datetime, since: Iterable[datetime]) -> str:
    return "for 48 h" if until - CASE in since else f"until {until:%Y-%m-%d %H:%M}"


def noted(journal: Iterable[Item], profile: Item) -> Iterator[str]:
    """The lines of a borrower, but for those of the reminder and its ways, with what each tells."""
    for line in journal:
        if line["pk"] == profile["pk"] and not line["event"].startswith(("message.", "outcome")):
            facts = (line.get(name) for name in ("type", "code", "until", "to"))
            yield " ".join([line["event"], *filter(None, facts)])


def heard(ledger: Iterable[Item], profile: Item) -> list[Item]:
    """What the borrower wrote or pressed, in its order."""
    chat = [item for item in ledger if item["pk"] == f"CHAT#{ref(profile)}" and item.get("direction") == "in"]
    return sorted(chat, key=lambda item: item["sk"])


def ref(profile: Item) -> str:
    return profile["pk"].removeprefix("B#")

"""What borrowers can do with a message besides words and files."""

from typing import Any

import pytest

from local.simulator.borrowers import Saying, parse_saying
from local.simulator.state import Message, State
from tests.unit.simulator_calls import (
    BRAZILIAN,
    MEXICAN,
    NUMBER_ID,
    accept,
    body,
    new_state,
    shipped_template,
    text,
)


@pytest.fixture
def state() -> State:
    state = new_state()
    state.hear(MEXICAN, Saying("text", "hola"))
    return state


def say(state: State, order: dict[str, Any], phone: str = MEXICAN) -> Message:
    saying = parse_saying(order)
    assert isinstance(saying, Saying)
    return state.hear(phone, saying)


def ask(state: State) -> Message:
    buttons = [{"type": "reply", "reply": {"id": "yes", "title": "Sí"}}]
    order = {"type": "button", "body": {"text": "¿Ya pagó?"}, "action": {"buttons": buttons}}
    return accept(state, body("interactive", order))


def offer(state: State) -> Message:
    rows = [{"id": "now", "title": "Hoy", "description": "Todo"}, {"id": "later", "title": "Después"}]
    action = {"button": "Elegir", "sections": [{"rows": rows}]}
    return accept(state, body("interactive", {"type": "list", "body": {"text": "¿Cuándo?"}, "action": action}))


@pytest.mark.parametrize("choice", ["Sí", "yes"])
def test_a_reply_button_is_chosen_by_title_or_id(state: State, choice: str) -> None:
    asked = ask(state)
    accept(state, text())
    answer = say(state, {"choose": choice})
    assert (answer.type, answer.text, answer.context) == ("interactive", "Sí", asked.id)
    assert answer.reply == {"type": "button_reply", "id": "yes", "title": "Sí"}
    assert answer.as_json()["reply"] == answer.reply


def test_a_row_is_chosen_with_its_description_if_it_has_one(state: State) -> None:
    offered = offer(state)
    chosen = {"type": "list_reply", "id": "now", "title": "Hoy", "description": "Todo"}
    assert say(state, {"choose": "Hoy"}).reply == chosen
    answer = say(state, {"choose": "later"})
    assert answer.reply == {"type": "list_reply", "id": "later", "title": "Después"}
    assert answer.context == offered.id


def test_what_was_not_offered_cannot_be_chosen(state: State) -> None:
    ask(state)
    for choice, phone in (("No", MEXICAN), ("Sí", BRAZILIAN)):
        with pytest.raises(ValueError, match="lets choose"):
            say(state, {"choose": choice}, phone)


def test_a_reaction_names_the_last_message_and_can_be_taken_back(state: State) -> None:
    with pytest.raises(ValueError, match="to react to"):
        say(state, {"reaction": "👍"})
    last = accept(state, shipped_template())
    for emoji in ("👍", ""):
        assert say(state, {"reaction": emoji}).reply == {"message_id": last.id, "emoji": emoji}


def test_a_place_a_card_and_what_is_unsupported_are_kept_as_facts(state: State) -> None:
    place = {"latitude": 19.4, "longitude": -99.1, "name": "Tienda", "address": "Calle 1"}
    answer = say(state, {"location": place})
    assert (answer.type, answer.reply, answer.text) == ("location", place, "Tienda")
    (card,) = say(state, {"contacts": True}).reply["contacts"]
    assert card["phones"] == [{"phone": MEXICAN, "wa_id": "5215555550101", "type": "CELL"}]
    assert card["name"]["formatted_name"].startswith(card["name"]["first_name"])
    assert say(state, {"unsupported": True}).reply == {"type": "unknown"}
    assert say(state, {"unsupported": "poll"}).reply == {"type": "poll"}


@pytest.mark.parametrize(
    ("kind", "mime_type", "begin"),
    [("video", "video/mp4", b"\x00\x00\x00\x1cftypisom"), ("sticker", "image/webp", b"RIFF")],
)
def test_films_and_stickers_are_files(state: State, kind: str, mime_type: str, begin: bytes) -> None:
    answer = say(state, {kind: True})
    file = state.files[answer.media_id]
    assert (answer.type, file.mime_type) == (kind, mime_type)
    assert next(file.chunks()).startswith(begin)


@pytest.mark.parametrize(
    "order",
    [
        [],
        {},
        {"text": ""},
        {"text": "a", "read": True},
        {"text": "a", "to": 5},
        {"read": True, "to": NUMBER_ID},
        {"choose": " "},
        {"choose": "a", "button": "a"},
        {"reaction": 1},
        {"location": True},
        {"location": {"latitude": 1}},
        {"location": {"latitude": 91, "longitude": 0}},
        {"location": {"latitude": True, "longitude": 0}},
        {"location": {"latitude": float("nan"), "longitude": 0}},
        {"location": {"latitude": 1, "longitude": 0, "name": 1}},
        {"location": {"latitude": 1, "longitude": 0, "city": "x"}},
        {"image": False},
        {"video": 1},
        {"sticker": True, "caption": "x"},
        {"contacts": False},
        {"unsupported": ""},
        {"unsupported": 1},
    ],
)
def test_what_nobody_can_say_is_refused(order: object) -> None:
    with pytest.raises(ValueError, match=r"exactly one|lies between|unknown|texts|caption|is the id"):
        parse_saying(order)

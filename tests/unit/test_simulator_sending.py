"""What the messages endpoint accepts, and what the phone then shows."""

from typing import Any

import pytest

from local.simulator import graph
from local.simulator.borrowers import Saying
from local.simulator.errors import Refusal
from local.simulator.numbers import canonical, user_id
from local.simulator.state import State
from tests.unit.simulator_calls import (
    BRAZILIAN,
    MEXICAN,
    NUMBER_ID,
    OTHER_NUMBER_ID,
    TOKEN,
    accept,
    body,
    check,
    code,
    keep_file,
    later,
    new_state,
    register,
    shipped_template,
    text,
)

LONG = "x" * 5000


def replies(*titles: str, **changes: Any) -> dict[str, Any]:
    buttons = [{"type": "reply", "reply": {"id": f"id-{title}", "title": title}} for title in titles]
    order = {"type": "button", "body": {"text": "¿Ya pagó?"}, "action": {"buttons": buttons}} | changes
    return body("interactive", order)


def rows(*sections: Any, **changes: Any) -> dict[str, Any]:
    action = {"button": "Ver opciones", "sections": list(sections)} | changes
    return body("interactive", {"type": "list", "body": {"text": "Elija"}, "action": action})


def section(title: str, *ids: str) -> dict[str, Any]:
    return {"title": title, "rows": [{"id": id, "title": f"Fila {id}", "description": "Una opción"} for id in ids]}


def address(**changes: Any) -> dict[str, Any]:
    parameters = {"display_text": "Pagar", "url": "https://pay.example.com/a1"} | changes
    action = {"name": "cta_url", "parameters": parameters}
    return body("interactive", {"type": "cta_url", "body": {"text": "Su enlace"}, "action": action})


@pytest.fixture
def state() -> State:
    """Everybody's service window is open, and there is a picture and a PDF."""
    state = new_state()
    state.hear(MEXICAN, Saying("text", "hola"))
    keep_file(state, "application/pdf", "pdf")
    keep_file(state, "image/jpeg", "picture")
    return state


def test_a_text_is_shown_as_its_body(state: State) -> None:
    message = accept(state, body("text", {"body": "Gracias", "preview_url": True}))
    assert message.content == {"body": "Gracias"}
    assert message.text == "Gracias"


def test_reply_buttons_are_shown_with_header_and_footer(state: State) -> None:
    order = replies("Sí", "No", header={"type": "text", "text": "Su cuenta"}, footer={"text": "Muebles Aurora"})
    assert accept(state, order).content == {
        "header": {"type": "text", "text": "Su cuenta"},
        "body": "¿Ya pagó?",
        "footer": "Muebles Aurora",
        "buttons": [
            {"type": "reply", "text": "Sí", "id": "id-Sí"},
            {"type": "reply", "text": "No", "id": "id-No"},
        ],
    }


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ({"type": "image", "image": {"id": "picture"}}, {"type": "image", "media_id": "picture"}),
        ({"type": "video", "video": {"link": "https://a.mx/b"}}, {"type": "video", "link": "https://a.mx/b"}),
        (
            {"type": "document", "document": {"id": "pdf", "filename": "estado.pdf"}},
            {"type": "document", "filename": "estado.pdf", "media_id": "pdf"},
        ),
    ],
)
def test_a_header_can_be_a_file(state: State, header: dict[str, Any], shown: dict[str, Any]) -> None:
    assert accept(state, replies("Sí", header=header)).content["header"] == shown


def test_a_list_is_shown_with_its_sections(state: State) -> None:
    message = accept(state, rows(section("Pagar", "1", "2"), section("Hablar", "3")))
    assert message.content["list"] == {
        "button": "Ver opciones",
        "sections": [
            {
                "title": "Pagar",
                "rows": [
                    {"id": "1", "title": "Fila 1", "description": "Una opción"},
                    {"id": "2", "title": "Fila 2", "description": "Una opción"},
                ],
            },
            {"title": "Hablar", "rows": [{"id": "3", "title": "Fila 3", "description": "Una opción"}]},
        ],
    }
    single = {"rows": [{"id": "1", "title": "Una"}]}
    assert accept(state, rows(single)).content["list"]["sections"] == [single]


def test_a_button_that_opens_an_address_is_shown(state: State) -> None:
    shown = {"type": "cta_url", "text": "Pagar", "url": "https://pay.example.com/a1"}
    assert accept(state, address()).content == {"body": "Su enlace", "buttons": [shown]}


def test_a_document_and_an_image_are_shown_with_their_caption(state: State) -> None:
    document = {"id": "pdf", "caption": "Su estado de cuenta", "filename": "estado.pdf"}
    message = accept(state, body("document", document))
    assert message.content == {
        "header": {"type": "document", "filename": "estado.pdf", "media_id": "pdf"},
        "body": "Su estado de cuenta",
    }
    image = accept(state, body("image", {"link": "https://a.mx/b.jpg"}))
    assert image.content == {"header": {"type": "image", "link": "https://a.mx/b.jpg"}}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (text(""), 131008),
        (text(LONG), 100),
        (body("text", {"body": 5}), 100),
        (body("text", {"body": "hola", "preview_url": "yes"}), 100),
        (body("text", "hola"), 100),
        (body("text", None), 131008),
        (body("poll", {}), 131051),
        (body("interactive", {"type": "product", "body": {"text": "x"}, "action": {}}), 131051),
        (replies(), 131008),
        (replies("1", "2", "3", "4"), 131009),
        (replies("x" * 21), 131009),
        (replies("Sí", "Sí"), 131009),
        (replies("Sí", body={"text": "x" * 1025}), 131009),
        (replies("Sí", body=None), 131008),
        (replies("Sí", footer={"text": "x" * 61}), 131009),
        (replies("Sí", header={"type": "text", "text": "x" * 61}), 131009),
        (replies("Sí", header={"type": "location"}), 131009),
        (replies("Sí", header={"type": "image", "image": {"id": "unknown"}}), 131009),
        (replies("Sí", header={"type": "image", "image": {"id": "pdf"}}), 131053),
        (replies("Sí", header={"type": "image", "image": {}}), 131008),
        (replies("Sí", action={"buttons": [{"type": "url"}]}), 131009),
        (replies("Sí", action={"buttons": [{"type": "reply", "reply": {"id": "x" * 257, "title": "a"}}]}), 131009),
        (replies("Sí", action={"buttons": [{"type": "reply", "reply": {"title": "a"}}]}), 131008),
        (rows(), 131008),
        (rows(section("a")), 131008),
        (rows(*[section(f"{n}", str(n)) for n in range(11)]), 131009),
        (rows(section("a", *map(str, range(6))), section("b", *map(str, range(6, 11)))), 131009),
        (rows(section("a", "1"), section("", "2")), 131009),
        (rows(section("a", "1", "1")), 131009),
        (rows(section("x" * 25, "1")), 131009),
        (rows(section("a", "x" * 201)), 131009),
        (rows({"title": "a", "rows": [{"id": "1", "title": "x" * 25}]}), 131009),
        (rows({"title": "a", "rows": [{"id": "1", "title": "x", "description": "x" * 73}]}), 131009),
        (rows(section("a", "1"), button="x" * 21), 131009),
        (address(url="pay.example.com"), 131009),
        (address(display_text=""), 131008),
        (body("document", {"caption": "x"}), 131008),
        (body("document", {"id": "pdf", "link": "https://a.mx"}), 131009),
        (body("document", {"id": "pdf", "caption": LONG}), 131009),
        (body("image", {"id": "pdf"}), 131053),
        (body("image", {"link": "ftp://a.mx"}), 131009),
        (text(context="wamid.x"), 100),
        (text(context={"message_id": "x"}), 131009),
        (text(biz_opaque_callback_data="x" * 513), 100),
        (text(to="+52 55 5555 0100"), 131021),
    ],
)
def test_a_message_out_of_shape_is_refused_with_its_code(state: State, order: object, expected: int) -> None:
    answer = check(state, order)
    assert code(answer) == expected
    assert isinstance(answer, Refusal)
    assert answer.details


@pytest.mark.parametrize("order", [text(), replies("Sí"), rows(section("a", "1")), address()])
def test_what_is_no_template_needs_an_open_window(order: dict[str, Any]) -> None:
    state = new_state()
    assert code(check(state, order)) == 131047
    state.hear(MEXICAN, Saying("text", "hola"))
    assert code(check(state, order)) == 200
    later(state, 24 * 3600)
    assert code(check(state, order)) == 131047


def test_a_window_is_open_to_the_number_written_to_alone(state: State) -> None:
    assert code(check(state, text(), number=OTHER_NUMBER_ID)) == 131047
    state.hear(MEXICAN, Saying("text", "hola", number=OTHER_NUMBER_ID))
    assert code(check(state, text(), number=OTHER_NUMBER_ID)) == 200


def test_a_reaction_opens_no_window() -> None:
    state = new_state()
    accept(state, shipped_template())
    state.hear(MEXICAN, Saying("reaction", "👍"))
    assert code(check(state, text())) == 131047


def test_a_message_quotes_another_of_the_same_conversation(state: State) -> None:
    asked = state.hear(MEXICAN, Saying("text", "¿Cuánto debo?"))
    answer = accept(state, text("Nada", context={"message_id": asked.id}))
    assert (answer.content["quoted"], answer.context) == (asked.id, asked.id)
    elsewhere = state.hear(BRAZILIAN, Saying("text", "olá"))
    for gone in (elsewhere.id, "wamid.gone"):
        assert "quoted" not in accept(state, text("Nada", context={"message_id": gone})).content


def read(state: State, message_id: Any, number: str = NUMBER_ID) -> int:
    order = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    checked = graph.check(graph.Call(number, TOKEN, order), state)
    if isinstance(checked, graph.Reading):
        state.see(checked.message_id)
        return 200
    assert isinstance(checked, Refusal)
    return checked.code


def test_a_message_of_a_borrower_can_be_marked_as_read(state: State) -> None:
    asked = state.hear(MEXICAN, Saying("text", "¿Cuánto debo?"))
    assert read(state, asked.id) == 200
    assert state.messages[asked.id].as_json()["status"] == "read"
    ours = accept(state, text())
    assert read(state, ours.id) == read(state, "wamid.unknown") == read(state, asked.id, OTHER_NUMBER_ID) == 131009
    assert read(state, None) == 131008


def test_a_person_can_be_addressed_by_user_id_alone() -> None:
    state = new_state(hidden=[MEXICAN])
    id = user_id(MEXICAN)
    message = accept(state, shipped_template(to=None, recipient=id))
    assert message.phone == MEXICAN
    assert graph.accepted(message, id)["contacts"] == [{"input": id, "user_id": id}]
    assert code(check(state, shipped_template(to=None, recipient=user_id(BRAZILIAN)))) == 131026
    state.hear(BRAZILIAN, Saying("text", "olá"))
    assert code(check(state, shipped_template(to=None, recipient=user_id(BRAZILIAN)))) == 200
    assert code(check(state, shipped_template(to=None, recipient="+525555550101"))) == 131009
    assert accept(state, shipped_template(recipient=user_id(BRAZILIAN))).phone == MEXICAN


def test_a_user_id_sent_to_as_a_number_is_accepted_and_lost() -> None:
    state = new_state()
    id = user_id(MEXICAN)
    message = accept(state, shipped_template(to=id))
    assert message.lost
    assert graph.accepted(message, id)["contacts"] == [{"input": id, "wa_id": id.removeprefix("MX.")}]
    assert state.last_to(MEXICAN) is None


def test_an_authentication_template_needs_a_number() -> None:
    state = new_state(hidden=[MEXICAN])
    register(state, {"type": "BODY", "text": "Su código es 123 456."}, category="AUTHENTICATION")
    order = body("template", {"name": "aviso", "language": {"code": "es_MX"}})
    assert code(check(state, order)) == 200
    assert code(check(state, order | {"to": None, "recipient": user_id(MEXICAN)})) == 131062


@pytest.mark.parametrize(
    ("forms", "wa_id"),
    [
        (("+52 55 5555 0101", "+52 1 55 5555 0101"), "5215555550101"),
        (("+54 9 11 5555 0101", "+54 11 5555 0101"), "5491155550101"),
        (("+54 9 351 555 0101", "+54 351 555 0101"), "5493515550101"),
        (("+55 81 95555 0100", "+55 81 5555 0100"), "558155550100"),
        (("+55 11 95555 0100",), "5511955550100"),
        (("+57 300 555 0100",), "573005550100"),
        (("+1 202 555 0100",), "12025550100"),
    ],
)
def test_all_forms_of_a_number_are_one_person(forms: tuple[str, ...], wa_id: str) -> None:
    state = new_state()
    assert len({canonical(form) for form in forms}) == 1
    for form in forms:
        message = accept(state, shipped_template(to=form))
        assert graph.accepted(message, form)["contacts"] == [{"input": form, "wa_id": wa_id}]

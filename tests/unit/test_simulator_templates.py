"""Templates: registered in Meta's format, filled in as Meta would, and refused with its codes."""

import copy
from typing import Any

import pytest

from cobranza.whatsapp.templates import shipped_templates
from local.simulator import graph, templates
from local.simulator.errors import NotAccepted
from local.simulator.state import State
from tests.unit.golden_texts import LOCALES, Locale, facts_of
from tests.unit.simulator_calls import (
    PARAMETERS,
    accept,
    body,
    button,
    check,
    code,
    keep_file,
    new_state,
    register,
    shipped_template,
    template,
    texts,
)

REMINDER = (
    {"type": "HEADER", "format": "DOCUMENT"},
    {"type": "BODY", "text": "Hola {{1}}, su saldo es {{2}}."},
    {"type": "FOOTER", "text": "Responda BAJA"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "URL", "text": "Pagar", "url": "https://example.com/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Ya pagué"},
            {"type": "COPY_CODE", "example": "REF"},
            {"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+525555550100"},
        ],
    },
)
NAMED = ({"type": "BODY", "text": "Hola {{first_name}}, debe {{amount}}."},)
# As in Meta's reference of the call, with a document header, an address suffix, a payload and a code.
SENT: dict[str, Any] = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+5215512345678",
    "type": "template",
    "biz_opaque_callback_data": "m=01J;c=42",
    "template": {
        "name": "recordatorio_pago_v1",
        "language": {"code": "es_MX"},
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "document", "document": {"id": "MEDIA_ID", "filename": "estado.pdf"}}],
            },
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "$1,200.00"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "0",
                "parameters": [{"type": "text", "text": "pay/abc123"}],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "1",
                "parameters": [{"type": "payload", "payload": "PAID|42"}],
            },
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": "2",
                "parameters": [{"type": "coupon_code", "coupon_code": "REF12345"}],
            },
        ],
    },
}


@pytest.fixture
def state() -> State:
    state = new_state()
    keep_file(state, "application/pdf")
    keep_file(state, "image/jpeg", "picture")
    register(state, *REMINDER, name="recordatorio_pago_v1")
    register(state, *NAMED, name="con_nombres", parameter_format="named")
    return state


def changed(place: int, component: Any) -> dict[str, Any]:
    """The reference's message with another component, or without it."""
    order = copy.deepcopy(SENT)
    order["template"]["components"][place : place + 1] = [component] if component else []
    return order


def named(*pairs: tuple[str, str], **changes: Any) -> dict[str, Any]:
    parameters = [{"type": "text", "parameter_name": name, "text": text} | changes for name, text in pairs]
    return template("con_nombres", "es_MX", {"type": "body", "parameters": parameters})


def test_the_message_of_the_reference_is_accepted_and_shown_in_full(state: State) -> None:
    message = accept(state, SENT)
    assert message.content == {
        "header": {"type": "document", "filename": "estado.pdf", "media_id": "MEDIA_ID"},
        "body": "Hola Ana, su saldo es $1,200.00.",
        "footer": "Responda BAJA",
        "buttons": [
            {"type": "url", "text": "Pagar", "url": "https://example.com/pay/abc123"},
            {"type": "quick_reply", "text": "Ya pagué", "id": "PAID|42"},
            {"type": "copy_code", "text": "Copy code", "id": "REF12345"},
            {"type": "phone_number", "text": "Llamar", "id": "+525555550100"},
        ],
    }
    assert message.payloads == {"Ya pagué": "PAID|42"}
    assert (message.parameters, message.category) == (("Ana", "$1,200.00"), "UTILITY")
    assert graph.accepted(message, "+5215512345678") == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+5215512345678", "wa_id": "5215512345678"}],
        "messages": [{"id": message.id, "message_status": "accepted"}],
    }


def test_named_parameters_come_in_any_order(state: State) -> None:
    message = accept(state, named(("amount", "$5"), ("first_name", "Ana")))
    assert message.content["body"] == "Hola Ana, debe $5."
    assert message.parameters == ("Ana", "$5")


def test_an_index_may_be_a_number(state: State) -> None:
    order = changed(2, button("url", 0, text="x"))
    assert accept(state, order).content["buttons"][0]["url"] == "https://example.com/x"


def test_a_value_that_looks_like_a_variable_stays_what_it_is(state: State) -> None:
    order = changed(1, texts("body", "{{2}}", "$1"))
    assert accept(state, order).content["body"] == "Hola {{2}}, su saldo es $1."


def test_a_text_header_is_filled() -> None:
    state = new_state()
    register(
        state, {"type": "HEADER", "format": "TEXT", "text": "Aviso de {{1}}"}, {"type": "BODY", "text": "Hola."}
    )
    order = template("aviso", "es_MX", texts("header", "Aurora"))
    assert accept(state, order).content == {"header": {"type": "text", "text": "Aviso de Aurora"}, "body": "Hola."}
    assert code(check(state, template("aviso", "es_MX"))) == 132000
    assert code(check(state, template("aviso", "es_MX", texts("header", "x" * 60)))) == 132005


def test_an_image_header_takes_a_link() -> None:
    state = new_state()
    register(state, {"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hola."})
    header = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.mx/b.png"}}]}
    message = accept(state, template("aviso", "es_MX", header))
    assert message.content["header"] == {"type": "image", "link": "https://a.mx/b.png"}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (changed(0, None), 132012),
        (changed(0, texts("header", "x")), 132012),
        (changed(0, {"type": "header", "parameters": [{"type": "image", "image": {"id": "picture"}}]}), 132012),
        (
            changed(0, {"type": "header", "parameters": [{"type": "document", "document": {"id": "picture"}}]}),
            131053,
        ),
        (changed(0, {"type": "header", "parameters": [{"type": "document", "document": {"id": "gone"}}]}), 131009),
        (changed(0, {"type": "header", "parameters": [{"type": "document", "document": {}}]}), 131008),
        (changed(1, None), 132000),
        (changed(1, texts("body", "Ana")), 132000),
        (changed(1, texts("body", "Ana", "$1", "x")), 132000),
        (changed(1, texts("body", "Ana", "a\nb")), 132012),
        (changed(1, texts("body", "Ana", "a\tb")), 132012),
        (changed(1, texts("body", "Ana", "a     b")), 132012),
        (changed(1, texts("body", "Ana", "a    b")), 200),
        (changed(1, texts("body", "Ana", "")), 131008),
        (changed(1, texts("body", "Ana", "x" * 1010)), 132005),
        (
            changed(1, {"type": "body", "parameters": [{"type": "currency"}, {"type": "text", "text": "x"}]}),
            132012,
        ),
        (changed(1, {"type": "body", "parameters": "Ana"}), 100),
        (changed(2, None), 131008),
        (changed(2, {"type": "button", "sub_type": "url", "index": "0"}), 131008),
        (changed(2, button("url", "0", payload="x")), 132012),
        (changed(2, button("url", "1", text="x")), 132018),
        (changed(2, button("url", "9", text="x")), 132018),
        (changed(2, button("url", "x", text="x")), 100),
        (changed(2, button("url", None, text="x")), 131008),
        (changed(2, button("phone_number", "3", text="x")), 100),
        (changed(3, None), 200),
        (changed(3, button("url", "0", text="x")), 132018),
        (changed(4, None), 131008),
        (changed(4, button("copy_code", "2", coupon_code="x" * 15)), 200),
        (changed(4, button("copy_code", "2", coupon_code="x" * 16)), 132018),
        (changed(4, {"type": "carousel"}), 132018),
        (named(("first_name", "Ana")), 132000),
        (named(("first_name", "Ana"), ("first_name", "Ana")), 132012),
        (named(("first_name", "Ana"), ("surname", "Ana")), 132012),
        (template("con_nombres", "es_MX", texts("body", "Ana", "$1")), 132012),
        (template("con_nombres", "es", texts("body", "Ana", "$1")), 132001),
        (body("template", None), 131008),
        (body("template", {"name": "con_nombres"}), 131008),
        (body("template", {"name": "con_nombres", "language": {"code": "es_MX", "policy": "fallback"}}), 100),
    ],
)
def test_what_does_not_fit_the_template_is_refused_with_its_code(
    state: State, order: dict[str, Any], expected: int
) -> None:
    assert code(check(state, order)) == expected


def test_every_shipped_template_is_known_as_the_project_knows_it() -> None:
    known = templates.shipped()
    assert known.keys() == shipped_templates().keys()
    for key, shipped in shipped_templates().items():
        given = PARAMETERS[: shipped.parameters]
        filled = known[key].fill(known[key].body, dict(zip("12345", given, strict=False)))
        assert shipped.render(given) == (f"{filled}\n\n{shipped.footer}" if shipped.footer else filled)


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
def test_every_shipped_template_is_accepted_with_its_facts(locale: Locale) -> None:
    state = new_state()
    keep_file(state, "application/pdf")
    for (name, language), shipped in shipped_templates().items():
        if language == locale.language:
            order = template(name, language, *shipped.components(facts_of(name, locale)))
            assert code(check(state, order)) == 200, name


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("APPROVED", 200),
        ("PAUSED", 132015),
        ("DISABLED", 132016),
        ("PENDING", 132001),
        ("REJECTED", 132001),
        ("ARCHIVED", 132001),
    ],
)
def test_only_an_approved_template_can_be_sent(status: str, expected: int) -> None:
    state = new_state()
    changed = templates.control({"name": "saldo_vencido", "language": "es", "status": status}, state.templates)
    state.templates["saldo_vencido", "es"] = changed
    assert code(check(state, shipped_template())) == expected


def test_a_paced_template_is_held_and_can_fail_in_the_end() -> None:
    state = new_state()
    for pacing, fails_with in (("held", 0), ("dropped", 132015)):
        order = {"name": "saldo_vencido", "language": "es", "pacing": pacing, "quality": "YELLOW"}
        state.templates["saldo_vencido", "es"] = templates.control(order, state.templates)
        message = accept(state, shipped_template())
        (told,) = graph.accepted(message, message.phone)["messages"]
        assert told["message_status"] == "held_for_quality_assessment"
        assert message.fails_with == fails_with


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"name": "unknown", "language": "es"},
        {"name": "saldo_vencido", "language": "es", "status": "GOOD"},
        {"name": "saldo_vencido", "language": "es", "pacing": True},
        {"name": "saldo_vencido", "language": "es", "body": "x"},
    ],
)
def test_an_impossible_state_of_a_template_is_refused(order: object) -> None:
    with pytest.raises(ValueError, match=r"is one of|is a|there is no|unknown"):
        templates.control(order, templates.shipped())


def definition(*components: Any, **changes: Any) -> dict[str, Any]:
    known = {"name": "nuevo", "language": "es", "category": "UTILITY"}
    return {**known, "components": list(components) or [{"type": "BODY", "text": "Hola."}], **changes}


def buttons(*buttons: Any) -> dict[str, Any]:
    return definition({"type": "BODY", "text": "Hola."}, {"type": "BUTTONS", "buttons": list(buttons)})


def test_a_new_template_waits_for_its_review_and_then_is_listed() -> None:
    state = new_state()
    order = definition(*REMINDER, message_send_ttl_seconds=43_200)
    found = templates.register(order, state.templates)
    assert found.status == "PENDING"
    assert found.described() == {
        "name": "nuevo",
        "parameter_format": "POSITIONAL",
        "components": list(REMINDER),
        "language": "es",
        "status": "PENDING",
        "category": "UTILITY",
        "quality_score": {"score": "UNKNOWN"},
        "message_send_ttl_seconds": 43_200,
        "id": found.id,
    }
    assert found.id.isdigit()
    with pytest.raises(NotAccepted, match="already"):
        templates.register(order, state.templates)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        definition(name="Nuevo"),
        definition(name="x" * 513),
        definition(category="TRANSACTIONAL"),
        definition(language=None),
        definition(language="Spanish"),
        definition({"type": []}),
        definition(parameter_format="other"),
        definition(message_send_ttl_seconds=29),
        definition(message_send_ttl_seconds=50_000),
        definition(components=[]),
        definition({"type": "FOOTER", "text": "x"}),
        definition({"type": "BODY", "text": "Hola."}, {"type": "BODY", "text": "Hola."}),
        definition({"type": "BODY", "text": "x" * 1025}),
        definition({"type": "BODY", "text": "{{1}}, hola."}),
        definition({"type": "BODY", "text": "Hola {{1}}"}),
        definition({"type": "BODY", "text": "Hola {{2}}."}),
        definition({"type": "BODY", "text": "Hola {{name}}."}),
        definition({"type": "BODY", "text": "Hola."}, {"type": "FOOTER", "text": "x" * 61}),
        definition({"type": "BODY", "text": "Hola."}, {"type": "FOOTER", "text": "{{1}}"}),
        definition({"type": "BODY", "text": "Hola."}, {"type": "HEADER", "format": "TEXT", "text": "x" * 61}),
        definition({"type": "BODY", "text": "Hola."}, {"type": "HEADER", "format": "SOUND"}),
        buttons(),
        buttons(*[{"type": "QUICK_REPLY", "text": str(n)} for n in range(11)]),
        buttons({"type": "QUICK_REPLY", "text": "x" * 26}),
        buttons({"type": "SHARE", "text": "x"}),
        buttons({"type": "URL", "text": "x", "url": "https://a.mx/{{1}}/b"}),
        buttons({"type": "PHONE_NUMBER", "text": "x"}),
    ],
)
def test_a_definition_that_meta_would_not_take_is_refused(wrong: object) -> None:
    with pytest.raises(NotAccepted) as refused:
        templates.parse(wrong)
    assert refused.value.refusal.code == 100
    assert refused.value.refusal.details

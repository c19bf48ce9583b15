"""What Meta has registered of a text decides whether it can be sent."""

from dataclasses import replace
from typing import Any

import pytest

from cobranza.policy.registered import Register, Registered, Shape, remedy
from cobranza.whatsapp.events import OtherEvent, parse
from cobranza.whatsapp.template_news import TemplateNews, template_news
from cobranza.whatsapp.templates import button_bases, digest_of, shape_of, shipped_templates, unsendable
from local.simulator.config import Config
from local.simulator.news import of_template
from local.simulator.templates import Template
from local.simulator.webhooks import encode, together

OURS = Shape(("1", "2"), "DOCUMENT", ("QUICK_REPLY", "https://pay.example.com/{{1}}"))
GOOD = Registered("aviso", "es", "APPROVED", "UTILITY", shape=OURS)
ALL = {key: Registered(*key, "APPROVED", "UTILITY", shape=each.shape) for key, each in shipped_templates().items()}


def fault(known: Registered | None, *, is_synced: bool = True, is_needed: bool = False) -> str:
    templates = {(known.name, known.language): known} if known else {}
    return Register(templates, is_synced, is_needed).fault("aviso", "es", OURS)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (GOOD, ""),
        (None, "MISSING"),
        (replace(GOOD, language="pt_BR"), "MISSING"),
        *(
            (replace(GOOD, status=status), status)
            for status in ("PAUSED", "REJECTED", "DISABLED", "PENDING", "NEW")
        ),
        (replace(GOOD, category="MARKETING"), "MARKETING"),
        (replace(GOOD, category=""), "MISSING"),
        (replace(GOOD, quality="RED"), ""),
        (replace(GOOD, shape=None), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, variables=("1",))), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, variables=("due", "name"))), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, header="IMAGE")), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, buttons=OURS.buttons[::-1])), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, buttons=("QUICK_REPLY", "https://pay.example.com/"))), "PARAMETERS"),
        (replace(GOOD, shape=replace(OURS, buttons=("QUICK_REPLY", "https://other.example.com/{{1}}"))), ""),
    ],
)
def test_only_what_is_approved_as_utility_and_takes_our_parameters_can_be_sent(
    known: Registered | None, expected: str
) -> None:
    assert fault(known) == expected


def test_what_nobody_has_read_is_sent_where_that_is_not_needed_and_held_where_it_is() -> None:
    assert fault(None, is_synced=False) == ""
    assert fault(None, is_synced=False, is_needed=True) == "NOT_SYNCED"
    assert fault(GOOD, is_synced=False, is_needed=True) == "NOT_SYNCED"
    assert fault(GOOD, is_needed=True) == ""


def test_news_count_also_before_anybody_has_read_the_rest() -> None:
    told = Registered("aviso", "es", "", "")
    assert fault(told, is_synced=False) == ""
    assert fault(replace(told, status="PAUSED"), is_synced=False) == "PAUSED"
    assert fault(replace(told, category="MARKETING"), is_synced=False) == "MARKETING"


def test_a_person_is_told_what_to_do_about_each_fault() -> None:
    assert "cobranza templates sync" in remedy("NOT_SYNCED")
    assert "cobranza templates push" in remedy("MISSING")
    assert remedy("PAUSED") != remedy("REJECTED") != remedy("A_WORD_OF_TOMORROW")


def test_the_texts_that_ship_fit_what_is_registered_from_their_own_files() -> None:
    assert unsendable(Register(ALL, is_synced=True)) == {}
    assert unsendable(Register({}, is_synced=True)).keys() == ALL.keys()


def test_the_address_of_a_button_is_known_once_it_was_read() -> None:
    assert button_bases(Register(ALL, is_synced=True), "es") == {"https://pagos.example.com/"}
    assert button_bases(Register(), "es") == frozenset()


def test_a_shape_is_what_must_be_filled_in() -> None:
    components: list[dict[str, Any]] = [
        {"type": "HEADER", "format": "DOCUMENT"},
        {"type": "BODY", "text": "Hola {{1}}, debe {{2}}. {{1}}"},
        {
            "type": "BUTTONS",
            "buttons": [{"type": "QUICK_REPLY", "text": "Ya"}, {"type": "URL", "url": "https://a.b/{{1}}"}],
        },
    ]
    assert shape_of(components) == Shape(("1", "2"), "DOCUMENT", ("QUICK_REPLY", "https://a.b/{{1}}"))
    assert shape_of([{"type": "BODY", "text": "Hola {{nombre}}"}]) == Shape(("nombre",))


BODY = {"type": "BODY", "text": "Hola {{1}}\n\nPague aquí"}
LINK = {"type": "URL", "text": "Pagar", "url": "https://a.b/{{1}}"}


def test_words_have_one_digest_in_the_file_and_in_metas_list() -> None:
    ours = [BODY | {"example": {"body_text": [["Ana"]]}}, {"type": "BUTTONS", "buttons": [LINK]}]
    metas = [{"type": "BUTTONS", "buttons": [LINK | {"example": ["x"]}]}, BODY | {"text": "Hola {{1}} Pague aquí"}]
    assert digest_of(ours) == digest_of(metas)


@pytest.mark.parametrize(
    "other",
    [
        [BODY | {"text": "Hola {{1}} Pague ya"}],
        [BODY, {"type": "FOOTER", "text": "Responda BAJA"}],
        [BODY, {"type": "HEADER", "format": "DOCUMENT"}],
        [BODY, {"type": "BUTTONS", "buttons": [LINK]}],
        [BODY, {"type": "BUTTONS", "buttons": [LINK | {"url": "https://c.d/{{1}}"}]}],
    ],
)
def test_other_words_or_another_address_have_another_digest(other: list[dict[str, Any]]) -> None:
    see = [BODY, {"type": "BUTTONS", "buttons": [LINK | {"text": "Ver"}]}]
    assert len({digest_of(each) for each in ([BODY], see, other)}) == 3


VALUE = {"message_template_id": 7, "message_template_name": "aviso", "message_template_language": "es"}


def event(field: str, time: str = "1795370400", **told: Any) -> OtherEvent:
    return OtherEvent(field, VALUE | told, "W", time)


@pytest.mark.parametrize(
    ("field", "told", "expected"),
    [
        ("message_template_status_update", {"event": "PAUSED", "reason": "NONE"}, {"status": "PAUSED"}),
        (
            "message_template_status_update",
            {"event": "APPROVED", "message_template_category": "MARKETING"},
            {"status": "APPROVED", "category": "MARKETING"},
        ),
        ("message_template_status_update", {"event": "REINSTATED"}, {"status": "APPROVED"}),
        ("message_template_status_update", {"event": "FLAGGED"}, {}),
        ("message_template_quality_update", {"new_quality_score": "RED"}, {"quality": "RED"}),
        (
            "template_category_update",
            {"new_category": "MARKETING", "previous_category": "UTILITY"},
            {"category": "MARKETING"},
        ),
        (
            "template_category_update",
            {"new_category": "UTILITY", "correct_category": "MARKETING"},
            {"category": "UTILITY"},
        ),
    ],
)
def test_news_tell_status_quality_and_category(field: str, told: dict[str, str], expected: dict[str, str]) -> None:
    news = template_news(event(field, **told))
    assert isinstance(news, TemplateNews)
    assert (news.name, news.language, news.told) == ("aviso", "es", expected)
    assert news.at == (template_news(event(field, "1795370400000", **told)) or news).at


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "PAUSED"}, [{"status": "PAUSED", "category": "UTILITY"}]),
        ({"quality": "RED"}, [{"quality": "RED"}]),
        ({"category": "MARKETING"}, [{"category": "MARKETING"}]),
    ],
)
def test_what_the_simulator_tells_of_a_template_is_understood(
    changes: dict[str, str], told: list[dict[str, str]]
) -> None:
    before = Template("saldo_vencido", "es", "UTILITY", ())
    updates = of_template(Config(), 1_795_370_400.0, before, before.changed(changes))
    body = encode(together(updates))
    found = [template_news(each) for each in parse(body) if isinstance(each, OtherEvent)]
    assert [news and news.told for news in found] == told


@pytest.mark.parametrize(
    "other",
    [
        event("account_update", event="DISABLED_UPDATE"),
        event("message_template_status_update", time="", event="PAUSED"),
        event("message_template_status_update", time="tomorrow", event="PAUSED"),
        event("message_template_status_update", event="PAUSED", message_template_name=7),
        event("message_template_status_update", event="PAUSED", message_template_language="es#"),
        OtherEvent("message_template_status_update", None, "W", "1795370400"),
    ],
)
def test_what_has_no_template_or_no_moment_is_no_news(other: OtherEvent) -> None:
    assert template_news(other) is None

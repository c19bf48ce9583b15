import json
import re
from importlib import resources
from typing import Any, get_args

import pytest

from cobranza.errors import InvalidInput
from cobranza.whatsapp.kinds import KINDS, Fact, parameters
from cobranza.whatsapp.templates import (
    Template,
    announced,
    announcements,
    parse_template,
    shipped_templates,
)

FIVE = {"recordatorio_previo", "vence_hoy", "saldo_vencido", "factura_vencida", "opciones_de_pago"}
AHEAD = {"recordatorio_previo", "vence_hoy"}
OVERDUE = {"saldo_vencido", "factura_vencida", "opciones_de_pago", "factura_con_enlace", "promesa_no_vista"}
REMINDERS = AHEAD | OVERDUE | {"factura_documento", "estado_de_cuenta", "recordatorio_promesa"}
LANGUAGES = {"es", "es_AR", "pt_BR", "en"}
OPT_OUT = {"es": "BAJA", "es_AR": "BAJA", "pt_BR": "SAIR", "en": "STOP"}
IF_PAID = {
    "es": "Si ya pagó",
    "es_AR": "Si ya pagaste",
    "pt_BR": "Se já pagou",
    "en": "If you have already paid",
}
RECEIPT = {"es": "comprobante", "es_AR": "comprobante", "pt_BR": "comprovante", "en": "receipt"}
# How usted is spoken to; who says vos says none of these.
USTED = re.compile(
    r"\b(le escribe|su|sus|usted|responda|comuníquese|envíenos|ignore|tiene|puede|prefiere)\b", re.I
)
FORBIDDEN = re.compile(
    r"\b("
    r"deudas?|deudor(es|a|as)?|moros[oa]s?|morosidad|mora|cobranzas?|cobros?|cartera|embargos?"
    r"|[uú]ltimo aviso|hoy mismo"
    r"|d[ií]vidas?|devedor(es|a|as)?|inadimpl\w*|cobran[cç]as?|carteira|penhora|hoje mesmo"
    r"|debts?|debtors?|delinquen\w*|arrears|default\w*|collect\w*|portfolio|garnish\w*|seiz\w*|lien"
    r"|(last|final) (notice|warning)|right now|immediately|today only"
    r"|legal\w*|judicial\w*|court|lawyer|abogad\w*|advogad\w*|bur[oó]|serasa|urgente?|inmediat\w*|imediat\w*"
    r"|puntual\w*|pontual\w*|punctual\w*"
    r")\b",
    re.IGNORECASE,
)

every_template = pytest.mark.parametrize(
    "template", shipped_templates().values(), ids=lambda t: f"{t.name}.{t.language}"
)


def definitions() -> list[tuple[str, dict[str, Any]]]:
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    return [(file.name, json.loads(file.read_text(encoding="utf-8"))) for file in folder.iterdir()]


def test_every_kind_ships_in_every_language() -> None:
    assert len(KINDS) == 17
    assert set(shipped_templates()) == {(name, language) for name in KINDS for language in LANGUAGES}


def test_reminders_are_those_that_ask_for_money() -> None:
    assert {name for name, kind in KINDS.items() if kind.asks} == REMINDERS
    assert {name for name, kind in KINDS.items() if kind.announces == "past"} == OVERDUE


def test_a_strategy_names_only_what_a_reminder_can_fill() -> None:
    assert announcements().keys() == FIVE | {"estado_de_cuenta", "factura_con_enlace", "factura_documento"}
    assert announced()["vence_hoy", "es_AR"] == "today"


def test_every_file_is_named_after_its_template_and_is_ready_to_be_registered() -> None:
    for name, definition in definitions():
        assert name == f"{definition['name']}.{definition['language']}.json"
        assert definition["category"] == "UTILITY"
        assert definition["parameter_format"] == "positional"
        assert definition["message_send_ttl_seconds"] == 900
        body = next(component for component in definition["components"] if component["type"] == "BODY")
        (example,) = body["example"]["body_text"]
        assert len(example) == parse_template(definition).parameters


@every_template
def test_every_variable_is_a_fact_of_its_kind_and_stands_once(template: Template) -> None:
    assert template.parameters == len(template.kind.body)
    assert [template.body.count(f"{{{{{n + 1}}}}}") for n in range(template.parameters)] == [
        1
    ] * template.parameters


def test_the_first_five_take_the_same_parameters() -> None:
    assert {KINDS[name].facts for name in FIVE} == {("name", "creditor", "owed", "due_date", "how_to_pay")}


@every_template
def test_no_text_is_longer_than_it_may_be(template: Template) -> None:
    assert len(template.body) <= 550
    assert 0 < len(template.footer) <= 60
    assert len(template.buttons) == len(set(template.buttons)) <= 4
    assert all(0 < len(button.text) <= 25 for button in template.buttons)


@every_template
def test_a_variable_neither_opens_nor_closes_a_body(template: Template) -> None:
    assert not re.match(r"\W*\{\{", template.body)
    assert not re.search(r"\}\}\W*$", template.body)


@every_template
def test_nobody_is_threatened_labelled_or_shouted_at(template: Template) -> None:
    everything = " ".join((template.body, template.footer, *(button.text for button in template.buttons)))
    assert not FORBIDDEN.search(everything)
    assert not re.search(r"[!¡]", everything)
    assert not re.search(r"\b[A-ZÁÉÍÓÚ]{3,}\b", template.body)


@every_template
def test_the_footer_tells_how_to_stop(template: Template) -> None:
    told = [] if template.name == "mensajes_detenidos" else [OPT_OUT[template.language]]
    assert re.findall(r"\b[A-Z]{3,}\b", template.footer) == told


@every_template
def test_every_reminder_allows_for_a_payment_already_made(template: Template) -> None:
    assert (IF_PAID[template.language] in template.body) == (template.name in REMINDERS)
    if template.name in REMINDERS - AHEAD:
        assert RECEIPT[template.language] in template.body.partition(IF_PAID[template.language])[2]


@every_template
def test_nobody_is_thanked_but_for_a_payment_that_came(template: Template) -> None:
    thanked = re.search(r"gracias|obrigad[oa]|agradece\w*|thank", template.body, re.IGNORECASE)
    assert bool(thanked) == (template.name in ("pago_recibido", "gracias_por_su_pago"))


@every_template
def test_a_person_can_always_be_asked_for(template: Template) -> None:
    replies = [button.text for button in template.buttons if not button.url]
    assert {"Hablar con una persona", "Falar com uma pessoa", "Talk to a person"} & {replies[-1]}
    assert len(replies) == (3 if template.name in REMINDERS | {"primer_contacto"} else 1)


@every_template
def test_what_somebody_else_may_read_tells_of_no_payment(template: Template) -> None:
    assert template.kind.is_discreet == (template.name in ("primer_contacto", "consulta_respondida"))
    if template.kind.is_discreet:
        assert not re.search(
            r"pag|\bpay|saldo|balance|fatura|factura|invoice|venc|due", template.body, re.IGNORECASE
        )


@every_template
def test_argentina_is_spoken_to_with_vos(template: Template) -> None:
    if template.language == "es_AR":
        assert not USTED.search(f"{template.body} {template.footer}")


def test_a_link_button_takes_what_comes_after_the_approved_address() -> None:
    template = shipped_templates()["factura_con_enlace", "es"]
    facts: dict[Fact, str] = {"name": "Ana", "creditor": "Aurora", "owed": "$1.00", "due_date": "5/11/2026"}
    (_, button) = template.components({**facts, "link": "https://pagos.example.com/a1b2?x=1"})
    assert button == {
        "type": "button",
        "sub_type": "url",
        "index": "3",
        "parameters": [{"type": "text", "text": "a1b2?x=1"}],
    }
    for link in ("", "https://example.net/a1b2", "https://pagos.example.com/"):
        with pytest.raises(InvalidInput, match="BAD_PARAMETERS"):
            template.components({**facts, "link": link})


@pytest.mark.parametrize("text", ["", " ", "None", "{{1}}", "a\nb", "a\tb", "a    b", "hola ${name}"])
@pytest.mark.parametrize("fact", ["name", "document", "document_name"])
def test_no_message_is_built_with_a_fact_that_is_missing_or_unfilled(fact: Fact, text: str) -> None:
    template = shipped_templates()["factura_documento", "es"]
    facts: dict[Fact, str] = dict.fromkeys(template.kind.facts, "texto")
    assert [one["type"] for one in template.components(facts)] == ["header", "body"]
    with pytest.raises(InvalidInput, match=f"BAD_PARAMETERS: {fact}"):
        template.components({**facts, fact: text})


def test_a_rendered_text_holds_the_values_and_the_footer() -> None:
    template = shipped_templates()["saldo_vencido", "es"]
    text = template.render(
        ["Ana {{3}}", "Muebles Aurora", "$1,234.50 (3 facturas)", "15/11/2026", "responda a este mensaje"]
    )
    assert text.startswith("Hola, Ana {{3}}: le escribe Muebles Aurora.")
    assert "$1,234.50 (3 facturas), con vencimiento el 15/11/2026." in text
    assert text.endswith(template.footer)


def test_a_wrong_number_of_values_is_refused() -> None:
    with pytest.raises(InvalidInput, match="BAD_PARAMETERS"):
        shipped_templates()["vence_hoy", "en"].render(["Ana"])


@pytest.mark.parametrize("text", ["Hola {{2}} amiga", "Hola {{0}} y {{1}} amiga", "Hola {{1}} y {{3}} amiga"])
def test_a_gap_in_the_variables_is_refused(text: str) -> None:
    definition = {
        "name": "x",
        "language": "es",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": text}],
    }
    with pytest.raises(InvalidInput, match="without gaps"):
        parse_template(definition)


@pytest.mark.parametrize(
    "definition", [{}, {"components": []}, {"components": [{"type": "BODY"}]}, {"components": 3}]
)
def test_a_definition_without_its_parts_is_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="BAD_TEMPLATE"):
        parse_template(definition)


TOLD: dict[Fact, str] = {fact: f"<{fact}>" for fact in get_args(Fact.__value__)}


@every_template
def test_all_that_a_borrower_reads_is_shown_and_no_id_of_ours(template: Template) -> None:
    shown = template.shown(TOLD)
    assert "{{" not in shown
    assert template.render(parameters(template.kind, TOLD)) in shown
    assert all(f"<{fact}>" in shown for fact in template.kind.facts if fact != "document")
    assert "<document>" not in shown
    assert [line for line in shown.splitlines() if line.startswith("[")][-len(template.buttons) :] == [
        f"[{button.text}]{' <link>' if button.url else ''}" for button in template.buttons
    ]


def test_the_name_of_an_attached_document_stands_at_the_head() -> None:
    assert (
        shipped_templates()["factura_documento", "es"].shown(TOLD).startswith("[<document_name>]\n\nHola, <name>")
    )


def test_what_cannot_be_filled_in_is_not_shown() -> None:
    without: dict[Fact, str] = {**TOLD, "link": ""}
    with pytest.raises(InvalidInput, match="BAD_PARAMETERS"):
        shipped_templates()["factura_con_enlace", "es"].shown(without)

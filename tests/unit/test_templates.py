import json
import re
from importlib import resources
from typing import Any

import pytest

from cobranza.errors import InvalidInput
from cobranza.whatsapp.templates import Template, parse_template, shipped_templates

NAMES = {"recordatorio_previo", "vence_hoy", "saldo_vencido", "factura_vencida", "opciones_de_pago"}
OVERDUE = {"saldo_vencido", "factura_vencida", "opciones_de_pago"}
LANGUAGES = {"es", "pt_BR", "en"}
OPT_OUT = {"es": "BAJA", "pt_BR": "SAIR", "en": "STOP"}
IF_PAID = {"es": "Si ya pagó", "pt_BR": "Se já pagou", "en": "If you have already paid"}
RECEIPT = {"es": "comprobante", "pt_BR": "comprovante", "en": "receipt"}
FORBIDDEN = re.compile(
    r"\b("
    r"deudas?|deudor(es|a|as)?|moros[oa]s?|morosidad|mora|cobranzas?|cobros?|cartera|embargos?"
    r"|[uú]ltimo aviso|hoy mismo"
    r"|d[ií]vidas?|devedor(es|a|as)?|inadimpl\w*|cobran[cç]as?|carteira|penhora|hoje mesmo"
    r"|debts?|debtors?|delinquen\w*|arrears|default\w*|collect\w*|portfolio|garnish\w*|seiz\w*|lien"
    r"|(last|final) (notice|warning)|right now|immediately|today only"
    r"|legal\w*|judicial\w*|court|lawyer|abogad\w*|advogad\w*|bur[oó]|serasa|urgente?|inmediat\w*|imediat\w*"
    r"|gracias|obrigad[oa]|thank\w*|puntual\w*|pontual\w*"
    r")\b",
    re.IGNORECASE,
)

every_template = pytest.mark.parametrize(
    "template", shipped_templates().values(), ids=lambda t: f"{t.name}.{t.language}"
)


def definitions() -> list[tuple[str, dict[str, Any]]]:
    folder = resources.files("cobranza") / "whatsapp" / "template_files"
    return [(file.name, json.loads(file.read_text(encoding="utf-8"))) for file in folder.iterdir()]


def test_every_name_ships_in_every_language() -> None:
    assert set(shipped_templates()) == {(name, language) for name in NAMES for language in LANGUAGES}


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
def test_the_same_five_parameters_fill_every_template(template: Template) -> None:
    assert template.parameters == 5
    assert [template.body.count(f"{{{{{n}}}}}") for n in range(1, 6)] == [1] * 5


@every_template
def test_no_text_is_longer_than_it_may_be(template: Template) -> None:
    assert len(template.body) <= 550
    assert 0 < len(template.footer) <= 60
    assert len(template.buttons) == len(set(template.buttons)) <= 3
    assert all(0 < len(button) <= 25 for button in template.buttons)


@every_template
def test_a_variable_neither_opens_nor_closes_a_body(template: Template) -> None:
    assert not re.match(r"\W*\{\{", template.body)
    assert not re.search(r"\}\}\W*$", template.body)


@every_template
def test_nobody_is_threatened_labelled_or_shouted_at(template: Template) -> None:
    everything = " ".join((template.body, template.footer, *template.buttons))
    assert not FORBIDDEN.search(everything)
    assert not re.search(r"[!¡]", everything)
    assert not re.search(r"\b[A-ZÁÉÍÓÚ]{3,}\b", template.body)


@every_template
def test_the_footer_tells_how_to_stop(template: Template) -> None:
    assert re.findall(r"\b[A-Z]{3,}\b", template.footer) == [OPT_OUT[template.language]]


@every_template
def test_every_text_allows_for_a_payment_already_made(template: Template) -> None:
    assert IF_PAID[template.language] in template.body
    if template.name in OVERDUE:
        assert RECEIPT[template.language] in template.body


@every_template
def test_overdue_texts_alone_offer_the_three_answers(template: Template) -> None:
    assert len(template.buttons) == (3 if template.name in OVERDUE else 0)


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

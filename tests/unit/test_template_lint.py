"""The linter finds each fault by its code and place, and nothing in what ships."""

import copy
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza.whatsapp.template_lint import lint
from cobranza_cli.app import app
from cobranza_cli.templates import shipped

type Change = Callable[[dict[str, Any]], None]
FILES = {file.stem: file for file in shipped()}


def definition(name: str = "saldo_vencido.es") -> dict[str, Any]:
    return json.loads(FILES[name].read_text(encoding="utf-8"))


def part(told: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(each for each in told["components"] if each["type"] == kind)


def found(told: object, *bases: str) -> set[tuple[str, str]]:
    findings = lint(told, bases) if bases else lint(told)
    assert all(each.sentence for each in findings)
    return {(each.code, each.place) for each in findings}


def says(old: str, new: str, kind: str = "BODY") -> Change:
    def change(told: dict[str, Any]) -> None:
        assert old in part(told, kind)["text"]
        part(told, kind)["text"] = part(told, kind)["text"].replace(old, new)

    return change


def sets(name: str, value: Any) -> Change:
    return lambda told: told.update({name: value})


def buttons(*added: dict[str, Any], keep: int = 10) -> Change:
    def change(told: dict[str, Any]) -> None:
        part(told, "BUTTONS")["buttons"] = part(told, "BUTTONS")["buttons"][:keep] + list(added)

    return change


def example(index: int, value: str) -> Change:
    def change(told: dict[str, Any]) -> None:
        part(told, "BODY")["example"]["body_text"][0][index] = value

    return change


def url(value: str) -> Change:
    def change(told: dict[str, Any]) -> None:
        part(told, "BUTTONS")["buttons"][-1]["url"] = value

    return change


def without(kind: str) -> Change:
    def change(told: dict[str, Any]) -> None:
        told["components"] = [each for each in told["components"] if each["type"] != kind]

    return change


def bare(kind: str, name: str) -> Change:
    return lambda told: part(told, kind).pop(name) and None


def reply(text: str) -> dict[str, Any]:
    return {"type": "QUICK_REPLY", "text": text}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_nothing_is_wrong_with_what_ships(file: Path) -> None:
    assert lint(json.loads(file.read_text(encoding="utf-8"))) == ()


MISTAKES: list[tuple[str, Change, str, str]] = [
    ("saldo_vencido.es", says("saldo pendiente", "_deuda_"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.es", says("saldo pendiente", "saldo crónico"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.es", says("Quizá se le pasó la fecha", "Es el ÚLTIMO AVISO"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.pt_BR", says("saldo pendente", "dívida"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.en", says("a pending balance", "a debt"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.en", says("Perhaps", "Final notice. Perhaps"), "FORBIDDEN_WORD", "body"),
    ("saldo_vencido.es", buttons(reply("Pagar hoy mismo"), keep=3), "FORBIDDEN_WORD", "buttons[3].text"),
    ("saldo_vencido.es", says("Quizá", "Gracias por su puntualidad. Quizá"), "THANKS", "body"),
    ("estado_de_cuenta.pt_BR", says("Este é", "Obrigado. Este é"), "THANKS", "body"),
    ("saldo_vencido.es", says("Quizá", "Evite cargos adicionales. Quizá"), "CHARGES", "body"),
    ("saldo_vencido.es", says("Quizá", "PAGUE YA. Quizá"), "SHOUTING", "body"),
    ("saldo_vencido.es", says("la fecha.", "la fecha!!"), "SHOUTING", "body"),
    ("saldo_vencido.es", says("Quizá", "x" * 1024), "TOO_LONG", "body"),
    ("saldo_vencido.es", says("Quizá", "quizá " * 60), "FILLED_TOO_LONG", "body"),
    ("saldo_vencido.es", says("{{4}}", "{{7}}"), "NUMBERING", "body"),
    ("saldo_vencido.es", says("Hola, {{1}}", "{{1}}"), "VARIABLE_AT_EDGE", "body"),
    ("saldo_vencido.es", says("por este chat.", "por este chat. {{6}}."), "VARIABLE_AT_EDGE", "body"),
    ("saldo_vencido.es", says(", con vencimiento el {{4}}", " ({{4}})"), "VARIABLES_SIDE_BY_SIDE", "body"),
    ("saldo_vencido.es", says("{{4}}", "4"), "FACTS", "body"),
    ("saldo_vencido.es", says("Responda BAJA", "Responda {{1}}", "FOOTER"), "VARIABLE_IN_FOOTER", "footer"),
    ("saldo_vencido.es", says("Responda BAJA", "Responda", "FOOTER"), "NO_STOP", "footer"),
    ("saldo_vencido.es", without("FOOTER"), "NO_STOP", "footer"),
    ("saldo_vencido.es", buttons(keep=2), "NO_PERSON", "buttons"),
    ("primer_contacto.en", without("BUTTONS"), "NO_PERSON", "buttons"),
    ("primer_contacto.es", says("que le escribirá", "por su pago"), "TELLS_OF_MONEY", "body"),
    ("consulta_respondida.es", says("la consulta", "su saldo"), "TELLS_OF_MONEY", "body"),
    ("consulta_respondida.en", without("FOOTER"), "NO_STOP", "footer"),
    ("consulta_respondida.pt_BR", without("BUTTONS"), "NO_PERSON", "buttons"),
    ("vence_hoy.es", says("Si ya pagó, ignore este aviso. ", ""), "NOT_IF_PAID", "body"),
    ("saldo_vencido.es", says(" o envíenos el comprobante por este chat", ""), "NO_RECEIPT", "body"),
    ("saldo_vencido.es", sets("category", "MARKETING"), "CATEGORY", "category"),
    ("saldo_vencido.es", sets("message_send_ttl_seconds", 43_200), "TTL", "message_send_ttl_seconds"),
    ("saldo_vencido.es", sets("message_send_ttl_seconds", None), "TTL", "message_send_ttl_seconds"),
    ("pago_recibido.es", sets("message_send_ttl_seconds", 90_000), "TTL", "message_send_ttl_seconds"),
    ("saldo_vencido.es", sets("name", "Saldo"), "NAME", "name"),
    ("saldo_vencido.es", sets("name", "oferta"), "KIND", "name"),
    ("saldo_vencido.es", sets("language", "fr"), "LANGUAGE", "language"),
    ("saldo_vencido.es", sets("parameter_format", "named"), "FORMAT", "parameter_format"),
    ("saldo_vencido.es", without("BODY"), "COMPONENTS", "components"),
    ("saldo_vencido.es", bare("BODY", "example"), "EXAMPLE", "body"),
    ("saldo_vencido.es", example(2, "  "), "EXAMPLE", "body"),
    ("saldo_vencido.es", example(2, "Muebles Aurora"), "EXAMPLE_DOES_NOT_FIT", "body"),
    ("factura_documento.es", bare("HEADER", "example"), "EXAMPLE", "header"),
    ("factura_documento.es", without("HEADER"), "DOCUMENT", "header"),
    ("factura_con_enlace.es", buttons(keep=3), "LINK", "buttons"),
    ("factura_con_enlace.es", url("http://pagos.example.com/{{1}}"), "NOT_HTTPS", "buttons[3].url"),
    ("factura_con_enlace.es", url("https://example.net/{{1}}"), "LINK_NOT_APPROVED", "buttons[3].url"),
    ("saldo_vencido.es", says("Quizá", "Vea https://example.net/a. Quizá"), "LINK_NOT_APPROVED", "body"),
    ("saldo_vencido.es", buttons(reply("x" * 26), keep=3), "BUTTON_LENGTH", "buttons[3].text"),
    ("saldo_vencido.es", buttons(*(reply(str(n)) for n in range(9))), "BUTTON_COUNT", "buttons"),
    ("saldo_vencido.es", buttons(reply("Ya pagué")), "BUTTON_TWICE", "buttons"),
    ("factura_con_enlace.es", buttons(reply("Otra cosa")), "BUTTON_ORDER", "buttons"),
    ("saldo_vencido.es", sets("components", 3), "BAD_SHAPE", "components"),
]


@pytest.mark.parametrize(("name", "change", "code", "place"), MISTAKES)
def test_each_mistake_is_found_where_it_is(name: str, change: Change, code: str, place: str) -> None:
    told = copy.deepcopy(definition(name))
    change(told)
    assert (code, place) in found(told)


NEVER = [
    *("deuda", "Deudas", "deudor", "deudora", "moroso", "morosidad", "mora", "cobranza", "cobranzas", "cartera"),
    *(
        "crónico",
        "cronica",
        "embargo",
        "embargar",
        "último aviso",
        "ULTIMO AVISO",
        "hoy mismo",
        "*deuda*",
        "_mora_",
    ),
    *("dívida", "devedor", "inadimplente", "inadimplência", "cobrança", "carteira", "crônico", "hoje mesmo"),
    *("debt", "debts", "debtor", "delinquent", "delinquency", "final notice", "last warning", "debt-free"),
]


@pytest.mark.parametrize("language", ["es", "es_AR", "pt_BR", "en"])
@pytest.mark.parametrize("word", NEVER)
def test_a_word_that_labels_or_threatens_is_found_in_every_language(word: str, language: str) -> None:
    told = definition(f"saldo_vencido.{language}")
    part(told, "BODY")["text"] += f" Ok, {word}."
    assert ("FORBIDDEN_WORD", "body") in found(told)


@pytest.mark.parametrize(
    "word", ["demora", "memora", "recobrado", "endeudado", "indebted", "Moravia", "hoy, mismo"]
)
def test_a_word_that_only_looks_like_one_is_let_pass(word: str) -> None:
    told = definition()
    part(told, "BODY")["text"] += f" Ok, {word}."
    assert found(told) == set()


def test_a_body_with_more_variables_than_its_words_carry_is_found() -> None:
    told = definition()
    part(told, "BODY")["text"] = "Hola {{1}} de {{2}} por {{3}} y {{4}} con {{5}} ya."
    assert ("TOO_FEW_WORDS", "body") in found(told)


def test_a_word_is_found_however_its_accents_are_coded() -> None:
    told = definition("saldo_vencido.pt_BR")
    part(told, "BODY")["text"] += unicodedata.normalize("NFD", " Dívida.")
    assert ("FORBIDDEN_WORD", "body") in found(told)


def test_a_version_of_a_text_is_of_its_kind() -> None:
    assert found(definition() | {"name": "saldo_vencido_v2"}) == set()


def test_links_may_lead_where_the_creditor_says_and_nowhere_else() -> None:
    told = definition("factura_con_enlace.es")
    assert found(told, "https://pay.example.net/acme") == {("LINK_NOT_APPROVED", "buttons[3].url")}
    url("https://pay.example.net/acme/{{1}}")(told)
    assert found(told, "https://pay.example.net/acme") == set()


@pytest.mark.parametrize("told", [None, [], 3, {}, {"components": [{"type": "CAROUSEL"}]}])
def test_what_is_no_template_at_all_is_told_so(told: object) -> None:
    assert {code for code, _ in found(told)} == {"BAD_SHAPE"}


def test_the_command_passes_what_ships() -> None:
    done = CliRunner().invoke(app, ["templates", "check", "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"checked": 68, "findings": []})


def test_the_command_ends_with_one_and_names_file_place_and_code(tmp_path: Path) -> None:
    wrong, broken = tmp_path / "a.json", tmp_path / "b.json"
    wrong.write_text(json.dumps(definition() | {"category": "MARKETING"}))
    broken.write_text("{")
    done = CliRunner().invoke(app, ["templates", "check", str(wrong), str(broken), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)["findings"]
    assert [(each["file"], each["place"], each["code"]) for each in told] == [
        (str(wrong), "category", "CATEGORY"),
        (str(broken), "file", "BAD_JSON"),
    ]
    shown = CliRunner().invoke(app, ["templates", "check", str(wrong)])
    assert shown.exit_code == 1
    assert "CATEGORY" in shown.stdout
    assert "1 checked, 1 findings" in shown.stdout

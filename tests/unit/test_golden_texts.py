"""What borrowers read, held against golden/, which `python -m tests.unit.golden_texts` writes."""

import re

import pytest

from cobranza.whatsapp.kinds import parameters
from cobranza.whatsapp.templates import shipped_templates
from tests.unit.golden_texts import FOLDER, LOCALES, Locale, facts_of, page

everywhere = pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)


@pytest.mark.parametrize("name", LOCALES)
def test_every_text_reads_as_it_is_kept(name: str) -> None:
    assert page(LOCALES[name]) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_nothing_else_is_kept() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == LOCALES.keys()


@pytest.mark.parametrize(
    ("name", "owed"),
    [
        ("es-MX", "$1,234.50"),
        ("es-AR", "$ 1.234,50"),
        ("es-CO", "$1.234.567"),
        ("es-CL", "$1.234.567"),
        ("es-PY", "Gs. 1.234.567"),
        ("es-PE", "S/ 1,234.50"),
        ("pt-BR", "R$ 1.234,50"),
        ("en-US", "$1,234.50"),
    ],
)
def test_an_amount_is_written_as_it_is_there(name: str, owed: str) -> None:
    assert facts_of("saldo_vencido", LOCALES[name])["owed"] == owed


@everywhere
def test_a_filled_text_is_short_and_whole(locale: Locale) -> None:
    for (name, language), template in shipped_templates().items():
        if language == locale.language:
            text = template.render(parameters(template.kind, facts_of(name, locale)))
            assert len(text.removesuffix(template.footer).strip()) <= 550
            assert not re.search(r"\{\{|\}\}|None|\t| {4}", text)

"""How a borrower is greeted, and by what names nobody is."""

from dataclasses import replace

import pytest

from cobranza.errors import InvalidInput
from tests.unit.test_messages import PLACES, debt, parameters


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana\nEjemplo", "Ana Ejemplo"),
        ("Ana\r\nEjemplo", "Ana Ejemplo"),
        ("Ana\tEjemplo", "Ana Ejemplo"),
        ("Ana      Ejemplo", "Ana Ejemplo"),
        (" Ana Ejemplo\n", "Ana Ejemplo"),
        ("Ana\u00a0\u2003Ejemplo", "Ana Ejemplo"),
        ("Ana\u2028Ejemplo", "Ana Ejemplo"),
        ("José Ñandú", "José Ñandú"),
    ],
)
def test_a_name_is_cleaned_of_what_meta_refuses_and_of_nothing_else(name: str, shown: str) -> None:
    assert parameters(PLACES["es-MX"], debt(1, "10.00", "MXN"), name=name)[0] == shown


@pytest.mark.parametrize("name", ["", " \n", "{{2}}", "{{nombre}}", "${nombre}", "None", "Ana None"])
def test_a_name_that_is_missing_or_was_not_filled_in_is_an_error_before_any_call(name: str) -> None:
    with pytest.raises(InvalidInput, match="BAD_PARAMETERS: name"):
        parameters(PLACES["es-MX"], debt(1, "10.00", "MXN"), name=name)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("PEREZ GARCIA, JUAN", "Perez Garcia, Juan"),
        ("maría de los ángeles", "María de los Ángeles"),
        ("DE LA CRUZ, ANA", "De la Cruz, Ana"),
        ("O'BRIEN", "O'Brien"),
        ("Ana McDonald", "Ana McDonald"),
        ("JUAN\u00a0E HIJOS S.A.", "Juan e Hijos S.A."),
    ],
)
def test_a_borrower_is_greeted_by_the_whole_name_in_title_case(name: str, shown: str) -> None:
    assert parameters(PLACES["es-MX"], debt(1, "10.00", "MXN"), name=name)[0] == shown


def test_a_borrower_is_greeted_as_the_file_says_where_it_does() -> None:
    mine = debt(1, "10.00", "MXN")
    mine = replace(mine, terms=replace(mine.terms, extra={"greeting_name": "Sra. Ejemplo"}))
    assert parameters(PLACES["es-MX"], mine, name="EJEMPLO, ANA")[0] == "Sra. Ejemplo"

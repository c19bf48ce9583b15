"""Consent in debts files: what a yes is worth, what a no takes back, and that no file lifts a stop."""

import pytest

from tests.integration.loading import load, say
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def test_a_bare_yes_takes_the_wording_of_the_portfolio(world: World) -> None:
    load(world, debts({}))
    consent = world.item("PROFILE")["consent"]
    assert consent["text"] == "Acepto recibir recordatorios de pago por WhatsApp"
    assert consent["source"] == "solicitud"


def test_a_yes_with_its_own_wording_keeps_it(world: World) -> None:
    own = {"consent_text": "Sí quiero", "consent_source": "sucursal 4", "consent_at": "2026-01-31"}
    load(world, debts(own))
    assert world.item("PROFILE")["consent"] == {
        "text": "Sí quiero",
        "source": "sucursal 4",
        "at": "2026-01-31T00:00:00+00:00",
    }


def test_what_the_row_says_of_consent_is_kept_and_the_rest_is_the_portfolios(world: World) -> None:
    load(world, debts({"consent": "sí", "consent_source": "sucursal 12"}))
    consent = world.item("PROFILE")["consent"]
    assert consent["source"] == "sucursal 12"
    assert consent["text"] == "Acepto recibir recordatorios de pago por WhatsApp"


def test_a_new_wording_is_not_what_somebody_agreed_to_before(world: World) -> None:
    load(world, debts({"consent": "sí"}))
    before = world.item("PROFILE")["consent"]
    newer = PORTFOLIO_YAML.replace("Acepto recibir", "Acepto siempre recibir")
    load(world, newer, minutes=1, key="portfolios/tienda/portfolio.yaml")
    load(world, debts({"consent": "sí", "amount": "99.00"}), minutes=2)
    assert world.item("PROFILE")["consent"] == before


@pytest.mark.parametrize("answer", ["no", "0"])
def test_a_row_that_says_no_withdraws_consent(world: World, answer: str) -> None:
    load(world, debts({}))
    summary, _ = load(world, debts({"consent": answer}), minutes=1)
    assert "consent" not in world.item("PROFILE")
    assert (summary.updated, summary.readiness.no_consent) == (1, 1)


def test_a_yes_to_marketing_is_no_consent_to_reminders_and_takes_an_earlier_yes_back(world: World) -> None:
    load(world, debts({}))
    summary, _ = load(world, debts({"consent_purpose": "marketing"}), minutes=1)
    assert "consent" not in world.item("PROFILE")
    assert (summary.updated, summary.readiness.no_consent) == (1, 1)
    (warning,) = summary.warnings
    assert warning.startswith("OTHER_PURPOSE: El sí es a otra cosa")


def test_a_row_that_says_nothing_leaves_consent(world: World) -> None:
    load(world, debts({}))
    consent = world.item("PROFILE")["consent"]
    summary, _ = load(world, debts({"consent": ""}), minutes=1)
    assert world.item("PROFILE")["consent"] == consent
    assert summary.readiness.messageable == 1
    load(world, debts({"consent": "no"}), minutes=2)
    load(world, debts({"consent": ""}), minutes=3)
    assert "consent" not in world.item("PROFILE")


@pytest.mark.parametrize(
    ("answers", "consents"),
    [(("sí", ""), True), (("", "sí"), True), (("no", ""), False), (("", "no"), False), (("sí", "no"), False)],
)
def test_of_two_rows_of_a_borrower_the_one_that_says_something_counts(
    world: World, answers: tuple[str, str], consents: bool
) -> None:
    load(world, debts({"borrower_id": "C1"}, {"borrower_id": "C2"}))
    if consents:
        load(world, debts({"borrower_id": "C1", "consent": "no"}), minutes=1)
    first, second = answers
    load(world, debts({"consent": first}, {"debt_id": "F-2", "consent": second}), minutes=2)
    assert ("consent" in world.item("PROFILE")) is consents


def test_a_daily_file_never_lifts_an_opt_out(world: World) -> None:
    load(world, debts({}))
    say(world, "BAJA")
    stopped = world.item("PROFILE")["opted_out_at"]
    load(world, debts({"consent": "no"}), minutes=60)
    load(world, debts({"name": "Lucía Nueva", "consent": "sí", "consent_at": "2027-01-01"}), minutes=120)
    assert world.item("PROFILE")["opted_out_at"] == stopped
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"
    assert world.whatsapp.sent == []

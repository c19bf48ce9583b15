"""Two contracts of one person, whose files tell another consent, or another phone, in turn: what a file repeats is
no later word."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.rows import book, codes
from tests.integration.sending import second_portfolio
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

YES = {"consent": "sí", "consent_at": "2026-01-01", "consent_source": "solicitud"}


@pytest.fixture(params=["tienda", "otra"])
def turn(request: pytest.FixtureRequest, world: World, drop: Drop) -> Callable[..., None]:
    """Drops a file of F-1, or of the other contract (perhaps another portfolio's); each an hour after the last."""
    second_portfolio(world)

    def dropped(row: dict[str, str], *, other: bool = False) -> None:
        world.later(hours=1)
        portfolio = request.param if other else "tienda"
        contract = {"debt_id": "F-2", "due_date": "2027-01-10"} if other else {}
        drop(f"debts/{portfolio}/{world.now:%H%M%S}.csv", debts(contract | row))

    world.now -= timedelta(hours=6)
    return dropped


# Consent.


def test_an_older_yes_in_one_file_lifts_no_later_no_of_another(world: World, turn: Callable[..., None]) -> None:
    turn(YES)
    turn({"consent": "no"}, other=True)
    assert book(world).borrower.consent is None
    turn(YES | {"balance": "1200"})
    turn({"consent": "sí", "balance": "1100"})  # of no moment
    assert book(world).borrower.consent is None
    assert codes(world) == ["SKIPPED_NO_CONSENT"]


def test_a_yes_after_the_no_lifts_it_and_a_new_no_withdraws_it(world: World, turn: Callable[..., None]) -> None:
    turn({"consent": "no"}, other=True)
    later = {**YES, "consent_at": (world.now + timedelta(minutes=30)).isoformat()}
    turn(later)
    assert book(world).borrower.consent
    turn({"consent": "no", "balance": "1000"}, other=True)
    assert book(world).borrower.consent is None
    turn(later | {"balance": "1200"})
    assert book(world).borrower.consent is None


def test_a_yes_that_has_not_happened_yet_lifts_no_no(world: World, turn: Callable[..., None]) -> None:
    turn({"consent": "no"}, other=True)
    turn({**YES, "consent_at": "2026-12-24"})
    assert book(world).borrower.consent is None

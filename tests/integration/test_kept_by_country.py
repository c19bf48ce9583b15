"""What is a record of contacts is kept by the law of where the borrower lives, wherever it is written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from tests.integration.receipts import desk, send_picture
from tests.integration.replies import Drop, say
from tests.integration.test_cases_api import opened, order
from tests.integration.test_snapshots import PEOPLE
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = [pytest.mark.in_memory, pytest.mark.usefixtures("portfolio")]

PHONES = {"MX": "525555550101", "CL": "56955550101"}
STRANGER = "525555550199"
DAYS = {"MX": 400, "CL": 732, "": 1098}
everywhere = pytest.mark.parametrize("country", PHONES)


def lives(world: World, drop: Drop, country: str) -> None:
    """C1 lives there, and owes F-1 since today."""
    row = {"country": country, "phone": f"+{PHONES[country]}"}
    world.begin(f"a borrower of {country}", lambda: drop("debts/tienda/a.csv", debts(row)))


def days_kept(item: dict[str, Any], since: datetime) -> int:
    return (datetime.fromtimestamp(int(item["expires"]), UTC) - since).days


def of(world: World, pk: str) -> list[dict[str, Any]]:
    return [item for item in world.items() if item["pk"].startswith(pk)]


@everywhere
def test_what_a_borrower_writes_and_who_first_sent_a_file(world: World, drop: Drop, country: str) -> None:
    lives(world, drop, country)
    world.s3.create_bucket(Bucket="receipts")
    desk(world).fetch(send_picture(world, sender=PHONES[country]), world.now)
    kept = [*of(world, "RECEIPT#"), *of(world, f"CHAT#{world.ref()}")]
    assert [item["sk"][:5] for item in kept] == ["FIRST", "2026-", "SAID"]
    assert {days_kept(item, world.now) for item in kept if "expires" in item} == {DAYS[country]}


def test_what_somebody_writes_whom_nobody_knows(world: World) -> None:
    say(world, "hola", sender=STRANGER)
    ((words, _),) = [of(world, "CHAT#")]
    assert days_kept(words, world.now) == DAYS[""]


@everywhere
def test_a_case_and_what_a_person_answers_to_it(world: World, drop: Drop, country: str) -> None:
    lives(world, drop, country)
    case = opened(world, sender=PHONES[country])
    assert order(world, "answer", case, {"text": "Lo revisamos."})[0] == 200
    assert order(world, "close", case, {"result": "resolved"})[0] == 200
    (words,) = [item for item in of(world, "CHAT#") if item.get("by")]
    (closed,) = of(world, "CASE#")
    assert {days_kept(item, world.now) for item in (words, closed)} == {DAYS[country]}


def test_the_case_of_somebody_whom_nobody_knows(world: World) -> None:
    case = opened(world, "quién es?", sender=STRANGER)
    assert order(world, "close", case, {"result": "resolved"})[0] == 200
    (closed,) = of(world, "CASE#")
    assert days_kept(closed, world.now) == DAYS[""]


@everywhere
def test_a_debt_that_a_row_says_is_paid(world: World, drop: Drop, country: str) -> None:
    lives(world, drop, country)
    row = {"country": country, "phone": f"+{PHONES[country]}", "balance": "0"}
    drop("debts/tienda/b.csv", debts(row, {"borrower_id": "C2", **row}))
    for borrower in ("C1", "C2"):
        assert days_kept(world.item("DEBT#tienda#F-1#", borrower), world.now) == DAYS[country]


@pytest.mark.parametrize(("listed", "days"), [("[MX, CO, BR]", 400), ("[MX, CL]", 732), ("[MX, FR]", 1098)])
def test_a_debt_that_a_snapshot_does_not_list_by_all_countries_of_its_portfolio(
    world: World, drop: Drop, listed: str, days: int
) -> None:
    """Also by those that are switched off now: somebody there may have been written to before."""
    yaml = PORTFOLIO_YAML.replace("[MX, CO, BR]", listed)
    world.ledger.save_portfolio(parse_portfolio(yaml.encode(), "tienda"), world.now)
    drop("snapshots/tienda/a.csv", debts(*PEOPLE))
    world.later(hours=1)
    assert drop("snapshots/tienda/b.csv", debts(*PEOPLE[1:]))["closed"] == 1
    assert days_kept(world.item("DEBT#tienda#F-0#", "C0"), world.now) == days

"""`cobranza trace`: the whole story of a borrower or a debt, in order, in their own time."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cobranza_cli import app
from local import personal
from tests.integration.deliveries import left, message, status, tell
from tests.integration.place import OPEN, WorldPlace
from tests.integration.replies import say
from tests.integration.rows import apply
from tests.integration.test_erase import erase
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio", "place"), pytest.mark.in_memory]


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox", "CountriesOn": "MX,", **OPEN}
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace(outputs, {}, world))
    monkeypatch.setattr(app, "console", Console(highlight=False, width=250))


@pytest.fixture
def lived(world: World, drop: Drop, portfolio: None) -> None:
    """F-1 was imported, reminded, read, answered and paid; a day later F-2 came."""
    sent = left(world, drop)
    assert tell(world, statuses=[status(sent, "delivered"), status(sent, "read")]) == 200
    assert tell(world, messages=[message("text", {"body": "mañana pago"})]) == 200
    world.later(hours=2)
    apply(
        world,
        "payments",
        {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-1", "amount": "1234.50"}
        | {"currency": "MXN", "paid_at": "2026-11-24"},
    )
    world.later(days=1)
    drop("debts/tienda/b.csv", debts({"debt_id": "F-2", "due_date": "2026-12-20"}))


def trace(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["trace", *words])


def told(*words: str) -> dict[str, Any]:
    result = trace(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def whats(told: dict[str, Any]) -> list[str]:
    return [step["what"] for step in told["steps"]]


@pytest.mark.usefixtures("lived")
def test_the_story_is_whole_and_in_order() -> None:
    found = told("C1")
    moments = [datetime.fromisoformat(step["at"]) for step in found["steps"]]
    assert moments == sorted(moments)
    assert {
        "import",
        "claim",
        "we wrote",
        "outcome",
        "message.delivered",
        "message.read",
        "reply",
        "they wrote",
    } <= {*whats(found)}
    assert {"payment.applied", "debt.closed"} <= {*whats(found)}
    order = [whats(found).index(what) for what in ("message.delivered", "message.read", "payment.applied")]
    assert order == sorted(order)


@pytest.mark.usefixtures("lived")
def test_moments_are_the_borrowers_own() -> None:
    found = told("C1")
    assert found["zone"] == "America/Mexico_City"
    (read,) = (step for step in found["steps"] if step["what"] == "message.read")
    assert read["at"] == "2026-11-24T11:00:03-06:00"


@pytest.mark.usefixtures("lived")
def test_a_debt_has_its_own_story_and_what_is_of_the_borrower() -> None:
    steps = told("F-2")["steps"]
    assert {debt for step in steps for debt in step["debts"]} == {"tienda#F-2"}
    assert "payment.applied" not in {step["what"] for step in steps}  # its money went to F-1
    assert "they wrote" in {step["what"] for step in steps}
    (imported,) = (step for step in steps if step["what"] == "import")
    assert imported["facts"].startswith("debts/tienda/b.csv, row 2, as of ")


def test_a_debt_has_the_row_of_the_file_that_told_it_last(world: World, drop: Drop) -> None:
    others = [{"borrower_id": "C2", "debt_id": f"F-{number}"} for number in range(9, 20)]
    drop("snapshots/tienda/a.csv", debts(others[0], {}, {"debt_id": "F-2"}, {"debt_id": "F-3"}, *others[1:]))
    world.later(hours=1)
    mended = {"debt_id": "F-2", "amount": "1200"}
    assert (
        drop("snapshots/tienda/b.csv", debts(others[0], {"due_date": "soon"}, mended, *others[1:]))["closed"] == 1
    )
    assert rows_of("F-9") == ["a.csv, row 2"]
    assert rows_of("F-1") == ["b.csv, row 3"]
    assert rows_of("F-2") == ["b.csv, row 4"]
    assert rows_of("C1") == ["b.csv, row 3, row 4"]  # the snapshot has no row of F-3: that is why it is closed


def rows_of(wanted: str) -> list[str]:
    """What each import of it says before its moment."""
    facts = [step["facts"] for step in told(wanted)["steps"] if step["what"] == "import"]
    return [each.partition(", as of ")[0].rpartition("/")[2] for each in facts]


@pytest.mark.usefixtures("lived")
def test_the_words_of_both_are_shown_as_long_as_they_are_kept() -> None:
    steps = told("C1")["steps"]
    (theirs,) = (step["facts"] for step in steps if step["what"] == "they wrote")
    (ours,) = (step["facts"] for step in steps if step["what"] == "we wrote")
    assert theirs == "text mañana pago"
    assert ours.startswith("Hola, Lucía Ejemplo")


@pytest.mark.usefixtures("lived")
def test_one_local_day_may_be_asked_for() -> None:
    assert told("C1", "--day", "2026-11-23")["steps"] == []
    days = {step["at"][:10] for step in told("C1", "--day", "2026-11-24")["steps"]}
    assert days == {"2026-11-24"}


@pytest.mark.usefixtures("lived")
def test_a_long_story_is_cut_at_its_beginning_and_says_so() -> None:
    whole, cut = told("C1"), told("C1", "--most", "2")
    assert cut["steps"] == whole["steps"][-2:]
    assert cut["left_out"] == len(whole["steps"]) - 2
    assert "older steps are left out" in trace("C1", "--most", "2").stdout


def test_what_did_not_leave_has_its_outcome(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    hold = {"borrower_id": "C1", "debt_id": "F-1", "action": "pausa", "until": "2026-12-01"}
    apply(world, "contacts", hold | {"at": "2026-11-24", "source": "call centre"})
    for reminder in world.tick():
        world.sender.remind(reminder, world.now)
    (outcome,) = (step for step in told("F-1")["steps"] if step["what"] == "outcome")
    assert outcome["facts"].startswith("code=SKIPPED_HELD")
    assert "trace=trace" in outcome["facts"]
    assert "hold" in whats(told("F-1"))


@pytest.mark.parametrize("words", ["C9", "F-9", "A" * 26, "+525555550199"])
def test_nobody_is_an_error(words: str) -> None:
    assert trace(words).exit_code == 1


# By what logs, dead letters and events have, by a phone, and of whom no profile is kept.


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("words", ["{ref}", " C1 ", "+525555550101", "+52 1 55 5555 0101"])
def test_a_reference_or_a_phone_finds_its_borrower(world: World, words: str) -> None:
    assert told(words.format(ref=world.ref())) == told("C1")


@pytest.mark.parametrize("words", ["{ref}", "+525555550155"])
def test_who_is_no_borrower_has_a_story_too(world: World, words: str) -> None:
    say(world, "quién es?", sender="5215555550155")
    found = told(words.format(ref=world.references.ref("phone", "+5215555550155")))
    assert {*whats(found)} == {"reply", "they wrote", "answer", "case.opened"}
    assert (found["name"], found["zone"]) == ("", "UTC")


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("words", ["C1", "{ref}"])
def test_of_who_was_erased_the_journal_is_told(world: World, words: str) -> None:
    world.s3.create_bucket(Bucket="receipts")
    before = {*whats(told("C1"))}
    erase(world)
    found = told(words.format(ref=world.ref()))
    assert {*whats(found)} == before - {"import", "claim", "they wrote", "we wrote"} | {"erased"}
    assert personal.find(json.dumps(found)) == []
    assert "no profile is kept" in trace(words.format(ref=world.ref())).output
    assert {step["at"][:10] for step in told("C1", "--day", "2026-11-24")["steps"]} == {"2026-11-24"}


# A debt that is in no open book.


@pytest.fixture
def closed(world: World, drop: Drop, portfolio: None) -> None:
    """A snapshot lists F-1 no more."""
    others = [{"borrower_id": "C2", "debt_id": f"F-{number}"} for number in range(9, 20)]
    drop("snapshots/tienda/a.csv", debts({}, *others))
    world.later(hours=1)
    assert drop("snapshots/tienda/b.csv", debts(*others))["closed"] == 1


@pytest.mark.usefixtures("closed")
def test_how_a_closed_debt_is_found_is_said() -> None:
    found = trace("F-1")
    assert found.exit_code == 1
    assert "a debt that is paid or closed is in no open book" in found.output
    assert "--closed" in found.output


@pytest.mark.usefixtures("closed")
def test_a_closed_debt_is_found_in_the_whole_ledger() -> None:
    found = told("F-1", "--closed")
    assert found["borrower_id"] == "C1"
    assert {debt for step in found["steps"] for debt in step["debts"]} == {"tienda#F-1"}
    assert told("F-1", "--closed", "--portfolio", "tienda") == found
    assert trace("F-1", "--closed", "--portfolio", "otra").exit_code == 1
    assert "--closed" not in trace("F-8", "--closed").output

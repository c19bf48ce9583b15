"""`cobranza why`: one screen says what became of somebody's debts, and why."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cobranza.store import keys
from cobranza.store.keys import MessageKey
from cobranza_cli import app, whom
from tests.integration.place import DEV, OPEN, WorldPlace
from tests.integration.rows import apply
from tests.integration.test_erase import erase
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

AS_OF = {"as-of": "2026-11-23T10:00:00-06:00"}
pytestmark = [pytest.mark.usefixtures("portfolio", "place"), pytest.mark.in_memory]


def stack(world: World, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]) -> None:
    outputs = {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox", "CountriesOn": "MX,", **parameters}
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace(outputs, {}, world))


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stack(world, monkeypatch, OPEN)
    monkeypatch.setenv("LANG", "es_MX.UTF-8")
    monkeypatch.setattr(app, "console", Console(highlight=False, width=200))


def why(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["why", *words])


def told(*words: str) -> dict[str, Any]:
    result = why(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def remind(world: World) -> None:
    for reminder in world.tick():
        world.sender.remind(reminder, world.now)


@pytest.fixture
def held(world: World, drop: Drop, portfolio: None) -> None:
    """C1's F-1 is held, C2 owes F-2."""
    drop(
        "debts/tienda/a.csv",
        debts(
            {"document_id": "EJEM-900101 X1"},
            {"borrower_id": "C2", "name": "Juan Ejemplo", "phone": "+525555550102", "debt_id": "F-2"},
        ),
        metadata=AS_OF,
    )
    hold = {"borrower_id": "C1", "debt_id": "F-1", "action": "pausa", "until": "2026-12-01"}
    apply(world, "contacts", hold | {"at": "2026-11-24", "source": "call centre"})
    remind(world)


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("words", ["C1", "F-1", "lucia ejemplo", "LUCÍA", "ejem900101x1"])
def test_somebody_is_found_by_number_document_debt_or_name(words: str) -> None:
    found = told(words)
    assert (found["borrower_id"], found["day"]) == ("C1", "2026-11-24")
    (debt,) = found["debts"]
    assert (debt["debt"], debt["balance"], debt["step"]) == ("tienda#F-1", "1234.50 MXN", 0)
    assert debt["outcome"] == "SKIPPED_HELD"
    assert debt["why"] == "El acreedor pidió esperar hasta una fecha"
    assert debt["rule"].startswith("everyone · standard@")


@pytest.mark.usefixtures("held")
def test_somebody_is_found_by_the_reference_that_logs_have_and_by_the_phone(world: World) -> None:
    for words in (world.ref(), "+525555550101"):
        assert told(words)["borrower_id"] == "C1"


@pytest.mark.usefixtures("held")
def test_of_whom_no_profile_is_kept_it_says_where_the_journal_is(world: World) -> None:
    world.s3.create_bucket(Bucket="receipts")
    erase(world)
    found = why("C1")
    assert found.exit_code == 1
    assert "no profile is kept of them: `cobranza trace` tells what the journal has" in found.output


@pytest.mark.usefixtures("portfolio")
def test_a_document_that_comes_later_finds_its_owner_and_lies_nowhere_in_words(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}), metadata=AS_OF)
    drop("debts/tienda/b.csv", debts({"document_id": "X-1"}), metadata=AS_OF)
    assert told("x1")["borrower_id"] == "C1"
    assert "X-1" not in str(world.items())


@pytest.mark.usefixtures("held")
def test_the_screen_speaks_the_operators_language() -> None:
    assert "El acreedor pidió esperar hasta una fecha" in why("C1").stdout
    assert "The creditor asked us to wait until a date" in why("C1", "--lang", "en").stdout


@pytest.mark.usefixtures("held")
def test_it_tells_of_the_journal_and_of_the_next_look() -> None:
    found = told("C2")
    assert (found["debts"][0]["outcome"], found["now"]["outcome"]) == ("SENT", "")
    assert ("outcome", "SENT", ["tienda#F-2"]) in [(x["event"], x["code"], x["debts"]) for x in found["journal"]]
    assert found["next_look"].startswith("2026-11-27T")


def test_it_knows_that_as_many_as_a_day_allows_were_written_to(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}), metadata=AS_OF)
    world.ledger.approve("tienda", world.now.date())
    assert told("C1")["now"]["outcome"] == "SEND"
    world.limits.add_people("100000000000001", world.now, 250)
    now = told("C1", "--lang", "en")["now"]
    assert now == {"outcome": "DEFERRED_LIMIT", "why": "As many people as one day allows have been written to"}


def test_it_knows_of_who_else_has_the_phone(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "debt_id": "F-2"}), metadata=AS_OF)
    world.ledger.approve("tienda", world.now.date())
    assert told("C1")["now"]["outcome"] == "SKIPPED_SHARED_PHONE"


@pytest.mark.usefixtures("held")
def test_another_day_may_be_asked_for() -> None:
    (debt,) = told("C1", "--day", "2026-11-23")["debts"]
    assert (debt["outcome"], debt["why"]) == ("", "Ningún paso ni pedido ese día")  # it was not known yet


def test_who_is_not_looked_at_yet_today_is_no_fault(drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}), metadata=AS_OF)
    found = told("C1", "--lang", "en")
    (debt,) = found["debts"]
    assert (debt["outcome"], debt["why"]) == ("", "Nobody has looked at it yet today")
    assert found["now"]["outcome"] == "DEFERRED_APPROVAL"


@pytest.mark.usefixtures("held")
def test_nobody_is_an_error_and_namesakes_are_listed() -> None:
    nobody, both = why("F-9"), why("ejemplo")
    assert (nobody.exit_code, both.exit_code) == (1, 1)
    assert "nobody is found" in nobody.output
    assert "C1  Lucía Ejemplo" in both.output
    assert "C2  Juan Ejemplo" in both.output


@pytest.mark.usefixtures("held")
def test_a_book_that_is_too_large_is_read_in_part_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whom, "MOST", 1)
    monkeypatch.setattr(whom, "CHUNK", 1)
    assert "were read" in why("F-9").output


def test_a_stack_for_tests_says_that_it_writes_to_its_phones_alone(
    world: World, drop: Drop, portfolio: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(world, monkeypatch, DEV)
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2", "debt_id": "F-2", "phone": "+525555550102"}))
    world.ledger.approve("tienda", world.now.date())
    assert [told(who)["now"]["outcome"] for who in ("C1", "C2")] == ["SKIPPED_TEST_STAGE", "SEND"]


@pytest.mark.usefixtures("held")
def test_what_was_written_is_shown_word_for_word_and_proven_by_the_journal(world: World) -> None:
    (message,) = told("C2")["messages"]
    assert message["day"] == "2026-11-24"
    assert message["text"].startswith("Hola, Juan Ejemplo: le escribe Muebles Aurora.")
    assert message["is_proven"]
    shown = why("C2").stdout
    assert "lo que se le escribió, 2026-11-24:" in shown
    assert "[Ya pagué]" in shown
    assert told("C1")["messages"] == []


@pytest.mark.usefixtures("held")
def test_words_that_somebody_has_changed_are_not_proven(world: World) -> None:
    key = keys.text(MessageKey(world.ref("C2"), world.now.date()))
    world.table.update(key, {"text": "Hola, Juan Ejemplo: debe mucho más."})
    assert [each["is_proven"] for each in told("C2")["messages"]] == [False]

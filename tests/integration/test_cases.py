"""A case's way: opened by what a borrower wrote, listed daily, closed by the list filled in."""

from datetime import timedelta

import pytest

from cobranza.flows.event_of import event_of
from cobranza.ledger.case import CaseQueue
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.journal import Line
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action as FailedFor
from cobranza.whatsapp.errors import ProviderError
from tests.integration.replies import Drop, ask, say, write
from tests.integration.rows import (
    Cells,
    apply,
    assert_survives_any_death,
    book,
    codes,
    keys_of,
    refused,
    results,
    table,
)
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = pytest.mark.in_memory

STRANGER = "525555550199"
OPENED, CLOSED = "case.opened", "case.closed"
GONE = ProviderError(131026, "Undeliverable", "no answer arrived")


@pytest.fixture(autouse=True)
def borrowers(world: World, drop: Drop, portfolio: None) -> None:
    """C1 owes F-1 since today."""
    world.begin("a borrower with cases", lambda: drop("debts/tienda/a.csv", debts({})))


def listed(world: World) -> list[Cells]:
    """The day ends half an hour after midnight in Mexico City; its cases.csv."""
    day = world.now.date()
    world.now = world.now.replace(hour=7, minute=0) + timedelta(days=1)
    assert [closed.day.date for closed in world.reports.close_days(world.now)] == [day]
    world.ledger.refresh("tienda", world.now)
    return results(world, f"cases/dt={day}/cases.csv")


def only_case(world: World) -> str:
    (case,) = world.cases.waiting("tienda")
    return case.id


def closed(case: str, result: str = "resuelto", **changes: str) -> Cells:
    return {"case_id": case, "close": "sí", "result": result, "hold_until": ""} | changes


def at_noon(world: World) -> list[str]:
    """The outcomes of whoever is due at 11:00 in Mexico City."""
    world.now = world.now.replace(hour=17)
    world.ledger.refresh("tienda", world.now)
    return codes(world)


# The way.


def test_a_dispute_is_held_listed_closed_by_the_list_and_then_reminded(world: World, drop: Drop) -> None:
    say(world, "no reconozco esa deuda")
    assert codes(world) == ["SKIPPED_DISPUTED"]
    (row,) = listed(world)
    assert row.pop("messages").startswith(
        "2026-11-24 11:00 borrower: no reconozco esa deuda | 2026-11-24 11:00 mach"
    )
    assert row == {
        "case_id": only_case(world),
        "borrower_id": "C1",
        "queue": "general",
        "topic": "DISPUTE",
        "opened_at": "2026-11-24T11:00:00-06:00",
        "age_days": "0",
        "debts": "F-1",
        "state": "OPEN",
        "taken_by": "",
        "first_answer_at": "",
        "close": "",
        "result": "",
        "hold_until": "",
    }
    assert at_noon(world) == ["SKIPPED_DISPUTED"]
    assert drop("cases/tienda/hoy.csv", table(row))["unchanged"] == 1
    summary = drop("cases/tienda/hoy2.csv", table(row | {"close": "sí", "result": "Resuelto"}))
    assert (summary["created"], summary["refused"]) == (1, 0)
    assert at_noon(world) == ["SENT"]
    assert listed(world) == []


def test_it_is_listed_every_day_with_its_age_until_somebody_closes_it(world: World) -> None:
    say(world, "esto es acoso")
    assert [row["age_days"] for _ in range(3) for row in listed(world)] == ["0", "1", "2"]


def test_no_key_names_a_borrower(world: World) -> None:
    say(world, "no reconozco esa deuda")
    listed(world)
    assert not any(part in keys_of(world) for part in ("C1 ", "5555550101", "Lucía"))


# What was said.


def test_the_list_has_the_last_ten_messages_of_each_conversation_the_oldest_first(world: World) -> None:
    for number in range(12):
        say(world, f"asdf {number}")
        world.later(minutes=7)
    said = [part.partition(": ")[2] for part in listed(world)[-1]["messages"].split(" | ")]
    assert said == [f"asdf {number}" for number in range(2, 12)]


def test_each_writer_is_named_and_what_is_no_text_by_its_kind(world: World) -> None:
    codes(world)
    world.later(minutes=5)
    write(world, "audio", {"id": "1"})
    world.later(minutes=5)
    say(world, "no reconozco\n\nesa   deuda " + "muy mala " * 90)
    (*_, row) = listed(world)
    told = row["messages"].split(" | ")
    assert [part.split(" ")[2] for part in told if "machine" not in part] == [
        "reminder:",
        "borrower:",
        "borrower:",
    ]
    assert next(part for part in told if "borrower" in part) == "2026-11-24 11:05 borrower: (audio)"
    assert "borrower: no reconozco esa deuda muy mala" in row["messages"]
    assert "\n" not in row["messages"]
    assert max(map(len, told)) < 330


def test_no_spreadsheet_runs_what_a_borrower_wrote_and_the_list_is_read_when_it_comes_back(
    world: World, drop: Drop
) -> None:
    say(world, '=HYPERLINK("https://example.net";"x"), no reconozco esa deuda')
    (row,) = listed(world)
    assert row["messages"].startswith("2026-11-24 11:00 borrower: =HYPERLINK")
    told = row | {"close": "sí", "result": "resuelto"}
    renamed = {("Mensajes" if name == "messages" else name): cell for name, cell in told.items()}
    without = {name: cell for name, cell in told.items() if name != "messages"}
    before = world.kept()
    for number, cells in enumerate((told, renamed, without)):
        world.restore(before)
        summary = drop(f"cases/tienda/{number}.csv", table(cells))
        assert (summary["created"], summary["refused"]) == (1, 0)


# What closing does.


@pytest.mark.parametrize("text", ["no reconozco esa deuda", "número equivocado", "ella falleció", "esto es acoso"])
def test_what_stops_for_good_ends_by_no_timer_and_by_closing(world: World, text: str) -> None:
    say(world, text)
    world.later(days=6)
    (held,) = codes(world)
    assert held in ("SKIPPED_DISPUTED", "SKIPPED_WRONG_NUMBER", "SKIPPED_HELD")
    assert apply(world, "cases", closed(only_case(world))).changes == {"created": 1}
    world.later(hours=1)
    assert codes(world) == ["SENT"]


@pytest.mark.parametrize("text", ["no reconozco esa deuda", "número equivocado", "ella falleció"])
def test_what_stands_keeps_back_though_nothing_is_left_to_do(world: World, text: str) -> None:
    say(world, text)
    apply(world, "cases", closed(only_case(world), "procede"))
    assert [*world.cases.waiting("tienda")] == []
    world.later(days=3)
    assert codes(world) != ["SENT"]


@pytest.mark.parametrize("text", ["no tengo trabajo", "¿recibieron mi pago?", "asdf qwer", "quiero un asesor"])
def test_what_waits_for_a_person_waits_48_hours_or_until_it_is_closed(world: World, text: str) -> None:
    say(world, text)
    kept = world.kept()
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    apply(world, "cases", closed(only_case(world)))
    world.later(minutes=30)
    assert codes(world) == ["SENT"]
    world.restore(kept)
    world.later(hours=47)
    assert "SENT" not in codes(world)
    world.later(hours=24)
    assert codes(world) == ["SENT"]


def test_a_debt_is_held_until_the_day_that_was_said_and_no_longer(world: World) -> None:
    say(world, "no reconozco esa deuda")
    world.later(minutes=5)
    apply(world, "cases", closed(only_case(world), hold_until="2026-11-26"))
    outcomes = [outcome for _ in range(3) for outcome in (codes(world), world.later(days=1)) if outcome]
    assert outcomes == [["SKIPPED_HELD"]] * 3
    assert codes(world) == ["SENT"]


def test_closing_one_case_leaves_what_the_borrower_said_again_later(world: World) -> None:
    say(world, "no reconozco esa deuda")
    first = only_case(world)
    world.later(hours=1)
    say(world, "esa deuda no es mía")
    world.later(hours=1)
    apply(world, "cases", closed(first))
    assert book(world).debts[0].disputed
    apply(world, "cases", closed(only_case(world)))
    assert not book(world).debts[0].disputed


@pytest.mark.parametrize("first", [0, 1])
def test_closing_one_case_ends_no_time_for_which_another_keeps_reminders_back(world: World, first: int) -> None:
    for text in ("no tengo trabajo", "¿recibieron mi pago?"):
        say(world, text)
        world.later(minutes=1)
    ids = [case.id for case in world.cases.waiting("tienda")]
    apply(world, "cases", closed(ids[first]))
    world.later(minutes=30)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    apply(world, "cases", closed(ids[1 - first]))
    world.later(days=1)
    assert codes(world) == ["SENT"]


def test_a_hold_that_the_creditor_asked_for_outlives_the_case(world: World) -> None:
    say(world, "ella falleció")
    world.later(minutes=5)
    told = {"borrower_id": "C1", "action": "hold", "until": "2026-12-20", "source": "legal"}
    apply(world, "contacts", told | {"at": world.now.isoformat()})
    apply(world, "cases", closed(only_case(world)))
    held = book(world).borrower.held_until
    assert held
    assert held.isoformat() == "2026-12-20"


@pytest.mark.parametrize("came", [Refused(FailedFor.GIVE_UP, GONE), Unclear(GONE)], ids=["refused", "unclear"])
def test_who_asked_and_got_no_answer_is_not_chased_until_a_person_has_seen_it(
    world: World, came: Refused | Unclear
) -> None:
    world.whatsapp.answers = [came]
    say(world, "SALDO")
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    (row,) = listed(world)
    assert row["topic"] == "UNANSWERED"
    assert at_noon(world) == ["SKIPPED_OPEN_CASE"]
    apply(world, "cases", closed(row["case_id"]))
    world.later(minutes=30)
    assert codes(world) == ["SENT"]


def test_what_a_person_in_charge_was_asked_keeps_reminders_back_when_the_charge_ends(world: World) -> None:
    say(world, "quiero un asesor")
    world.later(hours=47)
    assert say(world, "SALDO") == "KEPT"
    world.later(hours=2)
    assert book(world).borrower.case_until == world.now + timedelta(hours=46)


# The file.


def test_the_same_file_again_changes_nothing_and_another_end_is_refused(world: World) -> None:
    say(world, "no reconozco esa deuda")
    case = only_case(world)
    row = closed(case)
    assert apply(world, "cases", row, row).changes == {"created": 1, "unchanged": 1}
    world.later(hours=1)
    assert apply(world, "cases", row).changes == {"unchanged": 1}
    assert refused(apply(world, "cases", closed(case, "procede"))) == {2: "ALREADY_CLOSED"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"case_id": "0" * 26}, "UNKNOWN_CASE"),
        ({"close": "tal vez"}, "BAD_CLOSE"),
        ({"result": "bien"}, "BAD_RESULT"),
        ({"result": ""}, "MISSING_VALUE"),
        ({"close": ""}, "MISSING_VALUE"),
        ({"hold_until": "2026-11-01"}, "BAD_HOLD"),
    ],
)
def test_a_row_that_cannot_be_right_comes_back_and_closes_nothing(world: World, changes: Cells, code: str) -> None:
    say(world, "no reconozco esa deuda")
    case = only_case(world)
    assert refused(apply(world, "cases", closed(case) | changes)) == {2: code}
    assert only_case(world) == case


def test_another_portfolios_case_is_unknown(world: World) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    say(world, "no reconozco esa deuda")
    assert refused(apply(world, "cases", closed(only_case(world)), portfolio="otra")) == {2: "UNKNOWN_CASE"}
    assert book(world).debts[0].disputed


def test_whoever_dies_while_closing_is_finished_by_the_next_try(world: World) -> None:
    say(world, "ella falleció")
    world.later(minutes=5)
    assert_survives_any_death(world, "cases", closed(only_case(world), hold_until="2026-12-01"))


# Whose it is.


@pytest.mark.parametrize(
    ("due_date", "yaml", "queue"),
    [
        ("2026-10-26", "", CaseQueue.GENERAL),
        ("2026-10-25", "", CaseQueue.COLLECTIONS),
        ("2026-11-14", "collections_from_days: 10\n", CaseQueue.COLLECTIONS),
        ("2026-12-24", "collections_from_days: 1\n", CaseQueue.GENERAL),
    ],
)
def test_it_goes_to_collections_from_the_portfolios_days_past_due_on(
    world: World, drop: Drop, due_date: str, yaml: str, queue: CaseQueue
) -> None:
    world.ledger.save_portfolio(parse_portfolio((PORTFOLIO_YAML + yaml).encode(), "tienda"), world.now)
    drop("debts/tienda/b.csv", debts({"due_date": due_date}))
    say(world, "no tengo trabajo")
    (case,) = world.cases.waiting("tienda")
    assert case.queue is queue
    assert [item["queue"] for item in world.items("journal") if item["event"] == OPENED] == [queue]


def test_an_unknown_number_is_a_queue_of_its_own_without_anybodys_data(world: World) -> None:
    say(world, "hola, quién es?", sender=STRANGER)
    (row,) = listed(world)
    told = (row["queue"], row["topic"], row["borrower_id"], row["debts"])
    assert told == ("unknown", "UNKNOWN_SENDER", "", "")
    assert [item["queue"] for item in world.items("journal") if item["event"] == OPENED] == ["unknown"]
    assert apply(world, "cases", closed(row["case_id"])).changes == {"created": 1}
    assert listed(world) == []


def test_a_wrong_number_that_turns_out_right_is_written_to_again(world: World) -> None:
    say(world, "número equivocado")
    (row,) = listed(world)
    assert row["topic"] == "WRONG_PERSON"
    assert at_noon(world) == ["SKIPPED_WRONG_NUMBER"]
    apply(world, "cases", closed(row["case_id"]))
    world.later(minutes=30)
    assert codes(world) == ["SENT"]


def test_a_portfolio_lists_its_own_cases_the_longest_waiting_first(world: World) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    for text in ("asdf qwer", "no tengo trabajo", "esto es acoso"):
        say(world, text)
        world.later(minutes=7)
    topics = [case.topic for case in world.cases.waiting("tienda")]
    assert topics == ["UNKNOWN", "PROBLEM", "COMPLAINT"]
    assert [*world.cases.waiting("otra")] == []
    first, *_ = world.cases.waiting("tienda")
    assert [case.topic for case in world.cases.page("tienda", first.id, 10)[0]] == topics[1:]


def test_what_is_said_twice_is_one_case(world: World) -> None:
    asked = ask(world, "no tengo trabajo")
    world.answers.answer(asked, world.now)
    world.answers.answer(asked, world.now)
    assert len([*world.cases.waiting("tienda")]) == 1


# Others hear of it.


@pytest.mark.parametrize(("borrower_id", "queue"), [("C1", "general"), ("C9", "unknown")])
def test_who_hears_that_a_wish_to_be_erased_was_closed_heard_once_that_it_was_opened(
    world: World, borrower_id: str, queue: str
) -> None:
    """C9 is no borrower yet; who wishes it again later has another case."""
    row = {"borrower_id": borrower_id, "action": "borrar", "source": "mesa"}
    for at in ("2026-11-24T09:00:00-06:00", "2026-11-24T09:00:00-06:00", "2026-11-24T09:30:00-06:00"):
        apply(world, "contacts", row | {"at": at})
    cases = sorted(case.id for case in world.cases.waiting("tienda"))
    apply(world, "cases", *map(closed, cases))
    told = [item for item in world.items("journal") if item["event"].startswith("case.")]
    heard = {event: sorted(item["case"] for item in told if item["event"] == event) for event in (OPENED, CLOSED)}
    assert heard == {OPENED: cases, CLOSED: cases}
    assert len(cases) == 2
    for item in told:
        line = Line(subject=item["pk"], event=item["event"], identity=item["case"], at=world.now, facts=item)
        event = event_of(line, "1")
        assert event
        assert event[0] == item["event"]
        told_of = event[1].data.model_dump()
        assert (told_of["code"], told_of["queue"]) == ("ERASE", queue)

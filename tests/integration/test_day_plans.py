"""See before you send: the plan is what the run that follows does, and nobody is written to without a yes."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest

from cobranza.policy.due import Look
from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.strategy import Strategy, standard
from cobranza.store.items import Finish
from cobranza.store.objects import Bucket
from tests.integration.fakes import FakeContext
from tests.integration.rows import run
from tests.integration.world import PORTFOLIO_YAML, TUESDAY, World, debts, function
from tests.unit.books import DAILY, MEXICO, ladder
from tests.unit.books import portfolio as a_portfolio

type Drop = Callable[..., dict[str, Any]]
type Row = dict[str, str]

EVENING = datetime(2026, 11, 24, 18, 30, tzinfo=MEXICO)
TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)
FIRST_PLAN = DAILY.model_copy(update={"approval": "first_plan", "name": "first", "version": "1"})
EVERY_DAY = DAILY.model_copy(update={"approval": "every_day", "name": "daily", "version": "1"})
# Nobody who is due this Tuesday is written to before Wednesday.
NEVER = ladder(1, name="never", version="1")

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def in_force(world: World, strategy: Strategy, portfolio: str = "tienda") -> World:
    """The world with a sender that obeys the strategy that was dropped."""
    world.ledger.save_strategy(portfolio, strategy, world.now)
    world.sender = replace(world.sender, strategy_of=world.ledger.strategy)
    return world


def make_plans(world: World, now: datetime = EVENING) -> list[str]:
    world.now = now
    return [f"{plan.portfolio} {plan.day}" for plan in world.planning.make_plans(now)]


def plan_of(world: World, day: date = TOMORROW, portfolio: str = "tienda") -> list[Row]:
    key = f"results/{portfolio}/plans/dt={day}/plan.csv"
    text = world.s3.get_object(Bucket="inbox", Key=key)["Body"].read().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def yes(world: World, day: date, portfolio: str = "tienda") -> dict[str, Any]:
    """Says yes to a plan; the summary that comes back."""
    key = f"results/{portfolio}/plans/dt={day}/plan.csv.approve"
    return json.loads(world.approvals.take(Bucket(world.s3, "inbox"), key, world.now).to_json())


def sent(world: World) -> dict[str, tuple[str, list[str]]]:
    """By phone: template and words of what has left."""
    return {
        message["to"][-4:]: (
            message["template"]["name"],
            [each["text"] for each in message["template"]["components"][0]["parameters"]],
        )
        for message in world.whatsapp.sent
    }


# What the plan says.


def test_a_plan_says_who_is_written_to_with_which_words_and_why(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({}, {"debt_id": "F-2", "due_date": "2026-12-24"}))
    assert make_plans(world) == ["tienda 2026-11-25"]
    (row,) = plan_of(world)
    text = row.pop("text")
    assert "Lucía Ejemplo" in text
    assert "$1,234.50" in text
    assert row.pop("contact_rules").startswith("MX ")
    assert row == {
        "outcome": "SEND",
        "reason": "Sale un mensaje · A message goes out",
        "borrower_id": "C1",
        "name": "Lucía Ejemplo",
        "phone": "…0101",
        "debts": "F-1",
        "amount": "1234.50 MXN",
        "days_past_due": "1",
        "at": "09:00",
        "step": "1",
        "rule": NEVER.rules[0].name,
        "priority": str(NEVER.rules[0].priority),
        "segment": "unknown",
        "strategy": "never@1",
        "template": "saldo_vencido",
        "language": "es",
        "portfolio": "tienda",
    }


def test_who_is_not_written_to_is_there_with_the_code(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({"consent": "no"}))
    make_plans(world)
    (row,) = plan_of(world)
    assert (row["outcome"], row["text"], row["amount"]) == ("SKIPPED_NO_CONSENT", "", "1234.50 MXN")
    assert "We have no consent" in row["reason"]


def test_a_message_that_cannot_be_filled_in_is_in_the_plan_with_the_reason(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop(
        "debts/tienda/a.csv",
        debts({"name": "{{nombre}}"}, {"borrower_id": "C2", "debt_id": "F-2", "phone": "+525555550102"}),
    )
    make_plans(world)
    first, second = sorted(plan_of(world), key=itemgetter("borrower_id"))
    assert (first["outcome"], first["text"]) == ("SKIPPED_NOT_FILLED_IN", "")
    assert second["text"].startswith("Hola, Lucía Ejemplo: ")


def test_a_cell_that_a_spreadsheet_would_run_is_text(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({"borrower_id": "=1+1"}))
    make_plans(world)
    assert [row["borrower_id"] for row in plan_of(world)] == ["'=1+1"]


def test_a_message_for_two_portfolios_is_in_one_plan_and_the_other_names_it(world: World, drop: Drop) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    for portfolio in ("tienda", "otra"):
        in_force(world, NEVER, portfolio)
    drop("debts/tienda/a.csv", debts({}))
    drop("debts/otra/a.csv", debts({"debt_id": "G-1"}))
    make_plans(world)
    (one,), (other,) = plan_of(world, portfolio="otra"), plan_of(world)
    assert (one["outcome"], one["debts"], one["amount"]) == ("SEND", "G-1|F-1", "2469.00 MXN")
    assert (other["outcome"], other["debts"], other["portfolio"]) == ("TOLD_ELSEWHERE", "F-1", "otra")


# When it is made.


def test_tomorrows_plan_is_made_once_in_the_evening(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({}))
    assert make_plans(world, EVENING.replace(hour=17)) == []
    assert make_plans(world) == ["tienda 2026-11-25"]
    assert make_plans(world, EVENING.replace(hour=20)) == []


def test_a_portfolio_without_a_book_has_no_plan(world: World) -> None:
    in_force(world, FIRST_PLAN)
    assert make_plans(world) == []


def test_a_portfolio_that_waits_for_its_first_yes_has_todays_plan_at_once(world: World, drop: Drop) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    assert make_plans(world, TUESDAY) == ["tienda 2026-11-24"]
    assert [row["at"] for row in plan_of(world, TODAY)] == ["11:00"]
    assert make_plans(world, TUESDAY) == []
    yes(world, TODAY)
    assert make_plans(world) == ["tienda 2026-11-25"]


def test_a_portfolio_that_fails_keeps_no_other_from_its_plan(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    for portfolio in ("tienda", "otra"):
        in_force(world, NEVER, portfolio)
        drop(f"debts/{portfolio}/a.csv", debts({}))
    book = world.planning.planner.book
    open_debts = book.open_debts
    monkeypatch.setattr(book, "open_debts", lambda p: 1 / 0 if p == "otra" else open_debts(p))
    with pytest.raises(ZeroDivisionError):
        make_plans(world)
    monkeypatch.undo()
    assert plan_of(world) != []
    assert make_plans(world) == ["otra 2026-11-25"]


def test_a_day_that_cannot_be_closed_keeps_no_plan_from_being_made(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({}))
    reports = function("reports")

    class Failing:
        def close_days(self, now: datetime) -> list[Any]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reports.handler({}, FakeContext(), deps=reports.Deps(Failing(), world.planning, lambda: EVENING))
    assert world.plans.find("tienda", TOMORROW)


def test_people_hear_that_a_plan_is_ready_and_how_many_would_be_sent(world: World, drop: Drop) -> None:
    in_force(world, EVERY_DAY)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    assert [(each["day"], each["send"], each["needs_approval"]) for each in planned(world)] == [
        ("2026-11-24", 1, True),
        ("2026-11-25", 1, True),
    ]


def test_the_plan_of_a_new_number_says_how_many_its_ramp_lets_through(world: World, drop: Drop) -> None:
    in_force(world, EVERY_DAY.model_copy(update={"ramp": (100, 250)}))
    drop("debts/tienda/a.csv", debts({}))
    world.ramps.add("100000000000001", TODAY, 30)
    make_plans(world)
    assert [each["at_most"] for each in planned(world)] == [70, 250]


def test_the_plan_of_a_portfolio_without_a_ramp_has_no_such_figure(world: World, drop: Drop) -> None:
    in_force(world, EVERY_DAY.model_copy(update={"ramp": ()}))
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    assert [each["at_most"] for each in planned(world)] == [None, None]


def planned(world: World) -> list[dict[str, Any]]:
    """What people have heard of plans."""
    notices = [json.loads(told["Message"]) for told in world.sns.told]
    return [notice for notice in notices if notice["state"] == "PLANNED"]


def test_a_strategy_that_wants_somebody_sooner_brings_them_forward(world: World, drop: Drop) -> None:
    in_force(world, NEVER)
    drop("debts/tienda/a.csv", debts({}))
    world.ledger.look_at(world.ref(), Look(TUESDAY))
    (reminder,) = world.tick()
    world.ledger.finish(Finish(reminder.borrower, reminder.lease, Look(TUESDAY + timedelta(days=30))))
    make_plans(world)
    assert world.item("PROFILE")["due_at"] == "2026-11-25T15:00:00Z"


# The plan is the run that follows.


@pytest.mark.parametrize("seed", range(2))
def test_what_is_planned_is_what_is_sent(world: World, drop: Drop, seed: int) -> None:
    pick = random.Random(seed)
    in_force(world, EVERY_DAY.model_copy(update={"hold_out_percent": 20}))
    rows = [
        {
            "borrower_id": f"C{n // 2}",
            "phone": f"+52555555{n // 2 % 7:04}",  # some have one together
            "debt_id": f"F-{n}",
            "amount": pick.choice(["10.00", "250.50"]),
            "due_date": str(TODAY + timedelta(days=pick.randrange(-12, 6))),
            "consent": pick.choice(["sí", "sí", "sí", "no"]),
        }
        for n in range(20)
    ]
    drop("debts/tienda/a.csv", debts(*rows))
    assert "SENT" not in run(world, EVENING)
    make_plans(world)
    yes(world, TOMORROW)
    told = {row["phone"][-4:]: row for row in plan_of(world) if row["outcome"] == "SEND"}
    assert told
    run(world, EVENING.replace(day=26, hour=0))
    left = sent(world)
    assert left.keys() == told.keys()
    for phone, (template, parameters) in left.items():
        assert template == told[phone]["template"]
        assert all(text in told[phone]["text"] for text in parameters)
    for code in ("SKIPPED_NO_CONSENT", "SKIPPED_SHARED_PHONE"):
        skipped = {row["borrower_id"] for row in plan_of(world) if row["outcome"] == code}
        assert skipped
        assert skipped.isdisjoint(row["borrower_id"] for row in told.values())


# A person's yes.


def test_nobody_is_written_to_before_the_first_yes(world: World, drop: Drop) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world, TUESDAY)
    assert set(run(world, TUESDAY + timedelta(hours=2))) == {"DEFERRED_APPROVAL"}
    summary = yes(world, TODAY)
    assert summary["error"] is None
    assert summary["approval"]["outcomes"] == {"SEND": 1}
    assert run(world, TUESDAY + timedelta(hours=4)) == ["SENT"]


def test_after_the_first_yes_no_other_is_asked_for(world: World, drop: Drop) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({"due_date": "2026-12-01"}))
    make_plans(world, TUESDAY)
    yes(world, TODAY)
    assert run(world, TUESDAY + timedelta(days=8))[:1] == ["SENT"]


def test_a_yes_to_tomorrows_plan_sends_nothing_today(world: World, drop: Drop) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    yes(world, TOMORROW)
    assert set(run(world, EVENING.replace(hour=23))) == {"DEFERRED_APPROVAL"}
    assert "SENT" in run(world, EVENING.replace(day=25, hour=12))


def test_each_day_needs_its_yes_where_the_strategy_says_so(world: World, drop: Drop) -> None:
    in_force(world, EVERY_DAY)
    later = {"debt_id": "F-2", "borrower_id": "C2", "phone": "+525555550102", "due_date": "2026-11-25"}
    drop("debts/tienda/a.csv", debts({}, later))
    make_plans(world, TUESDAY)
    yes(world, TODAY)
    assert "SENT" in run(world, EVENING)
    make_plans(world)
    assert set(run(world, EVENING.replace(day=25, hour=12))) == {"DEFERRED_APPROVAL"}
    assert yes(world, TOMORROW)["error"] is None
    assert "SENT" in run(world, EVENING.replace(day=25, hour=14))


def test_a_yes_to_tomorrow_takes_nothing_from_todays(world: World, drop: Drop) -> None:
    in_force(world, EVERY_DAY)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    for day in (TODAY, TOMORROW):
        assert yes(world, day)["error"] is None
    assert world.ledger.feed("tienda").approved_on == {TODAY, TOMORROW}


def test_a_second_yes_is_none(world: World, drop: Drop) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    for _ in range(2):
        yes(world, TOMORROW)
    (line,) = (item for item in world.items("journal") if item["event"] == "approved")
    data = world.s3.get_object(Bucket="inbox", Key="results/tienda/plans/dt=2026-11-25/plan.csv")["Body"].read()
    assert (line["sk"], line["digest"]) == ("approved#2026-11-25", hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TOMORROW + timedelta(days=1)])
def test_a_yes_to_another_day_is_refused(world: World, drop: Drop, day: date) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    world.planning.make(a_portfolio("tienda"), day, EVENING)
    assert yes(world, day)["error"]["code"] == "BAD_APPROVAL"
    assert world.ledger.feed("tienda").approved_on == frozenset()


def test_a_yes_to_a_plan_that_is_not_there_is_refused(world: World) -> None:
    in_force(world, FIRST_PLAN)
    summary = yes(world, TODAY)
    assert summary["error"]["code"] == "BAD_APPROVAL"
    assert "there is no plan" in summary["error"]["reason"]
    assert world.ledger.feed("tienda").approved_on == frozenset()


@pytest.mark.parametrize(
    "key",
    [
        "results/tienda/plans/dt=2026-11-24/x/plan.csv.approve",
        "results/Tienda/plans/dt=2026-11-24/plan.csv.approve",
        "results/tienda/plans/dt=2026-13-24/plan.csv.approve",
        "results/tienda/plans/dt=2026-11-24/plan.csv.approve\n",
        "results/../plans/dt=2026-11-24/plan.csv.approve",
        "results/tienda/plans/dt=٢٠٢٦-11-24/plan.csv.approve",
    ],
)
def test_a_yes_in_another_place_is_none(world: World, drop: Drop, key: str) -> None:
    in_force(world, FIRST_PLAN)
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    summary = world.approvals.take(Bucket(world.s3, "inbox"), key, world.now)
    assert summary.error
    assert summary.error.code == "BAD_APPROVAL"
    assert summary.portfolio == "none"
    assert world.ledger.feed("tienda").approved_on == frozenset()


def test_the_function_takes_a_yes_beside_a_plan(world: World, drop: Drop) -> None:
    in_force(world, standard())
    drop("debts/tienda/a.csv", debts({}))
    make_plans(world)
    ingest = function("ingest")
    deps = ingest.Deps(world.importer, world.control, world.approvals, world.files, world.clock, world.s3)
    key = "results/tienda/plans/dt=2026-11-25/plan.csv.approve"
    ingest.handler({"v": 1, "bucket": "inbox", "key": key, "version": ""}, FakeContext(), deps=deps)
    assert world.ledger.feed("tienda").approved_on == {TOMORROW}

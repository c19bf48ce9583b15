"""Each day of a portfolio is closed once, whoever fails or dies."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.reports.close import REPORTS
from cobranza.policy.portfolio import parse_portfolio
from tests.integration.fakes import DyingClient, FakeContext, Killed
from tests.integration.rows import apply
from tests.integration.test_reports import AS_OF, MIDNIGHT, PAID, close, raw, read, remind, status, two, wrote
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

type Drop = Callable[..., dict[str, Any]]
type Row = dict[str, str]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def test_a_day_is_closed_once(world: World, drop: Drop) -> None:
    two(drop)
    assert close(world, MIDNIGHT) == []
    assert close(world) == ["tienda 2026-11-24"]
    assert close(world) == []


def test_missed_days_are_caught_up_one_a_run(world: World) -> None:
    now = MIDNIGHT + timedelta(days=2, hours=1)
    assert [close(world, now) for _ in range(4)] == [[f"tienda 2026-11-{day}"] for day in (24, 25, 26)] + [[]]


def test_a_day_without_anything_has_its_files_too(world: World) -> None:
    close(world)
    *others, activity = REPORTS
    assert not any(read(world, report.name) for report in others)
    assert {row["count"] for row in read(world, activity.name)} == {"0"}


def test_a_portfolio_has_its_own_lines_and_nobody_elses(world: World, drop: Drop) -> None:
    other = PORTFOLIO_YAML.replace("100000000000001", "100000000000002")
    world.ledger.save_portfolio(parse_portfolio(other.encode(), "otra"), world.now)
    two(drop)
    drop("debts/otra/a.csv", debts({"borrower_id": "C2", "phone": "+525555550102"}), metadata=AS_OF)
    apply(world, "payments", PAID)
    apply(world, "payments", PAID | {"borrower_id": "C2"}, portfolio="otra")
    world.recorder.record(
        [wrote("hola", 1, sender="525555550198", phone_number_id="100000000000002"), wrote("hola", 2)],
        world.now,
        "trace",
    )
    assert close(world) == ["otra 2026-11-24", "tienda 2026-11-24"]
    for portfolio, borrower in (("otra", "C2"), ("tienda", "C1")):
        assert {row["borrower_id"] for row in read(world, "payments_out", portfolio=portfolio)} == {borrower}
        assert len(read(world, "interactions", portfolio=portfolio)) == 1


def test_a_portfolio_that_fails_keeps_no_other_from_closing(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    open_debts = world.reports.sources.book.open_debts
    monkeypatch.setattr(
        world.reports.sources.book,
        "open_debts",
        lambda portfolio: 1 / 0 if portfolio == "otra" else open_debts(portfolio),
    )
    with pytest.raises(ZeroDivisionError):
        close(world)
    monkeypatch.undo()
    assert close(world) == ["otra 2026-11-24"]


class DyingS3:
    """S3 until its `at`-th put (from 0)."""

    def __init__(self, client: Any, at: int) -> None:
        self._client, self._left = client, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        if not self._left:
            raise Killed
        self._left -= 1
        return self._client.put_object(**request)


def test_a_worker_that_dies_anywhere_is_made_good_by_the_next_with_the_same_bytes(
    world: World, drop: Drop
) -> None:
    two(drop)
    remind(world)
    apply(world, "payments", PAID)
    world.recorder.record([status(world, "read"), wrote("hola")], world.now, "trace")
    before = world.kept()
    close(world)
    files = [raw(world, report.name) for report in REPORTS]
    puts = len(REPORTS) + sum(report.summary is not None for report in REPORTS)
    for at in range(puts + 1):
        world.restore(before)
        dying: dict[str, Any] = {"s3": DyingS3(world.s3, at)}
        if at == puts:
            dying = {"dynamodb": DyingClient(world.dynamodb, 0, done=False)}
        with pytest.raises(Killed):
            close(replace(world, **dying))
        assert close(world, MIDNIGHT + timedelta(hours=9)) == ["tienda 2026-11-24"]
        assert [raw(world, report.name) for report in REPORTS] == files


def test_the_function_tells_how_many_days_it_closed(world: World) -> None:
    reports = function("reports")
    deps = reports.Deps(world.reports, world.planning, lambda: MIDNIGHT + timedelta(hours=1))
    assert reports.handler({}, FakeContext(), deps=deps) == {"closed": 1, "planned": 0}
    assert reports.handler({}, FakeContext(), deps=deps) == {"closed": 0, "planned": 0}

"""What a closed day and a plan read: everybody once, the day's lines once, and nothing dearer than it must be."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest

from cobranza.flows.reports.borrowers import borrower_days, walked
from cobranza.flows.reports.close import OF_BORROWERS
from cobranza.flows.reports.report import BorrowerDay, Day
from cobranza.policy.closing import home_zone
from cobranza.policy.portfolio import parse_portfolio
from tests.integration.fakes import Killed
from tests.integration.rows import apply
from tests.integration.test_reports import AS_OF, MIDNIGHT, PAID, close, read, remind, status
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

PEOPLE = 5
WRONG = {"borrower_id": "C2", "action": "wrong_number", "at": "2026-11-24T10:00:00-06:00"}


@dataclass
class Reading:
    """DynamoDB, which tells what it was asked."""

    client: Any
    queries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def query(self, **request: Any) -> Any:
        self.queries.append(request)
        return self.client.query(**request)

    def partitions(self, beginning: str, table: str = "ledger") -> list[tuple[str, bool]]:
        """The partitions of a table that were read, and whether consistently."""
        asked = [each for each in self._of(table) if "IndexName" not in each]
        read = ((each["ExpressionAttributeValues"][":pk"]["S"], each["ConsistentRead"]) for each in asked)
        return [(pk, is_consistent) for pk, is_consistent in read if pk.startswith(beginning)]

    def days(self) -> Counter[tuple[str, str]]:
        """How often each shard of a day of the journal was read, from its first moment on."""
        index = [each for each in self._of("journal") if each.get("IndexName") == "days"]
        asked = [each["ExpressionAttributeValues"] for each in index]
        return Counter((values[":day"]["S"], values[":start"]["S"]) for values in asked)

    def _of(self, table: str) -> Iterator[dict[str, Any]]:
        return (each for each in self.queries if each["TableName"] == table)


def some(drop: Drop, portfolio: str = "tienda", first: int = 1) -> None:
    people = range(first, first + PEOPLE)
    rows = ({"borrower_id": f"C{n}", "debt_id": f"F-{n}", "phone": f"+5255555501{n:02}"} for n in people)
    drop(f"debts/{portfolio}/a.csv", debts(*rows), metadata=AS_OF)


def reading(world: World) -> tuple[World, Reading]:
    client = Reading(world.dynamodb)
    watched: dict[str, Any] = {"dynamodb": client}
    return replace(world, **watched), client


def test_a_closed_day_reads_everybody_once_and_at_half_the_price(world: World, drop: Drop) -> None:
    some(drop)
    remind(world)
    world.recorder.record([status(world, "failed")], world.now, "trace")
    apply(world, "contacts", WRONG)
    observed, client = reading(world)
    close(observed)
    everybody = [(f"B#{world.ref(f'C{n}')}", False) for n in range(1, PEOPLE + 1)]
    assert sorted(client.partitions("B#")) == sorted(everybody)
    assert sorted(client.partitions("B#", "journal")) == sorted(everybody)
    assert {row["borrower_id"] for row in read(world, "contacts_to_fix")} == {"C1", "C2"}
    assert len({row["borrower_id"] for row in read(world, "outcomes")}) == len(read(world, "book")) == PEOPLE


def test_the_lines_of_a_day_are_read_once_for_all_reports_and_portfolios(world: World, drop: Drop) -> None:
    world.ledger.save_portfolio(parse_portfolio(PORTFOLIO_YAML.encode(), "otra"), world.now)
    some(drop)
    some(drop, "otra", first=50)
    assert len(remind(world)) == 2 * PEOPLE
    observed, client = reading(world)
    assert close(observed) == ["otra 2026-11-24", "tienda 2026-11-24"]
    assert set(client.days().values()) == {1}
    assert [len(read(world, "interactions", portfolio=name)) for name in ("otra", "tienda")] == [PEOPLE, PEOPLE]


def test_what_is_noted_after_a_run_is_seen_by_the_next(world: World, drop: Drop) -> None:
    some(drop)
    close(world)
    world.later(days=1)
    remind(world)
    close(world, MIDNIGHT + timedelta(days=1, hours=1))
    assert len(read(world, "interactions", "2026-11-25")) == PEOPLE


def test_a_plan_reads_at_half_the_price_and_the_sender_what_is_true(world: World, drop: Drop) -> None:
    some(drop)
    observed, client = reading(world)
    planned = [*observed.planning.planner.rows("tienda", world.now.date(), world.now)]
    assert [row.outcome for row in planned] == ["SEND"] * PEOPLE
    for beginning in ("B#", "REF#"):  # who it is, and who else has the phone
        assert [is_consistent for _, is_consistent in client.partitions(beginning)] == [False] * PEOPLE
    client.queries.clear()
    assert remind(observed) == ["SENT"] * PEOPLE
    assert [len(client.partitions(beginning)) for beginning in ("B#", "REF#")] == [PEOPLE, PEOPLE]
    assert all(is_consistent for _, is_consistent in client.partitions(""))


def test_no_report_keeps_a_borrower_waiting_for_another(world: World, drop: Drop) -> None:
    some(drop)
    remind(world)
    apply(world, "contacts", WRONG)
    portfolio = world.ledger.portfolio("tienda")
    day = Day("tienda", date(2026, 11, 24), home_zone(portfolio), {}, "tienda")
    taken: list[BorrowerDay] = []

    def watched() -> Iterator[BorrowerDay]:
        for borrower in borrower_days(world.reports.sources, day):
            taken.append(borrower)
            yield borrower

    made = walked(OF_BORROWERS, world.reports.sources, day, watched())
    assert [len(taken) for _ in islice(made, PEOPLE)] == [*range(1, PEOPLE + 1)]
    assert [len(rows) for rows in next(made)] == [7, 0, 0, 1]  # ageing's buckets, and whose phone is wrong


def test_a_debt_that_payments_have_met_ages_with_nothing_until_a_file_closes_it(world: World, drop: Drop) -> None:
    some(drop)
    apply(world, "payments", PAID | {"amount": "1234.50"})
    close(world)
    total = {row["bucket"]: (row["debts"], row["amount"]) for row in read(world, "ageing")}
    assert total["total"] == total["book"] == (str(PEOPLE), f"{(PEOPLE - 1) * 1234.5:.2f}")
    assert [row["borrower_id"] for row in read(world, "book") if row["borrower_id"] == "C1"] == []
    world.later(days=1)
    drop("debts/tienda/b.csv", debts({"balance": "0"}))
    close(world, MIDNIGHT + timedelta(days=1, hours=1))
    total = {row["bucket"]: row["debts"] for row in read(world, "ageing", "2026-11-25")}
    assert total["total"] == str(PEOPLE - 1)


def test_a_bad_phone_of_who_owes_nothing_any_more_is_told_without_debts(world: World, drop: Drop) -> None:
    some(drop)
    apply(world, "contacts", WRONG)
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "debt_id": "F-2", "balance": "0"}))
    close(world)
    (row,) = read(world, "contacts_to_fix")
    assert (row["borrower_id"], row["debts"], row["channel"]) == ("C2", "", "whatsapp")


def test_who_dies_on_the_walk_leaves_nothing_half_written(world: World, drop: Drop) -> None:
    some(drop)

    class Dying(Reading):
        def query(self, **request: Any) -> Any:
            if len(self.partitions("B#")) == PEOPLE - 1:
                raise Killed
            return super().query(**request)

    dying: dict[str, Any] = {"dynamodb": Dying(world.dynamodb)}
    with pytest.raises(Killed):
        close(replace(world, **dying))
    found = world.s3.list_objects_v2(Bucket="inbox", Prefix="results/tienda/").get("Contents", [])
    assert not [each["Key"] for each in found if "dt=2026-11-24" in each["Key"]]
    assert close(world) == ["tienda 2026-11-24"]
    assert len(read(world, "book")) == PEOPLE

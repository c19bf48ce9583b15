"""The tables in memory do what DynamoDB does: each test runs on all of them."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from moto import mock_aws

from cobranza.store.table import ConditionFailed, Insert, Table, Update
from local.replay.table import MemoryTable
from tests.integration.memory import MemoryClient
from tests.integration.partiql import PartiqlClient
from tests.integration.tables import create_table

KEY = {"pk": "B#1", "sk": "PROFILE"}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "client", "dynamodb"])
def table(request: pytest.FixtureRequest, clients: dict[str, Any]) -> Iterator[Table]:
    if request.param == "memory":
        yield MemoryTable()
        return
    if request.param == "client":
        create_table(client := MemoryClient(), "ledger")
        yield Table(PartiqlClient(client), "ledger")
        return
    with mock_aws():
        create_table(clients["dynamodb"], "ledger")
        yield Table(PartiqlClient(clients["dynamodb"]), "ledger")


def test_values_come_back_as_dynamodb_gives_them(table: Table) -> None:
    table.put({**KEY, "at": NOON, "n": 3, "pair": (NOON.date(), 1), "told": {"a": Decimal("1.50")}})
    assert table.get(KEY) == {
        **KEY,
        "at": NOON.isoformat(),
        "n": Decimal(3),
        "pair": ["2026-11-24", Decimal(1)],
        "told": {"a": Decimal("1.50")},
    }


def test_what_is_there_is_not_put_anew(table: Table) -> None:
    table.put_new({**KEY, "n": 1})
    with pytest.raises(ConditionFailed) as failed:
        table.put_new({**KEY, "n": 2})
    assert failed.value.item == {**KEY, "n": Decimal(1)}


def test_what_is_deleted_is_gone_and_may_be_deleted_again(table: Table) -> None:
    for name in ("A", "B"):
        table.put({"pk": name, "sk": "x", "book": "here", "n": 1})
    table.delete({"pk": "A", "sk": "x"})
    table.delete({"pk": "A", "sk": "x"})
    assert table.get({"pk": "A", "sk": "x"}) is None
    assert [item["pk"] for item in table.query("book = :book", {"book": "here"}, index="book")] == ["B"]


def test_a_scan_shows_what_is_asked_of_every_item(table: Table) -> None:
    table.put({**KEY, "raw": "words", "n": 1})
    table.put({"pk": "B#2", "sk": "PROFILE", "n": 2})
    found = sorted(table.scan(("pk", "raw")), key=lambda item: item["pk"])
    assert found == [{"pk": "B#1", "raw": "words"}, {"pk": "B#2"}]


def test_an_update_sets_adds_removes_and_keeps_what_was_first(table: Table) -> None:
    table.put({**KEY, "gone": "x", "first": "one", "n": 1})
    item = table.update(KEY, {"new": "y"}, first={"first": "two", "other": "z"}, add={"n": 2}, remove=("gone",))
    assert item == {**KEY, "new": "y", "first": "one", "other": "z", "n": Decimal(3)}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_not_exists(#rank)", False),
        ("attribute_exists(#pk) AND #rank < :rank", True),
        ("attribute_exists(#pk) AND #rank >= :rank", False),
        ("attribute_not_exists(#pk) OR #state = :state", True),
        ("attribute_exists(#pk) AND (attribute_not_exists(#until) OR #until < :rank)", True),
        ("attribute_not_exists(#pk) AND #rank < :rank OR #state = :state", True),
        ("#missing <= :rank", False),
    ],
)
def test_a_condition_holds_or_nothing_is_written(table: Table, condition: str, holds: bool) -> None:
    table.put({**KEY, "rank": 1, "state": "SENT"})
    values = {name: value for name, value in {"rank": 2, "state": "SENT"}.items() if f":{name}" in condition}
    with nullcontext() if holds else pytest.raises(ConditionFailed, check=lambda failed: failed.item["rank"] == 1):
        table.update(KEY, {"mark": "x"}, condition=condition, values=values)
    assert ("mark" in (table.get(KEY) or {})) is holds


def test_a_write_that_wants_something_absent_is_not_made_where_it_is(table: Table) -> None:
    table.put({**KEY, "rev": 1})
    alone = Update(KEY, {"rev": 2}, {"rev": 1}, absent=("wanted",))
    assert table.write_all([alone]) == [True]
    table.update(KEY, {"wanted": "x", "rev": 1})
    assert table.write_all([alone]) == [False]
    assert table.get(KEY) == {**KEY, "wanted": "x", "rev": Decimal(1)}


def test_of_many_writes_each_stands_for_itself(table: Table) -> None:
    table.put({**KEY, "rev": 1, "gone": "x"})
    made = table.write_all(
        [
            Insert({**KEY, "rev": 9}),
            Insert({"pk": "B#2", "sk": "PROFILE"}),
            Update(KEY, {"rev": 2}, {"rev": 1}, ("gone",)),
            Update(KEY, {"rev": 3}, {"rev": 1}),
            Update({"pk": "B#3", "sk": "PROFILE"}, {"rev": 1}, {}),
        ]
    )
    assert made == [False, True, True, False, False]
    assert table.get(KEY) == {**KEY, "rev": Decimal(2)}


def test_queries_find_by_prefix_by_range_and_by_index_in_order(table: Table) -> None:
    for n in (3, 1, 2):
        table.put({"pk": "B#1", "sk": f"MSG#{n}"})
        table.put({"pk": f"B#{n}", "sk": "PROFILE", "due_shard": 4, "due_at": f"2026-11-2{n}"})
    prefix = table.query("pk = :pk AND begins_with(sk, :sk)", {"pk": "B#1", "sk": "MSG#"})
    assert [item["sk"] for item in prefix] == ["MSG#1", "MSG#2", "MSG#3"]
    within = table.query("pk = :pk AND sk BETWEEN :low AND :high", {"pk": "B#1", "low": "MSG#2", "high": "MSG#9"})
    assert [item["sk"] for item in within] == ["MSG#2", "MSG#3"]
    due = table.query(
        "due_shard = :shard AND due_at <= :now", {"shard": 4, "now": "2026-11-23"}, index="due", limit=2
    )
    assert [item["pk"] for item in due] == ["B#1", "B#2"]


def test_what_leaves_an_index_is_not_found_there(table: Table) -> None:
    table.put({**KEY, "due_shard": 4, "due_at": "2026-11-21"})
    table.update(KEY, remove=("due_at", "due_shard"))
    assert not list(table.query("due_shard = :shard AND due_at <= :now", {"shard": 4, "now": "3"}, index="due"))


def test_a_set_of_numbers_grows(table: Table) -> None:
    table.put(KEY)
    grown = [table.add_to_set(KEY, "done", part)["done"] for part in (1, 2, 1)]
    assert grown[-1] == {Decimal(1), Decimal(2)}

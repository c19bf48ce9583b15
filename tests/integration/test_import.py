"""The file desk: what a dropped file does to the ledger, and what comes back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cobranza.errors import NotFound
from cobranza.queues import DroppedFile
from cobranza.store.objects import Bucket
from tests.integration.loading import KEY, counts, load, refused
from tests.integration.world import (
    PORTFOLIO_YAML,
    ROW,
    World,
    debts,
)
from tests.overheard import Overheard

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]


# Rows and their results.


@pytest.mark.usefixtures("portfolio")
def test_good_rows_are_used_and_bad_rows_come_back_explained(world: World) -> None:
    text = debts(
        {},
        {"borrower_id": "C2", "phone": "+573005550102", "country": "CO", "currency": "COP", "amount": "90000"},
        {"borrower_id": "C3", "phone": "no tiene"},
        {"borrower_id": "C4", "due_date": "mañana"},
        {"borrower_id": "", "name": "Nadie"},
    )
    summary, written = load(world, text)
    assert counts(summary) == (5, 2, 0, 0, 3)
    assert summary.refused_by_code == {"BAD_PHONE": 1, "BAD_DATE": 1, "MISSING_VALUE": 1}
    assert [(m.currency, str(m.amount)) for m in summary.totals] == [("COP", "90000"), ("MXN", "1234.50")]
    bad = refused(written)
    assert [(row["line"], row["column"], row["code"]) for row in bad] == [
        ("4", "phone", "BAD_PHONE"),
        ("5", "due_date", "BAD_DATE"),
        ("6", "borrower_id", "MISSING_VALUE"),
    ]
    assert all(row["reason"] for row in bad)
    assert (bad[0]["phone"], bad[1]["due_date"], bad[2]["name"]) == ("no tiene", "mañana", "Nadie")
    told = json.loads(written["results/tienda/debts/a.csv/summary.json"])
    assert (told["read"], told["created"], told["refused"]) == (5, 2, 3)
    assert {name: count for name, count in told["readiness"].items() if count} == {
        "messageable": 2,
        "bad_phone": 1,
    }


@pytest.mark.usefixtures("portfolio")
def test_a_file_without_faults_has_an_empty_refused_csv(world: World) -> None:
    summary, written = load(world, debts({}))
    assert summary.refused == 0
    assert set(written) == {"results/tienda/debts/a.csv/refused.csv", "results/tienda/debts/a.csv/summary.json"}
    assert refused(written) == []


@pytest.mark.usefixtures("portfolio")
def test_a_mended_refused_csv_loads_just_its_rows(world: World) -> None:
    bad = {"borrower_id": "C2", "phone": "123", "name": "=Ana Ejemplo"}
    _, written = load(world, debts({}, bad))
    data = written["results/tienda/debts/a.csv/refused.csv"].decode("utf-8-sig")
    mended = data.replace(",123,", ",+525555550102,")
    assert mended != data
    summary, written = load(world, mended, key="debts/tienda/mended.csv", minutes=5)
    assert counts(summary) == (1, 1, 0, 0, 0)
    assert refused(written) == []
    assert world.item("PROFILE", "C2")["name"] == "=Ana Ejemplo"


def test_a_row_that_an_older_file_could_not_tell_keeps_nobody_back(world: World, drop: Drop) -> None:
    drop("debts/uno/a.csv", debts({}))
    drop("debts/uno/b.csv", debts({"phone": "5555"}), metadata={"as-of": "2026-11-01"})
    assert "refused_row" not in world.item("DEBT#uno#F-1#")


def test_two_instalments_of_a_debt_and_one_number_at_two_borrowers_are_no_duplicates(world: World) -> None:
    rows = ({"instalment": "1"}, {"instalment": "2"}, {"borrower_id": "C2", "instalment": "1"})
    summary, _ = load(world, debts(*rows))
    assert counts(summary) == (3, 3, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "EMPTY_FILE"),
        ("borrower_id,name\nC1,Ana\n", "MISSING_COLUMN"),
        ("PK\x03\x04\x00\x00", "NOT_A_TABLE"),
        (debts({}).replace("Lucía", '"Lucía'), "NOT_CSV"),
        (debts({}).replace("name,", "name,name,"), "DUPLICATE_COLUMN"),
    ],
)
def test_a_file_that_is_refused_whole_still_gets_its_results(world: World, text: str, code: str) -> None:
    summary, written = load(world, text)
    assert summary.error
    assert summary.error.code == code
    assert counts(summary) == (0, 0, 0, 0, 0)
    assert json.loads(written["results/tienda/debts/a.csv/summary.json"])["error"]["code"] == code
    assert refused(written) == []
    assert world.book() == []


# The place of a file.


@pytest.mark.parametrize(
    "key",
    [
        "a.csv",
        "debts/a.csv",
        "debts/Tienda/a.csv",
        "debts/tienda/2026/a.csv",
        "debts/tienda/..",
        "debts/mi tienda/a.csv",
        "deudas/tienda/a.csv",
        "portfolios/tienda/otra.yaml",
        "/debts/tienda/a.csv",
    ],
)
def test_a_misplaced_file_is_told_so(world: World, drop: Drop, key: str) -> None:
    world.s3.put_object(Bucket="inbox", Key=key, Body=debts({}).encode())
    summary = world.importer.take(Bucket(world.s3, "inbox"), DroppedFile("inbox", key, ""), world.now)
    assert summary
    assert summary.error
    assert summary.error.code == "BAD_PLACE"
    place = f"results/none/misplaced/{key.replace('/', '_')}"
    body = world.s3.get_object(Bucket="inbox", Key=f"{place}/summary.json")["Body"].read()
    assert json.loads(body)["error"]["code"] == "BAD_PLACE"
    assert world.s3.get_object(Bucket="inbox", Key=f"{place}/refused.csv")["Body"].read()
    assert world.book() == []


@pytest.mark.parametrize("name", ["a b.csv", "a+b.csv", "cartera día 1.csv", "a%20b.csv", "100% ñ&=#?.csv", "a.b"])
def test_a_file_may_have_any_name(drop: Drop, name: str) -> None:
    summary = drop(f"debts/tienda/{name}", debts({}))
    assert (summary["file"], summary["created"], summary["error"]) == (name, 1, None)


def test_a_file_that_is_gone_raises(world: World) -> None:
    with pytest.raises(NotFound):
        world.importer.take(Bucket(world.s3, "inbox"), DroppedFile("inbox", KEY, ""), world.now)
    assert world.book() == []
    assert world.items("journal") == []


def test_no_file_name_and_no_person_becomes_a_key_or_a_fact_of_the_journal(
    world: World, overheard: Overheard
) -> None:
    load(world, debts({"borrower_id": "LUPA800101"}), key="debts/tienda/Lucía Ejemplo.csv")
    found = json.dumps(world.items("journal"), default=str, ensure_ascii=False)
    found += json.dumps([[item["pk"], item["sk"]] for item in world.items()])
    assert not [word for word in ("Lucía", "5550101", "LUPA800101") if word in found]
    # A notice says where the results lie, under the file's own name.
    overheard.said = [each for each in overheard.said if each[0] != "notice"]


# The same again, and news.


@pytest.mark.usefixtures("portfolio")
def test_the_same_file_again_changes_nothing_and_plans_nothing(world: World) -> None:
    text = debts(
        {}, {"debt_id": "F-2"}, {"borrower_id": "C2", "consent": "no"}, {"borrower_id": "C3", "phone": ""}
    )
    load(world, text)
    for reminder in world.tick():
        world.sender.remind(reminder, world.now)
    before = world.book()
    for minutes, key in ((0, KEY), (120, "debts/tienda/b.csv")):
        summary, _ = load(world, text, minutes=minutes, key=key)
        assert counts(summary) == (4, 0, 0, 3, 1)
        assert world.book() == before
    assert world.tick() == []


@pytest.mark.usefixtures("portfolio")
def test_many_borrowers_at_once_are_each_counted_once(world: World) -> None:
    rows = [{"borrower_id": f"C{i}", "phone": f"+5255555501{i:02}"} for i in range(8)]
    summary, _ = load(world, debts(*rows))
    assert counts(summary) == (8, 8, 0, 0, 0)
    assert load(world, debts(*rows))[0].unchanged == 8


@pytest.mark.parametrize(
    ("news", "sk", "attribute", "value"),
    [
        ({"amount": "10.00"}, "DEBT#tienda#F-1#", "balance", 10),
        ({"balance": "0"}, "DEBT#tienda#F-1#", "balance", 0),
        ({"due_date": "2026-12-01"}, "DEBT#tienda#F-1#", "due_date", "2026-12-01"),
        ({"name": "Lucía Otra"}, "PROFILE", "name", "Lucía Otra"),
        ({"region": "BCN"}, "PROFILE", "region", "BCN"),
    ],
)
def test_new_bytes_under_the_same_name_are_news(
    world: World, news: dict[str, str], sk: str, attribute: str, value: Any
) -> None:
    load(world, debts({}))
    summary, _ = load(world, debts(news), minutes=1)
    assert counts(summary) == (1, 0, 1, 0, 0)
    assert world.item(sk)[attribute] == value


def test_an_amount_written_in_another_way_is_no_news(world: World) -> None:
    load(world, debts({"amount": "1234.50"}))
    before = world.book()
    summary, _ = load(world, debts({"amount": "1234.5"}), minutes=1)
    assert (summary.unchanged, world.book()) == (1, before)


@pytest.mark.usefixtures("portfolio")
def test_an_older_file_never_overwrites_a_newer_one(world: World) -> None:
    load(world, debts({"amount": "20.00", "name": "Nueva Ejemplo", "consent": "no"}), minutes=10)
    before = world.book()
    summary, _ = load(world, debts({"amount": "10.00", "name": "Vieja Ejemplo"}), minutes=5)
    assert counts(summary) == (1, 0, 0, 1, 0)
    assert world.book() == before


def test_an_older_file_does_not_overwrite_what_a_newer_one_confirmed(world: World) -> None:
    """Balance 10 at 8:00 and again at 10:00: a file of 9:00 that comes late knows less than both."""
    load(world, debts({"amount": "10.00"}), minutes=0)
    load(world, debts({"amount": "10.00"}), minutes=120)
    load(world, debts({"amount": "99.00"}), minutes=60)
    assert world.item("DEBT#tienda#F-1#")["balance"] == 10


def test_an_older_portfolio_never_replaces_a_newer_one(world: World) -> None:
    key = "portfolios/tienda/portfolio.yaml"
    load(world, PORTFOLIO_YAML.replace("[MX, CO, BR]", "[CO]"), minutes=10, key=key)
    load(world, PORTFOLIO_YAML, minutes=5, key=key)
    portfolio = world.ledger.portfolio("tienda")
    assert portfolio
    assert portfolio.countries == ("CO",)


def test_a_portfolio_that_is_refused_leaves_the_one_that_is_there(world: World) -> None:
    key = "portfolios/tienda/portfolio.yaml"
    load(world, PORTFOLIO_YAML, key=key)
    before = world.book()
    summary, written = load(world, "language: xx", minutes=1, key=key)
    assert summary.error
    assert summary.error.code == "BAD_PORTFOLIO"
    assert "results/tienda/portfolios/portfolio.yaml/refused.csv" in written
    assert world.book() == before


@pytest.mark.usefixtures("portfolio")
def test_a_new_due_date_begins_a_new_ladder(world: World) -> None:
    load(world, debts({}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    load(world, debts({"due_date": "2026-11-30"}), minutes=1)
    # Three days before it is a Friday.
    assert world.item("PROFILE")["due_at"] == "2026-11-27T15:00:00Z"


# Readiness.


@pytest.mark.parametrize(
    ("yaml", "row", "readiness"),
    [
        ("", {}, "no_portfolio"),
        (PORTFOLIO_YAML, {}, "messageable"),
        (PORTFOLIO_YAML, {"consent": ""}, "no_consent"),
        (PORTFOLIO_YAML, {"phone": "+5491155550101", "country": "AR"}, "country_off"),
        (PORTFOLIO_YAML.replace("MX, ", ""), {}, "country_off"),
        # Named by the portfolio, but not switched on in the stack; switched on, but nobody may be messaged there.
        (PORTFOLIO_YAML.replace("MX", "MX, AR"), {"phone": "+5491155550101", "country": "AR"}, "country_off"),
        (PORTFOLIO_YAML.replace("MX", "MX, CU"), {"phone": "+5355550101", "country": "CU"}, "country_off"),
    ],
)
def test_readiness_tells_what_keeps_a_borrower_from_a_message(
    world: World, drop: Drop, yaml: str, row: dict[str, str], readiness: str
) -> None:
    if yaml:
        drop("portfolios/tienda/portfolio.yaml", yaml)
    summary = drop(KEY, debts(row, {**row, "debt_id": "F-2"}))
    assert summary["created"] == 2
    assert {name: n for name, n in summary["readiness"].items() if n} == {readiness: 2}


# Phones.


@pytest.mark.usefixtures("portfolio")
def test_two_borrowers_may_share_a_phone(world: World) -> None:
    load(world, debts({}, {"borrower_id": "C2", "name": "Otra Ejemplo"}))
    behind = world.ledger.borrowers_behind(world.references.ref("phone", "+525555550101"))
    assert sorted(behind) == sorted([world.ref("C1"), world.ref("C2")])


@pytest.mark.usefixtures("portfolio")
def test_a_new_phone_is_where_the_message_goes_and_the_old_one_is_still_known(world: World) -> None:
    load(world, debts({}))
    load(world, debts({"phone": "+525555550109"}), minutes=1)
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    assert world.whatsapp.sent[0]["to"] == "+525555550109"
    for phone in ("+525555550101", "+525555550109"):
        assert list(world.ledger.borrowers_behind(world.references.ref("phone", phone))) == [world.ref()]


# When to look.


@pytest.mark.parametrize(
    ("due_date", "due_at"),
    [
        ("2026-11-24", "2026-11-24T15:00:00Z"),  # today: from the first minute that all of Mexico's zones are open
        ("2026-11-27", "2026-11-24T15:00:00Z"),  # three days ahead is the first step
        ("2026-12-15", "2026-12-14T15:00:00Z"),  # a Saturday and the day of Guadalupe before it are closed
        ("2026-10-01", None),  # every step is long past
    ],
)
def test_a_borrower_is_looked_at_when_the_next_step_comes(world: World, due_date: str, due_at: str | None) -> None:
    load(world, debts({"due_date": due_date}))
    assert world.item("PROFILE").get("due_at") == due_at


def test_a_paid_debt_is_never_planned(world: World) -> None:
    load(world, debts({"balance": "0"}))
    assert "due_at" not in world.item("PROFILE")


def test_the_earliest_of_several_debts_sets_the_moment(world: World) -> None:
    load(world, debts({"due_date": "2026-12-31"}, {"debt_id": "F-2", "due_date": "2026-12-03"}))
    assert world.item("PROFILE")["due_at"] == "2026-11-30T15:00:00Z"
    load(world, debts({"debt_id": "F-3", "due_date": "2026-12-30"}), minutes=1)
    assert world.item("PROFILE")["due_at"] == "2026-11-30T15:00:00Z"


# What is told of it.


def test_the_journal_tells_of_each_file_once(world: World) -> None:
    for minutes in (0, 0, 1):
        load(world, debts({}), minutes=minutes)
    imports = [item for item in world.items("journal") if item["event"] == "import"]
    assert [(item["pk"], item["read"], item["refused"]) for item in imports] == [("PORTFOLIO#tienda", 1, 0)] * 2


def test_the_moment_of_a_file_is_when_it_was_dropped(world: World) -> None:
    summary, _ = load(world, debts({}), minutes=7)
    assert summary.as_of == datetime(2026, 11, 24, 17, 7, tzinfo=UTC)
    assert world.item("DEBT#tienda#F-1#")["as_of"] == "2026-11-24T17:07:00Z"
    assert ROW["borrower_id"] == world.item("PROFILE")["borrower_id"]


def test_a_number_that_no_book_can_hold_is_refused_like_any_bad_cell(world: World) -> None:
    summary, written = load(world, debts({"amount": f"100.{'0' * 40}"}, {"debt_id": "F-2"}))
    assert counts(summary) == (2, 1, 0, 0, 1)
    assert [row["code"] for row in refused(written)] == ["BAD_AMOUNT"]


def test_a_file_of_too_many_rows_is_refused_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cobranza.files.reading.MAX_ROWS", 2)
    summary, _ = load(world, debts({}, {"debt_id": "F-2"}, {"debt_id": "F-3"}))
    assert summary.error
    assert summary.error.code == "TOO_LARGE"
    assert world.book() == []


@pytest.mark.usefixtures("portfolio")
def test_who_has_as_much_in_favour_as_is_due_gets_no_message(world: World) -> None:
    load(world, debts({"amount": "100.00", "credit": "100.00"}))
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_CREDIT_COVERS"


@pytest.mark.usefixtures("portfolio")
def test_what_is_in_favour_is_taken_off_what_the_message_asks_for(world: World) -> None:
    load(world, debts({"amount": "100.00"}))
    summary, _ = load(world, debts({"amount": "100.00", "credit": "30.00"}), minutes=1)
    assert summary.updated == 1
    (reminder,) = world.tick()
    assert world.sender.remind(reminder, world.now).code == "SENT"
    (message,) = world.whatsapp.sent
    assert "$70.00" in json.dumps(message, ensure_ascii=False)

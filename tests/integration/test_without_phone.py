"""Exports without phones and names: a mapping says so, and nobody is messaged until somebody tells a phone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.rows import apply, codes
from tests.integration.world import ROW, World, debts

type Drop = Callable[..., dict[str, Any]]

KEY = "debts/tienda/sin_telefono.csv"
BARE = debts({}).replace("name,phone,", "").replace(f"{ROW['name']},{ROW['phone']},", "")

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


@pytest.fixture
def _mapped(drop: Drop) -> None:
    drop("mappings/tienda/sin.yaml", 'applies_to: "sin_*"\nwithout: [name, phone]\n')


def test_without_a_mapping_that_says_so_such_a_file_is_refused(drop: Drop) -> None:
    assert drop(KEY, BARE)["error"]["code"] == "MISSING_COLUMN"


@pytest.mark.usefixtures("_mapped")
def test_its_rows_load_and_nobody_is_messaged(world: World, drop: Drop) -> None:
    summary = drop(KEY, BARE)
    assert (summary["created"], summary["refused"]) == (1, 0)
    assert {name: n for name, n in summary["readiness"].items() if n} == {"bad_phone": 1}
    profile = world.item("PROFILE")
    assert (profile["name"], profile["phone"]) == ("C1", "")
    assert not [item for item in world.items() if item["pk"].startswith("REF#")]
    assert codes(world) == ["SKIPPED_NO_PHONE"]
    assert drop(KEY, BARE)["readiness"]["bad_phone"] == 1


@pytest.mark.usefixtures("_mapped")
def test_a_phone_from_the_call_centre_is_where_the_message_goes(world: World, drop: Drop) -> None:
    drop(KEY, BARE)
    said = {"borrower_id": "C1", "action": "telefono", "source": "call centre", "phone": "+525555550177"}
    apply(world, "contacts", said | {"at": "2026-11-20"})
    assert codes(world) == ["SENT"]
    assert world.whatsapp.sent[0]["to"] == "+525555550177"
    summary = drop(KEY, BARE)
    assert (summary["unchanged"], summary["readiness"]["messageable"]) == (1, 1)


@pytest.mark.usefixtures("_mapped")
def test_a_later_file_with_phones_and_names_brings_them_and_one_without_leaves_them(
    world: World, drop: Drop
) -> None:
    drop(KEY, BARE)
    drop("debts/tienda/b.csv", debts({}))
    assert (world.item("PROFILE")["name"], world.item("PROFILE")["phone"]) == (ROW["name"], ROW["phone"])
    summary = drop(KEY, BARE.replace("1234.50", "99.00"))
    assert (summary["updated"], summary["readiness"]["messageable"]) == (1, 1)
    assert (world.item("PROFILE")["name"], world.item("PROFILE")["phone"]) == (ROW["name"], ROW["phone"])
    assert codes(world) == ["SENT"]


@pytest.mark.usefixtures("_mapped")
def test_many_at_once_are_written_without_being_read(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cobranza.flows.import_part.INDEXED_FROM", 2)
    monkeypatch.setattr("cobranza.flows.import_part.NEW_FROM", 2)
    rows = BARE.splitlines()
    summary = drop(KEY, "\n".join([rows[0], *(rows[1].replace("C1", f"C{n}") for n in range(5))]) + "\n")
    assert (summary["created"], summary["readiness"]["bad_phone"]) == (5, 5)
    assert not [item for item in world.items() if item["pk"].startswith("REF#")]


# What the creditor's books say of a debt besides.


def test_what_was_paid_by_the_moment_of_the_file_is_not_owed(world: World, drop: Drop) -> None:
    rows = [{"paid_on": "2026-11-23"}, {"debt_id": "F-2", "paid_on": "2026-11-30"}, {"debt_id": "F-3"}]
    drop("debts/tienda/a.csv", debts(*rows))
    assert [item["debt_id"] for item in world.book() if "book" in item] == ["F-2", "F-3"]


def test_a_debt_that_the_file_calls_disputed_is_not_reminded_until_a_file_says_no(
    world: World, drop: Drop
) -> None:
    drop("debts/tienda/a.csv", debts({"disputed": "sí"}))
    assert codes(world) == ["SKIPPED_DISPUTED"]
    summary = drop("debts/tienda/b.csv", debts({"disputed": "no"}))
    assert summary["updated"] == 1
    assert codes(world) == ["SENT"]
    assert drop("debts/tienda/c.csv", debts({"disputed": "quizá"}))["refused_by_code"] == {"BAD_ANSWER": 1}


def test_a_file_that_says_no_lifts_no_dispute_of_the_borrower(world: World, drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    apply(world, "contacts", {"borrower_id": "C1", "action": "disputa", "at": "2026-11-20", "debt_id": "F-1"})
    drop("debts/tienda/b.csv", debts({"disputed": "no"}))
    assert codes(world) == ["SKIPPED_DISPUTED"]


def test_links_tags_risk_and_extra_columns_are_kept_with_the_debt_for_its_templates(
    world: World, drop: Drop
) -> None:
    told = {
        "document_url": "https://pagos.example.com/f1.pdf",
        "document_name": "factura-1.pdf",
        "tags": "VIP; norte",
        "risk": "b",
        "extra.branch": "Centro",
    }
    drop("debts/tienda/a.csv", debts(told))
    loaded = world.ledger.load(world.ref())
    assert loaded
    terms = loaded.book.debts[0].terms
    assert (terms.document_url, terms.document_name) == (told["document_url"], told["document_name"])
    assert (terms.tags, terms.risk, terms.extra) == (("norte", "vip"), "B", {"branch": "Centro"})

"""What Meta tells of the account, its numbers and people's wishes counts at once, in any order."""

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.flows.record_news import ALERTED
from cobranza.policy.breaker import BY_HAND, EVERY_NUMBER, Breaker
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.table import exact
from tests.integration.deliveries import AT, Drop, call, post, sign
from tests.integration.rows import book
from tests.integration.world import PORTFOLIO_YAML, World, debts

pytestmark = pytest.mark.in_memory

NUMBER, OTHER = "100000000000001", "100000000000002"
SHOWN = "+52 55 5555 0000"
ONE = f"number:{NUMBER}"
NOTED = "account_note"


def tell(world: World, field: str, value: Any, at: int = AT) -> None:
    entry = {"id": "W", "time": at, "changes": [{"field": field, "value": value}]}
    body = json.dumps({"entry": [entry]}).encode()
    assert call(world, post(body, sign(body, "new-secret")))["statusCode"] == 200


def limit(world: World, number: str = NUMBER) -> int:
    return world.limits.left(number, world.now)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: names.append(name))
    return names


def capability(people: Any) -> dict[str, Any]:
    return {"max_daily_conversations_per_business": people, "max_phone_numbers_per_business": 20}


# Limits.


@pytest.mark.parametrize(
    ("told", "people"),
    [("TIER_250", 250), ("TIER_2K", 2000), ("TIER_UNLIMITED", 100_000_000), (250, 250), (-1, 100_000_000)],
)
@pytest.mark.parametrize("field", ["business_capability_update", "phone_number_quality_update"])
def test_a_new_limit_counts_from_the_next_batch_on(
    world: World, portfolio: None, field: str, told: Any, people: int
) -> None:
    tell(world, field, capability(told) | {"display_phone_number": SHOWN, "event": "ONBOARDING"})
    assert limit(world) == people


@pytest.mark.parametrize("told", ["TIER_NOT_SET", "", None, [], "TIER_K", "9" * 30])
def test_a_limit_that_cannot_be_read_changes_nothing(world: World, portfolio: None, told: Any) -> None:
    tell(world, "business_capability_update", capability(told))
    assert limit(world) == 1000


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_latest_limit_counts_in_whatever_order_they_come(
    world: World, portfolio: None, order: tuple[int, ...]
) -> None:
    """Of two of one second the smaller."""
    news = [("TIER_250", AT), ("TIER_10K", AT + 1), ("TIER_2K", AT + 2), ("TIER_1K", AT + 2)]
    for place in (*order, order[0]):
        tell(world, "business_capability_update", capability(news[place][0]), news[place][1])
    assert limit(world) == 1000
    assert world.table.get({"pk": f"CONTROL#number#{NUMBER}", "sk": "TIER"}) is not None


def test_a_limit_is_of_all_numbers_of_the_business(world: World, two_numbers: None) -> None:
    tell(world, "business_capability_update", capability(250))
    assert (limit(world), limit(world, OTHER)) == (250, 250)


# How fast.


@pytest.fixture
def two_numbers(world: World, portfolio: None) -> None:
    other = PORTFOLIO_YAML.replace(NUMBER, OTHER)
    world.ledger.save_portfolio(parse_portfolio(other.encode(), "autos"), world.now)


def test_a_number_that_was_upgraded_is_as_fast_as_whatsapp_goes(world: World, portfolio: None) -> None:
    tell(world, "phone_number_quality_update", {"display_phone_number": SHOWN, "event": "THROUGHPUT_UPGRADE"})
    assert world.limits.allowed(NUMBER) == 1000


@pytest.mark.parametrize("is_seen", [True, False])
def test_of_two_numbers_the_one_is_meant_that_people_see_so(
    world: World, two_numbers: None, is_seen: bool
) -> None:
    """As long as nobody has seen it, none is made faster."""
    if is_seen:
        metadata = {"display_phone_number": "525555550000", "phone_number_id": OTHER}
        message = {"id": "wamid.1", "from": "525555550199", "timestamp": str(AT), "type": "text"}
        tell(world, "messages", {"metadata": metadata, "messages": [message]})
    tell(world, "phone_number_quality_update", {"display_phone_number": SHOWN, "event": "THROUGHPUT_UPGRADE"})
    assert (world.limits.allowed(NUMBER), world.limits.allowed(OTHER)) == (80, 1000 if is_seen else 80)


# Quality.


@pytest.mark.parametrize(
    ("told", "counts", "stopped"),
    [
        ({"event": "FLAGGED"}, ["QualityDropped"], []),
        ({"event": "UNFLAGGED"}, [], []),
        ({"event": "FLAGGED", "new_quality_score": "RED"}, ["QualityDropped", "BreakersOpened"], [ONE]),
        ({"new_quality_score": "GREEN"}, [], []),
    ],
    ids=str,
)
def test_a_number_that_people_block_is_told_to_us_and_stands_still_when_it_is_red(
    world: World, portfolio: None, counted: list[str], told: dict[str, str], counts: list[str], stopped: list[str]
) -> None:
    tell(world, "phone_number_quality_update", {"display_phone_number": SHOWN} | told)
    assert counted == counts
    assert list(world.ledger.breakers()) == stopped


# The account.


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_BIZ"}]}, 368),
        ({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}, 368),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, 131031),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}, 131031),
        ({"event": "ACCOUNT_DELETED"}, 131031),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, None),
        ({"event": "VERIFIED_ACCOUNT"}, None),
    ],
    ids=str,
)
def test_an_account_that_meta_stops_writes_to_nobody(
    world: World, drop: Drop, portfolio: None, counted: list[str], told: dict[str, Any], code: int | None
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    for _ in range(2):
        tell(world, "account_update", told)
    found = {scope: breaker.code for scope, breaker in world.ledger.breakers().items()}
    assert found == ({EVERY_NUMBER: code} if code else {})
    assert world.sender.remind(reminder, world.now).code == ("DEFERRED_BREAKER" if code else "SENT")
    assert ("BreakersOpened" in counted) == bool(code)
    if code:
        assert told["event"] in world.controls.stop(EVERY_NUMBER).title


DISABLED = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
REINSTATED = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}


@pytest.mark.parametrize("order", list(itertools.permutations([(DISABLED, AT), (REINSTATED, AT + 60)])))
def test_nothing_but_a_person_lets_a_stopped_account_go_on(
    world: World, portfolio: None, order: tuple[tuple[dict[str, Any], int], ...]
) -> None:
    for told, at in order:
        tell(world, "account_update", told, at)
    assert EVERY_NUMBER in world.ledger.breakers()
    world.controls.close(EVERY_NUMBER, world.now + timedelta(minutes=5))
    for told, at in order:  # Meta says it once more: it is older than the person's word
        tell(world, "account_update", told, at)
    assert world.ledger.breakers() == {}
    tell(world, "account_update", DISABLED, AT + 600)
    assert EVERY_NUMBER in world.ledger.breakers()


def test_what_a_person_stopped_stays_a_persons(world: World, portfolio: None) -> None:
    world.ledger.open_breaker(Breaker(EVERY_NUMBER, exact(world.now), BY_HAND), {"title": "auditoría"})
    tell(world, "account_update", DISABLED, AT + 60)
    tell(world, "account_update", REINSTATED, AT + 120)
    assert world.ledger.breakers()[EVERY_NUMBER].is_by_hand


# Alerts and reviews.


def alert(kind: str, severity: str = "WARNING", status: str = "ACTIVE") -> dict[str, Any]:
    told = {"alert_type": kind, "alert_severity": severity, "alert_status": status, "alert_description": "…"}
    return {"entity_type": "BUSINESS", "entity_id": "W", "alert_info": told}


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("account_alerts", alert("INCREASED_CAPABILITIES_ELIGIBILITY_FAILED", "CRITICAL"), ALERTED),
        ("account_alerts", alert("INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED"), ALERTED),
        ("account_alerts", alert("INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", status="NONE"), NOTED),
        ("account_alerts", alert("OBA_APPROVED", "INFORMATIONAL"), NOTED),
        ("account_alerts", alert("OBA_REJECTED", "CRITICAL"), ALERTED),
        ("account_alerts", alert("PROFILE_PICTURE_LOST", "SOON"), ALERTED),
        ("account_alerts", alert("SENDING_IS_OVER", "INFORMATIONAL"), ALERTED),
        ("account_alerts", {"alert_info": []}, ALERTED),
        ("account_alerts", None, ALERTED),
        ("account_review_update", {"decision": "APPROVED"}, NOTED),
        ("account_review_update", {"decision": "PENDING"}, ALERTED),
        ("account_review_update", {"decision": "DEFERRED"}, ALERTED),
        ("account_review_update", {"decision": "REVOKED"}, ALERTED),
        ("account_review_update", {}, ALERTED),
    ],
    ids=str,
)
def test_an_alert_or_an_open_review_is_told_to_a_person_and_information_to_the_log(
    world: World,
    portfolio: None,
    counted: list[str],
    caplog: pytest.LogCaptureFixture,
    field: str,
    value: Any,
    kind: str,
) -> None:
    """Nothing stands still by it."""
    tell(world, field, value)
    assert counted.count("AccountAlerts") == (kind == ALERTED)
    assert [vars(record)["counts"] for record in caplog.records if record.message == "recorded"] == [{kind: 1}]
    assert world.ledger.breakers() == {}
    assert [item["pk"] for item in world.items() if item["pk"].startswith("NEWS#")] == [f"NEWS#{field}"]


def test_an_alert_that_nobody_knows_is_loud_without_metas_words(
    world: World, portfolio: None, caplog: pytest.LogCaptureFixture
) -> None:
    tell(world, "account_alerts", alert("LUCIA_EJEMPLO_CALLED"))
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert vars(record)["kind"] == "unknown"
    assert not any("LUCIA" in str(vars(record)) for record in caplog.records)


def test_an_account_that_a_review_rejects_writes_to_nobody_until_a_person_resumes(
    world: World, drop: Drop, portfolio: None, counted: list[str]
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    tell(world, "account_review_update", {"decision": "REJECTED"})
    tell(world, "account_review_update", {"decision": "APPROVED"}, AT + 60)
    assert {scope: each.code for scope, each in world.ledger.breakers().items()} == {EVERY_NUMBER: 131031}
    assert world.sender.remind(reminder, world.now).code == "DEFERRED_BREAKER"
    assert counted.count("BreakersOpened") == 1
    assert "REJECTED" in world.controls.stop(EVERY_NUMBER).title
    world.controls.close(EVERY_NUMBER, world.now + timedelta(minutes=5))
    assert world.ledger.breakers() == {}


# What people want.


def wish(value: str, at: int = AT, **told: Any) -> dict[str, Any]:
    about = {"detail": "…", "category": "marketing_messages", "value": value, "timestamp": at}
    return {"user_preferences": [{"wa_id": "5215555550101", "user_id": "MX.1"} | about | told]}


def test_who_switches_our_messages_off_gets_no_reminder_and_no_switch_brings_them_back(
    world: World, drop: Drop, portfolio: None
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    for told in (wish("stop"), wish("stop"), wish("resume", AT + 60)):
        tell(world, "user_preferences", told)
    assert world.item("PROFILE")["opted_out_at"] == "2026-11-24T17:00:00+00:00"
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"
    assert [item["type"] for item in world.items("journal") if item["event"] == "opt_out"] == ["user_preferences"]


def test_a_stop_of_somebody_who_is_imported_later_is_known_then(world: World, drop: Drop, portfolio: None) -> None:
    tell(world, "user_preferences", wish("stop"))
    drop("debts/tienda/a.csv", debts({}))
    assert book(world).borrower.opted_out_at


def test_a_stop_whose_moment_cannot_be_read_is_of_when_it_was_told(
    world: World, drop: Drop, portfolio: None
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    tell(world, "user_preferences", wish("stop", timestamp="soon"))
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"


@pytest.mark.parametrize("broken", [{"value": "signup"}, {"wa_id": "", "user_id": ""}])
def test_a_wish_that_cannot_be_read_stops_nobody(
    world: World, drop: Drop, portfolio: None, broken: dict[str, Any]
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    tell(
        world,
        "user_preferences",
        wish("stop") | {"user_preferences": [wish("stop")["user_preferences"][0] | broken]},
    )
    assert book(world).borrower.opted_out_at is None


@pytest.mark.parametrize(
    "field", ["account_update", "business_capability_update", "phone_number_quality_update", "user_preferences"]
)
@pytest.mark.parametrize("value", [None, [], "x", {}, {"event": 7, "user_preferences": [7, {}], "ban_info": []}])
def test_news_in_another_shape_are_kept_and_do_nothing(
    world: World, portfolio: None, field: str, value: Any
) -> None:
    before = [item for item in world.items() if not item["pk"].startswith("NEWS#")]
    tell(world, field, value)
    assert [item for item in world.items() if not item["pk"].startswith("NEWS#")] == before
    assert [item["pk"] for item in world.items() if item["pk"].startswith("NEWS#")] == [f"NEWS#{field}"]

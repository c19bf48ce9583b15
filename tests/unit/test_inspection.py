"""What Meta says of a token and of a number, as it is read, and as the simulator tells it."""

import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import responses
from responses.matchers import header_matcher, query_param_matcher

from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.inspection import MANAGING, SENDING, Inspector, NumberFacts, TokenFacts
from local.simulator import inspection
from local.simulator.errors import NotAccepted
from tests.unit.simulator_calls import NUMBER_ID, TOKEN, new_state

BASE = "https://graph.facebook.com/v25.0"
FIELDS = "quality_rating,status,whatsapp_business_manager_messaging_limit,webhook_configuration"


def inspector() -> Inspector:
    return Inspector(BASE, "a-token", requests.Session())


@responses.activate
def test_a_token_is_asked_about_by_itself() -> None:
    told = {"is_valid": True, "scopes": [SENDING, MANAGING], "expires_at": 1_795_370_400}
    asks = [header_matcher({"Authorization": "Bearer a-token"}), query_param_matcher({"input_token": "a-token"})]
    responses.get(f"{BASE}/debug_token", json={"data": told}, match=asks)
    ends = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    assert inspector().token_facts() == TokenFacts(True, frozenset({SENDING, MANAGING}), ends)


@responses.activate
def test_a_token_names_its_app_and_the_accounts_it_manages() -> None:
    granular = [{"scope": SENDING, "target_ids": ["9"]}, {"scope": MANAGING, "target_ids": ["1", "2"]}]
    told = {"is_valid": True, "app_id": "100", "granular_scopes": [*granular, {"scope": MANAGING}, None]}
    responses.get(f"{BASE}/debug_token", json={"data": told})
    assert inspector().token_facts() == TokenFacts(True, frozenset(), None, "100", frozenset({"1", "2"}))


@responses.activate
def test_a_token_that_does_not_end_has_no_end() -> None:
    responses.get(f"{BASE}/debug_token", json={"data": {"is_valid": True, "expires_at": 0}})
    assert inspector().token_facts() == TokenFacts(True, frozenset(), None)


@responses.activate
@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (200, {"data": {"is_valid": True}}, True),
        (400, {"error": {"code": 100, "message": "Invalid appsecret_proof provided in the API argument"}}, False),
        (
            500,
            {"error": {"code": 2, "message": "Service unavailable"}},
            ProviderError(2, "Service unavailable", ""),
        ),
    ],
)
def test_an_app_secret_is_proved_and_never_told(status: int, answer: dict[str, Any], told: object) -> None:
    proof = hmac.new(b"secret", b"a-token", "sha256").hexdigest()
    asks = query_param_matcher({"input_token": "a-token", "appsecret_proof": proof})
    responses.get(f"{BASE}/debug_token", status=status, json=answer, match=[asks])
    assert inspector().is_apps("secret") == told


@responses.activate
def test_a_number_tells_its_state_quality_and_limit() -> None:
    told = {
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
    }
    responses.get(f"{BASE}/123", json=told, match=[query_param_matcher({"fields": FIELDS})])
    assert inspector().number_facts("123") == NumberFacts("CONNECTED", "GREEN", "TIER_2K")


@responses.activate
def test_the_narrowest_address_of_a_number_is_where_meta_posts() -> None:
    of_app = {"application": "https://app.example.com"}
    of_account = of_app | {"whatsapp_business_account": "https://account.example.com"}
    of_number = of_account | {"phone_number": "https://number.example.com"}
    for told in (of_app, of_account, of_number):
        responses.get(f"{BASE}/123", json={"webhook_configuration": told})
    facts = [inspector().number_facts("123") for _ in range(3)]
    assert [each.posts_to for each in facts if isinstance(each, NumberFacts)] == [
        "https://app.example.com",
        "https://account.example.com",
        "https://number.example.com",
    ]


@responses.activate
@pytest.mark.parametrize(
    ("answer", "apps"),
    [
        ({"data": [{"whatsapp_business_api_data": {"id": "100", "name": "Cobranza"}}]}, {"100"}),
        ({"data": []}, set[str]()),
        ({"data": [None, {"whatsapp_business_api_data": []}]}, set[str]()),
        ({}, set[str]()),
    ],
)
def test_an_account_tells_which_apps_hear_of_it(answer: dict[str, Any], apps: set[str]) -> None:
    responses.get(f"{BASE}/1/subscribed_apps", json=answer)
    assert inspector().subscribed_apps("1") == apps


@responses.activate
def test_who_may_not_see_an_account_is_told_metas_error() -> None:
    responses.get(f"{BASE}/1/subscribed_apps", status=403, json={"error": {"code": 200, "message": "No"}})
    assert inspector().subscribed_apps("1") == ProviderError(200, "No", "")


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {"is_valid": "yes", "scopes": "all"}},
        {"webhook_configuration": []},
    ],
)
def test_what_meta_does_not_say_is_not_believed(answer: dict[str, Any]) -> None:
    responses.get(f"{BASE}/debug_token", json=answer)
    responses.get(f"{BASE}/123", json=answer)
    assert inspector().token_facts() == TokenFacts(False, frozenset(), None)
    assert inspector().number_facts("123") == NumberFacts("", "UNKNOWN", "")


@responses.activate
def test_an_error_of_metas_is_told_as_one() -> None:
    error = {"error": {"code": 190, "message": "Access token has expired"}}
    responses.get(f"{BASE}/debug_token", status=401, json=error)
    assert inspector().token_facts() == ProviderError(190, "Access token has expired", "")


def test_the_simulator_tells_of_its_token_and_of_another() -> None:
    state = new_state()
    good, other = inspection.token("a-token", TOKEN, state), inspection.token("another", TOKEN, state)
    assert (good["data"]["is_valid"], set(good["data"]["scopes"])) == (True, {SENDING, MANAGING})
    assert (other["data"]["is_valid"], other["data"]["scopes"]) == (False, [])
    with pytest.raises(NotAccepted):
        inspection.token("a-token", "Bearer another", state)


def test_the_simulator_takes_no_proof_of_another_secret() -> None:
    state = new_state(app_secret="secret")
    proofs = {key: hmac.new(key.encode(), b"a-token", "sha256").hexdigest() for key in ("secret", "another")}
    assert inspection.token("a-token", TOKEN, state, proofs["secret"])["data"]["is_valid"]
    with pytest.raises(NotAccepted):
        inspection.token("a-token", TOKEN, state, proofs["another"])


@pytest.mark.parametrize(
    ("limit", "told"), [(None, "TIER_UNLIMITED"), (-1, "TIER_UNLIMITED"), (250, "TIER_250"), (2000, "TIER_2K")]
)
def test_the_simulator_tells_of_a_number(limit: int | None, told: str) -> None:
    state = new_state(messaging_limit=limit, qualities={NUMBER_ID: "RED"})
    facts = inspection.number(NUMBER_ID, TOKEN, state)
    assert (facts["status"], facts["quality_rating"]) == ("CONNECTED", "RED")
    assert facts["whatsapp_business_manager_messaging_limit"] == told
    state.account = state.account.changed({"numbers": {NUMBER_ID: 131031}}, {NUMBER_ID: ""})
    assert inspection.number(NUMBER_ID, TOKEN, state)["status"] == "RESTRICTED"
    with pytest.raises(NotAccepted):
        inspection.number("999", TOKEN, state)

"""The API of cases in the emulator, with IAM enforced: its gateway checks each token by the issuer's keys."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from local import drive, samples
from local.simulator import issuer
from local.stack import Stack
from tests.e2e.steps import csv, drop, messages, move_clock, say

PHONES = {"K1": "+525555550951", "K2": "+525555550952"}
ANA = {"sub": "ana|1", "portfolios": ["uno"]}
BETO = {"sub": "beto|2", "portfolios": ["dos"]}
NOBODY = 404, "NOT_FOUND"
# What the gateway itself says: no function has run.
UNAUTHORIZED = 401, {"message": "Unauthorized"}

type Answer = tuple[int, dict[str, Any]]


def token(stack: Stack, **claims: Any) -> str:
    answer = requests.post(f"{stack.simulator_url}{issuer.PATH}/token", json=claims, timeout=10)
    answer.raise_for_status()
    return answer.text


def call(url: str, credential: str, order: dict[str, Any] | None = None, **query: str) -> Answer:
    """A question, or an order."""
    headers = {"Authorization": f"Bearer {credential}"}
    method = "GET" if order is None else "POST"
    answer = requests.request(method, url, headers=headers, params=query, json=order, timeout=60)
    return answer.status_code, answer.json()


def code(answer: Answer) -> tuple[int, str]:
    return answer[0], answer[1]["code"]


@pytest.fixture
def ana(stack: Stack) -> str:
    return token(stack, **ANA)


@pytest.fixture
def beto(stack: Stack) -> str:
    return token(stack, **BETO)


@pytest.fixture(autouse=True)
def borrowers(stack: Stack, today: datetime) -> None:
    """K1 owes in one portfolio, K2 in another."""
    drive.drop_and_wait(stack, "portfolios/dos/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    drop(stack, today, {"K1": PHONES["K1"]})
    drive.drop_and_wait(stack, "debts/dos/cartera.csv", csv(today, {"K2": PHONES["K2"]}).encode())


@pytest.fixture
def until(today: datetime) -> dict[str, str]:
    """Until when a case is taken."""
    return {"until": (today + timedelta(hours=2)).isoformat()}


def dispute(stack: Stack, borrower: str) -> None:
    say(stack, PHONES[borrower], text="no reconozco esa deuda")
    drive.settle(stack)


def waiting(stack: Stack, credential: str, portfolio: str) -> list[dict[str, Any]]:
    status, told = call(stack.cases_url, credential, portfolio=portfolio)
    assert status == 200
    return told["cases"]


# Who is let in.


def test_who_has_no_good_token_is_let_in_nowhere(stack: Stack, ana: str) -> None:
    head, body, signature = ana.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = _part(claims | {"portfolios": "*"})
    tokens = {
        "none": "",
        "junk": "junk",
        "forged claims": f"{head}.{forged}.{signature}",
        "no algorithm": f"{_part({'alg': 'none', 'kid': 'local'})}.{forged}.",
        "another's key": f"{_part({'alg': 'RS256', 'kid': 'another'})}.{body}.{signature}",
        "expired": token(stack, **ANA, exp=claims["iat"] - 1),
        "not good yet": token(stack, **ANA, nbf=claims["exp"]),
        "another audience": token(stack, **ANA, aud="another"),
        "another issuer": token(stack, **ANA, iss="https://login.example.com/"),
    }
    told = {name: call(stack.cases_url, each, portfolio="uno") for name, each in tokens.items()}
    assert {name: answer for name, answer in told.items() if answer != UNAUTHORIZED} == {}
    assert call(stack.cases_url, ana, portfolio="uno") == (200, {"cases": [], "next": None})


def _part(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("cases/{id}", None),
        ("cases/{id}/answer", {"text": "Hola"}),
        ("cases/{id}/take", {}),
        ("cases/{id}/hand-back", {}),
        ("cases/{id}/close", {"result": "resolved"}),
        ("receipts", None),
        ("receipts/{id}", {}),
    ],
)
def test_every_other_route_asks_for_a_token_too(stack: Stack, path: str, order: dict[str, Any] | None) -> None:
    url = f"{stack.cases_url.removesuffix('cases')}{path.format(id='0' * 26)}"
    assert call(url, "junk", order) == UNAUTHORIZED


def test_a_token_without_a_name_is_nobody(stack: Stack) -> None:
    assert code(call(stack.cases_url, token(stack, **ANA | {"sub": ""}), portfolio="uno")) == (401, "UNAUTHORIZED")


# Who sees what.


def test_each_sees_the_cases_of_their_own_portfolios_alone(
    stack: Stack, ana: str, beto: str, until: dict[str, str]
) -> None:
    dispute(stack, "K1")
    dispute(stack, "K2")
    (hers,), (his,) = waiting(stack, ana, "uno"), waiting(stack, beto, "dos")
    assert (hers["borrower_ids"], his["borrower_ids"]) == (["K1"], ["K2"])
    assert code(call(stack.cases_url, ana, portfolio="dos")) == NOBODY
    for path, order in (("", None), ("/take", until), ("/close", {"result": "resolved"})):
        assert code(call(f"{stack.cases_url}/{his['id']}{path}", ana, order)) == NOBODY
    assert waiting(stack, beto, "dos") == [his]

    both = token(stack, sub="carla|3", portfolios=["uno", "dos"])
    everything = token(stack, sub="root|4", portfolios="*")
    for credential in (both, everything):
        assert [each["id"] for name in ("uno", "dos") for each in waiting(stack, credential, name)] == [
            hers["id"],
            his["id"],
        ]


# A case from its beginning to its end.


def test_a_case_is_read_taken_answered_handed_back_and_closed(
    stack: Stack, ana: str, until: dict[str, str]
) -> None:
    dispute(stack, "K1")
    (case,) = waiting(stack, ana, "uno")
    assert (case["topic"], case["state"], case["debts"]) == ("DISPUTE", "OPEN", ["first"])
    url = f"{stack.cases_url}/{case['id']}"

    status, shown = call(url, ana)
    assert (status, shown["messages"][0]["text"]) == (200, "no reconozco esa deuda")

    status, taken = call(f"{url}/take", ana, until)
    assert (status, taken["state"], taken["taken_by"]) == (200, "TAKEN", "ana|1")
    colleague = token(stack, **ANA | {"sub": "dora|5"})
    assert code(call(f"{url}/take", colleague, until)) == (409, "TAKEN")

    words = {"text": "Buenos días, lo revisamos hoy."}
    assert [call(f"{url}/answer", ana, words)[0] for _ in range(2)] == [200, 200]
    drive.settle(stack)
    said = [each["text"] for each in messages(stack, PHONES["K1"]) if each["direction"] == "out"]
    assert said.count(words["text"]) == 1

    status, back = call(f"{url}/hand-back", ana, {})
    assert (status, back["state"], back["taken_by"]) == (200, "OPEN", None)

    status, closed = call(f"{url}/close", ana, {"result": "resolved"})
    assert (status, closed["state"], closed["result"]) == (200, "CLOSED", "resolved")
    assert code(call(f"{url}/close", ana, {"result": "stands"})) == (409, "ALREADY_CLOSED")
    assert waiting(stack, ana, "uno") == []
    lines = [item for item in drive.items(stack, "journal") if item["event"].startswith("case.")]
    assert {(line["event"], line.get("by", "")) for line in lines} == {
        ("case.opened", ""),
        ("case.taken", "ana|1"),
        ("case.answered", "ana|1"),
        ("case.handed_back", "ana|1"),
        ("case.closed", "ana|1"),
    }


def test_who_wrote_long_ago_gets_no_answer(stack: Stack, today: datetime, ana: str) -> None:
    dispute(stack, "K1")
    (case,) = waiting(stack, ana, "uno")
    before = messages(stack, PHONES["K1"])
    move_clock(stack, today + timedelta(hours=25))
    answer = call(f"{stack.cases_url}/{case['id']}/answer", ana, {"text": "Hola"})
    assert code(answer) == (409, "OUTSIDE_WINDOW")
    assert messages(stack, PHONES["K1"]) == before


# Receipts.


def test_a_receipt_is_listed_and_decided_by_its_own_people(stack: Stack, ana: str, beto: str) -> None:
    say(stack, PHONES["K1"], image=True)
    drive.settle(stack)
    status, told = call(stack.receipts_url, ana, portfolio="uno")
    (receipt,) = told["receipts"]
    assert (status, receipt["borrower_id"], receipt["decision"]) == (200, "K1", None)
    assert code(call(stack.receipts_url, beto, portfolio="uno")) == NOBODY

    url = f"{stack.receipts_url}/{receipt['id']}"
    accepted = {"borrower_id": "K1", "decision": "accepted", "amount": "10.00", "currency": "MXN"}
    assert code(call(url, beto, accepted)) == NOBODY
    for _ in range(2):
        status, decided = call(url, ana, accepted)
        assert (status, decided["decision"]) == (200, "accepted")
    assert call(stack.receipts_url, ana, portfolio="uno") == (200, {"receipts": [], "next": None})
    kept = [item for item in drive.items(stack, "journal") if item["event"] == "receipt.accepted"]
    assert [line["by"] for line in kept] == ["ana|1"]
    booked = [item for item in drive.items(stack, "journal") if item["event"] == "payment.applied"]
    assert len(booked) == 1

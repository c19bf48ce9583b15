"""A gateway's payment: proved, booked once ever whoever else tells it, confirmed, and nothing of it lost."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.signature import sign
from cobranza.policy.portfolio import parse_portfolio
from tests.integration.fakes import DyingClient, FakeContext, Killed
from tests.integration.rows import apply, codes, interrupt, owed, results, rooms_of
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

type Drop = Callable[..., dict[str, Any]]
type Answer = tuple[int, dict[str, Any]]

PAID = {
    "id": "tx-1",
    "portfolio": "tienda",
    "borrower_id": "C1",
    "amount": "1000.00",
    "currency": "MXN",
    "paid_at": "2026-11-24T09:00:00-06:00",
}
SECRETS: dict[str, Any] = {"first": "s" * 64}
APPLIED: Answer = (200, {"status": "applied"})

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def book(world: World, drop: Drop) -> None:
    """C1 owes 1234.50 since today."""
    text = PORTFOLIO_YAML.replace("confirms_payments: false", "confirms_payments: true")
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    drop("debts/tienda/a.csv", debts({}), metadata={"as-of": "2026-11-23T18:00:00-06:00"})


def deps(world: World, secrets: dict[str, Any]) -> Any:
    return function("payments").Deps(PaymentDesk(rooms_of(world)), lambda: secrets, lambda: secrets, world.clock)


def event(world: World, body: bytes, secret: str = "s" * 64, **headers: str) -> dict[str, Any]:
    """A request as the HTTP API hands it over, signed now."""
    at = str(int(world.now.timestamp()))
    told = {"X-Cobranza-Timestamp": at, "X-Cobranza-Signature": sign(body, at, secret)} | headers
    return {"headers": {name.lower(): value for name, value in told.items()}, "body": body.decode()}


def ask(world: World, request: dict[str, Any], secrets: dict[str, Any] | None = None) -> Answer:
    answer = function("payments").handler(request, FakeContext(), deps=deps(world, secrets or SECRETS))
    return answer["statusCode"], json.loads(answer["body"])


def tell(world: World, **changes: str) -> Answer:
    """Without what is changed to nothing."""
    told = {name: value for name, value in (PAID | changes).items() if value}
    return ask(world, event(world, json.dumps(told).encode()))


def row(**changes: str) -> dict[str, str]:
    """The same payment in a file."""
    told = {name: value for name, value in PAID.items() if name not in ("id", "portfolio")}
    return {"payment_id": "tx-1", **told, **changes}


def names(world: World) -> list[str]:
    return [message["template"]["name"] for message in world.whatsapp.sent]


# What it does.


def test_a_payment_is_booked_and_confirmed_and_a_queued_reminder_drops(world: World) -> None:
    (reminder,) = world.tick()
    assert tell(world, amount="1234.50") == APPLIED
    assert owed(world) == {"F-1": "0.00"}
    assert world.sender.remind(reminder, world.now).code == ""  # another look is wanted, at once
    assert codes(world) == ["SKIPPED_PAID"]
    assert names(world) == ["pago_recibido"]


@pytest.mark.parametrize("payer", [{"debt_id": "F-1"}, {"reference": "F-1"}])
def test_who_paid_is_found_by_the_debt(world: World, payer: dict[str, str]) -> None:
    assert tell(world, borrower_id="", **payer) == APPLIED
    assert owed(world) == {"F-1": "234.50"}


def test_a_body_in_base64_is_the_same_body(world: World) -> None:
    request = event(world, json.dumps(PAID).encode())
    request |= {"body": base64.b64encode(request["body"].encode()).decode(), "isBase64Encoded": True}
    assert ask(world, request) == APPLIED


# Once.


def test_the_same_request_again_and_again_books_one_payment_and_confirms_it_once(world: World) -> None:
    request = event(world, json.dumps(PAID).encode())
    assert [ask(world, request) for _ in range(3)] == [APPLIED] * 3
    assert owed(world) == {"F-1": "234.50"}
    for _ in range(3):
        codes(world)
        ask(world, event(world, json.dumps(PAID).encode()))
        world.later(days=1)
    assert names(world).count("pago_recibido") == 1


def test_the_first_amount_of_a_number_counts(world: World) -> None:
    tell(world)
    tell(world, amount="5.00")
    assert owed(world) == {"F-1": "234.50"}


def test_the_file_and_the_gateway_tell_one_payment_in_any_order(world: World) -> None:
    before = world.kept()
    assert apply(world, "payments", row()).changes == {"created": 1}
    assert tell(world) == (200, {"status": "known"})
    assert owed(world) == {"F-1": "234.50"}
    world.restore(before)
    assert tell(world) == APPLIED
    assert apply(world, "payments", row()).changes == {"unchanged": 1}
    assert owed(world) == {"F-1": "234.50"}


def test_the_number_of_another_payment_is_refused(world: World, drop: Drop) -> None:
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "phone": "+525555550102"}))
    tell(world)
    status, told = tell(world, borrower_id="C2")
    assert (status, [each["field"] for each in told["errors"]]) == (422, ["id"])
    assert owed(world, "C2") == {"F-1": "1234.50"}


def test_a_number_is_of_its_portfolio_and_of_no_receipt(world: World) -> None:
    tell(world)
    assert tell(world, id="RECEIPT-X", amount="34.50") == APPLIED
    assert owed(world) == {"F-1": "200.00"}


def test_a_file_at_work_on_the_same_borrower_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, lambda: apply(world, "payments", row(payment_id="P-9", amount="34.50")))
    assert tell(world) == APPLIED
    assert owed(world) == {"F-1": "200.00"}


# Whose it is.


def test_what_is_tampered_with_books_nothing(world: World) -> None:
    request = event(world, json.dumps(PAID).encode())
    assert ask(world, request | {"body": request["body"].replace("1000.00", "1234.50")})[0] == 401
    for name in ("x-cobranza-signature", "x-cobranza-timestamp"):
        headers = {each: value for each, value in request["headers"].items() if each != name}
        assert ask(world, request | {"headers": headers}) == (401, {"error": "forged signature"})
    assert owed(world) == {"F-1": "1234.50"}


def test_what_was_overheard_is_good_for_five_minutes(world: World) -> None:
    request = event(world, json.dumps(PAID).encode())
    world.now += timedelta(minutes=5)
    assert ask(world, request) == APPLIED
    world.now += timedelta(seconds=1)
    assert ask(world, request) == (401, {"error": "stale signature"})


def test_the_old_secret_is_good_beside_the_new_one(world: World) -> None:
    request = event(world, json.dumps(PAID).encode())
    assert ask(world, request, {"second": "t" * 64, "first": "s" * 64}) == APPLIED
    assert ask(world, request, {"second": "t" * 64})[0] == 401


@pytest.mark.parametrize("secrets", [{"none": ""}, {"list": ["s" * 64]}, {"number": 7}])
def test_a_secret_that_is_no_text_opens_nothing(world: World, secrets: dict[str, Any]) -> None:
    for secret in ("s" * 64, "", "s", "7"):
        assert ask(world, event(world, json.dumps(PAID).encode(), secret), secrets)[0] == 401


def test_64_kilobytes_are_read_and_no_more(world: World) -> None:
    body = json.dumps(PAID).encode()
    full = body + b" " * (64 * 1024 - len(body))
    assert ask(world, event(world, full)) == APPLIED
    assert ask(world, event(world, full + b" ")) == (413, {"error": "too large"})


def test_what_is_wrong_is_told_and_nothing_is_booked(world: World) -> None:
    status, told = tell(world, amount="1,000", paid_at="yesterday")
    assert status == 422
    assert [each["field"] for each in told["errors"]] == ["paid_at"]
    assert tell(world, portfolio="otra")[0] == 422
    assert ask(world, event(world, b"{"))[0] == 422
    assert owed(world) == {"F-1": "1234.50"}


# Nobody's.


@pytest.mark.parametrize(
    ("payer", "reason"),
    [
        ({"borrower_id": "C9"}, "NO_SUCH_BORROWER"),
        ({"borrower_id": "", "debt_id": "F-9"}, "NO_SUCH_DEBT"),
        ({"borrower_id": "", "reference": "F-9"}, "NO_SUCH_REFERENCE"),
        ({"currency": "USD"}, "OTHER_CURRENCY"),
    ],
)
def test_money_of_nobody_is_taken_and_listed_that_day(world: World, payer: dict[str, str], reason: str) -> None:
    for _ in range(2):
        assert tell(world, **payer) == (202, {"status": "unmatched", "reason": reason})
    assert owed(world) == {"F-1": "1234.50"}
    world.now = world.now.replace(hour=7) + timedelta(days=1)
    assert [*world.reports.close_days(world.now)]
    (listed,) = results(world, "unmatched/dt=2026-11-24/unmatched.csv")
    expected = {
        "payment_id": "tx-1",
        "borrower_id": "C1",
        "debt_id": "",
        "reference": "",
        "currency": "MXN",
    } | payer
    assert {name: listed[name] for name in expected} == expected
    assert (listed["code"], listed["amount"], listed["paid_at"]) == (reason, "1000.00", PAID["paid_at"])


def test_the_list_filled_in_and_dropped_books_it_once(world: World, drop: Drop) -> None:
    tell(world, borrower_id="C9")
    world.now = world.now.replace(hour=7) + timedelta(days=1)
    assert [*world.reports.close_days(world.now)]
    (listed,) = results(world, "unmatched/dt=2026-11-24/unmatched.csv")
    mended = listed | {"borrower_id": "C1"}
    summary = drop("payments/tienda/mended.csv", f"{','.join(mended)}\n{','.join(mended.values())}\n")
    assert (summary["created"], summary["refused"]) == (1, 0)
    assert tell(world) == (200, {"status": "known"})
    assert owed(world) == {"F-1": "234.50"}


def test_what_was_booked_in_the_meantime_is_not_listed(world: World) -> None:
    tell(world, borrower_id="C9")
    assert tell(world) == APPLIED
    world.now = world.now.replace(hour=7) + timedelta(days=1)
    assert [*world.reports.close_days(world.now)]
    assert results(world, "unmatched/dt=2026-11-24/unmatched.csv") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "USD"},
        {"debt_id": "F-9"},
        {"paid_at": "yesterday"},
        {"amount": "1,000"},
        {"portfolio": "otra"},
    ],
)
def test_money_that_cannot_be_booked_keeps_whom_it_names_silent(world: World, changes: dict[str, str]) -> None:
    assert tell(world, **changes)[0] in (202, 422)
    assert codes(world) == ["SKIPPED_OPEN_CASE"]


def test_money_of_one_of_several_keeps_all_of_them_silent(world: World, drop: Drop) -> None:
    row = {"borrower_id": "C2", "phone": "+525555550102"}
    drop("debts/tienda/b.csv", debts(row), metadata={"as-of": "2026-11-24T08:00:00-06:00"})
    assert tell(world, borrower_id="", debt_id="F-1")[0] == 202
    assert codes(world) == ["SKIPPED_OPEN_CASE"] * 2


def test_money_of_who_is_no_borrower_yet_keeps_them_silent_when_they_come(world: World, drop: Drop) -> None:
    assert tell(world, borrower_id="C2")[0] == 202
    drop("debts/tienda/b.csv", debts({"borrower_id": "C2", "phone": "+525555550102"}))
    assert sorted(codes(world)) == ["SENT", "SKIPPED_OPEN_CASE"]


def test_money_of_a_debt_that_nobody_owes_yet_keeps_it_silent_when_it_comes(world: World, drop: Drop) -> None:
    assert tell(world, borrower_id="", reference="F-2")[0] == 202
    row = {"borrower_id": "C2", "phone": "+525555550102", "debt_id": "F-2"}
    drop("debts/tienda/b.csv", debts(row), metadata={"as-of": "2026-11-24T08:00:00-06:00"})
    assert sorted(codes(world)) == ["SENT", "SKIPPED_OPEN_CASE"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"borrower_id": 1}', b'{"borrower_id": " "}'])
def test_what_names_nobody_keeps_nobody_silent(world: World, body: bytes) -> None:
    before = world.kept()
    assert ask(world, event(world, body))[0] == 422
    assert world.kept() == before


# Deaths.


@pytest.mark.parametrize("changes", [{}, {"borrower_id": "C9"}], ids=["matched", "unmatched"])
def test_a_worker_that_dies_at_any_write_is_healed_by_the_gateways_next_try(
    world: World, changes: dict[str, str]
) -> None:
    before = world.kept()
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    answer = tell(replace(world, dynamodb=counting), **changes)
    undisturbed = world.kept()
    assert counting.writes > 1
    for at in range(counting.writes):
        for done in (False, True):
            world.restore(before)
            with pytest.raises(Killed):
                tell(replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done)), **changes)
            assert tell(world, **changes) == answer
            assert world.kept() == undisturbed, f"write {at}, done {done}"


def test_what_cannot_be_stored_is_the_gateways_to_send_again(world: World) -> None:
    broken = DyingClient(world.dynamodb, 0, done=False, error=RuntimeError)
    with pytest.raises(RuntimeError):
        tell(replace(world, dynamodb=broken))
    assert tell(world) == APPLIED


def test_keys_and_the_journal_tell_nothing_of_people(world: World) -> None:
    tell(world, borrower_id="LUCIA")
    assert "LUCIA" not in str(world.items("journal"))
    assert "LUCIA" not in " ".join(item["pk"] + item["sk"] for item in world.items())

"""Who gets in at the doors of the HTTP API: app secrets that change, forged floods, and why who was refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cobranza import telemetry
from cobranza.flows.take_payment import PaymentDesk
from cobranza.gateway.signature import sign as sign_payment
from cobranza.http_api import request_of
from cobranza.signature import sign
from cobranza.store.secrets import Secret
from tests.integration.deliveries import call, delivery, post, text
from tests.integration.fakes import FakeContext
from tests.integration.world import World, function
from tests.unit.test_secrets import FakeMonotonic, FakeSecretsManager

pytestmark = pytest.mark.in_memory

BODY = delivery(messages=[text("hola")])


@dataclass
class Door:
    """The webhook with a secret in a store that can be changed."""

    world: World
    store: FakeSecretsManager
    clock: FakeMonotonic = field(default_factory=FakeMonotonic)

    def __post_init__(self) -> None:
        self.secret = Secret(self.store, "webhook", monotonic=self.clock)

    def change(self, *app_secrets: str) -> None:
        self.store.value = json.dumps({"app_secrets": app_secrets})

    def knock(self, secret: str, body: bytes = BODY) -> int:
        webhook = function("webhook")
        deps = webhook.Deps(self.world.recorder, self.secret, self.secret.renewed, self.world.clock)
        answer: dict[str, Any] = webhook.handler(post(body, sign(body, secret)), FakeContext(), deps=deps)
        return answer["statusCode"]


@pytest.fixture
def door(world: World) -> Door:
    made = Door(world, FakeSecretsManager(""))
    made.change("old")
    assert made.knock("old") == 200
    return made


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(telemetry, "count", lambda name, value=1: names.append(name))
    return names


def test_a_secret_that_was_changed_is_good_at_once(door: Door) -> None:
    door.change("new", "old")
    assert [door.knock(secret) for secret in ("new", "old", "forged")] == [200, 200, 403]
    door.change("new")
    door.clock.seconds += 60
    assert door.knock("forged") == 403
    assert door.knock("old") == 403


def test_a_flood_of_forged_bodies_reads_the_secret_once_a_minute(door: Door) -> None:
    for second in range(180):
        assert [door.knock("forged") for _ in range(3)] == [403] * 3
        assert len(door.store.asked) == 2 + second // 60
        door.clock.seconds += 1


def test_a_store_that_fails_is_asked_no_more_often_and_lets_nobody_in(door: Door) -> None:
    door.store.value = ""
    assert [door.knock("forged") for _ in range(5)] == [403] * 5
    assert len(door.store.asked) == 2
    assert door.knock("old") == 200


@pytest.mark.parametrize(
    ("body", "signature", "code", "reason"),
    [
        (BODY, None, 401, "WebhooksUnsigned"),
        (BODY, sign(BODY, "another"), 403, "WebhooksForged"),
        (b"", None, 401, "WebhooksUnsigned"),
        (b"", sign(b"", "new-secret"), 400, "WebhooksEmpty"),
        (b"", sign(b"", "another"), 400, "WebhooksEmpty"),
        (b" " * (3 * 1024 * 1024 + 1), sign(b"", "new-secret"), 413, "WebhooksTooLarge"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_each_refusal_has_a_count_of_its_own_and_stores_nothing(
    world: World, counted: list[str], body: bytes, signature: str | None, code: int, reason: str
) -> None:
    before = world.kept()
    assert call(world, post(body, signature))["statusCode"] == code
    assert counted == [reason]
    assert world.kept() == before


@pytest.mark.parametrize(
    ("body", "secret", "late", "code", "reason"),
    [
        (b"{}", "forged", 0, 401, "PaymentsForged"),
        (b"{}", "first", 301, 401, "PaymentsStale"),
        (b"[]", "first", 0, 422, "PaymentsUnreadable"),
        (b" " * 65_537, "first", 0, 413, "PaymentsTooLarge"),
    ],
    ids=str,
)
def test_a_gateway_learns_why_it_was_refused_and_so_do_we(
    world: World, counted: list[str], body: bytes, secret: str, late: int, code: int, reason: str
) -> None:
    told = {"name": "first"}
    assert _pay(world, body, secret, lambda: told, lambda: told, late)["statusCode"] == code
    assert counted == [reason]
    assert world.items("journal") == []


def test_a_gateways_secret_that_was_changed_is_good_at_once(world: World) -> None:
    """What is wrong with the body is told to who proved who they are."""
    known, renewed = {"name": "old"}, {"name": "new"}
    assert _pay(world, b"[]", "new", lambda: known, lambda: renewed)["statusCode"] == 422
    assert _pay(world, b"[]", "new", lambda: known, lambda: known)["statusCode"] == 401


def _pay(
    world: World,
    body: bytes,
    secret: str,
    known: Callable[[], dict[str, Any]],
    renewed: Callable[[], dict[str, Any]],
    late: int = 0,
) -> dict[str, Any]:
    at = str(int(world.now.timestamp()) - late)
    headers = {"x-cobranza-timestamp": at, "x-cobranza-signature": sign_payment(body, at, secret)}
    payments, nowhere = function("payments"), cast(Any, None)
    deps = payments.Deps(PaymentDesk(nowhere), known, renewed, world.clock)
    return payments.handler({"headers": headers, "body": body.decode()}, FakeContext(), deps=deps)


@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "base64"])
def test_a_request_is_the_bytes_that_were_sent_and_headers_in_small_letters(encoded: bool) -> None:
    request = request_of(post('{"¿": 1}'.encode(), "sha256=0", encoded=encoded))
    assert request.body == '{"¿": 1}'.encode()
    assert request.headers["x-hub-signature-256"] == "sha256=0"

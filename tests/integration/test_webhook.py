"""The webhook as Meta and strangers call it: what is refused leaves nothing, what is told is kept once."""

import contextlib
import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cobranza import telemetry
from cobranza.signature import sign
from cobranza.store.keys import reference
from cobranza.store.table import ConditionFailed
from tests.integration.deliveries import (
    AT,
    PHONE,
    SECRETS,
    Drop,
    Element,
    call,
    delivery,
    failed,
    left,
    message,
    post,
    status,
    tell,
    text,
)
from tests.integration.fakes import DyingClient
from tests.integration.rows import book
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory


def chats(world: World) -> list[dict[str, Any]]:
    return [item for item in world.items() if item["pk"].startswith("CHAT#")]


@pytest.fixture
def borrower(world: World, drop: Drop, portfolio: None) -> str:
    world.begin("imported", lambda: drop("debts/tienda/a.csv", debts({})))
    return world.ref()


@pytest.fixture
def sent(world: World, drop: Drop, portfolio: None) -> Element:
    return left(world, drop)


# The handshake.


@pytest.mark.parametrize(
    ("query", "token", "code"),
    [
        ({"hub.mode": "subscribe", "hub.verify_token": "a-token"}, "a-token", 200),
        ({"hub.mode": "subscribe", "hub.verify_token": "another"}, "a-token", 403),
        ({"hub.mode": "subscribe", "hub.verify_token": "tóken"}, "a-token", 403),
        ({"hub.mode": "unsubscribe", "hub.verify_token": "a-token"}, "a-token", 403),
        ({"hub.mode": "subscribe", "hub.verify_token": ""}, "", 403),
        ({"hub.mode": "subscribe", "hub.verify_token": ""}, None, 403),
        ({"hub.mode": "subscribe"}, "a-token", 403),
        (None, "a-token", 403),
    ],
)
def test_the_handshake_is_answered_to_who_knows_the_token(
    world: World, query: dict[str, str] | None, token: str | None, code: int
) -> None:
    event: dict[str, Any] = {"requestContext": {"http": {"method": "GET"}}, "headers": {}}
    if query is not None:
        event["queryStringParameters"] = query | {"hub.challenge": "1158201444"}
    secrets = {"verify_token": token} if token is not None else {}
    answer = call(world, event, secrets)
    assert answer["statusCode"] == code
    assert answer["body"] == ("1158201444" if code == 200 else "")


# Who is let in.

BODY = delivery(messages=[text("BAJA")])


@pytest.mark.parametrize(
    ("body", "signature", "secrets", "code"),
    [
        (BODY, None, SECRETS, 401),
        (BODY, "", SECRETS, 401),
        (BODY, sign(BODY, "another-secret"), SECRETS, 403),
        (BODY, sign(BODY, ""), {"app_secrets": [""]}, 403),
        (BODY, sign(BODY, ""), {"app_secrets": []}, 403),
        (BODY, sign(BODY, ""), {}, 403),
        (BODY, sign(BODY, "n"), {"app_secrets": "new-secret"}, 403),
        (BODY, sign(BODY, "new-secret").removeprefix("sha256="), SECRETS, 403),
        (BODY, sign(BODY, "new-secret").upper(), SECRETS, 403),
        (BODY.replace(b"BAJA", b"BAJE"), sign(BODY, "new-secret"), SECRETS, 403),
        (BODY + b" ", sign(BODY, "new-secret"), SECRETS, 403),
        (b"{", sign(b"{", "another-secret"), SECRETS, 403),
        (b"", sign(b"", "new-secret"), SECRETS, 400),
        (b" " * (3 * 1024 * 1024 + 1), None, SECRETS, 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_refused_stores_nothing(
    world: World, borrower: str, body: bytes, signature: str | None, secrets: dict[str, Any], code: int
) -> None:
    before = world.kept()
    assert call(world, post(body, signature), secrets)["statusCode"] == code
    assert world.kept() == before


def test_a_body_of_three_megabytes_is_read(world: World) -> None:
    body = b"{}" + b" " * (3 * 1024 * 1024 - 2)
    assert call(world, post(body, sign(body, "new-secret")))["statusCode"] == 200


@pytest.mark.parametrize("secret", SECRETS["app_secrets"])
@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "base64"])
def test_both_secrets_and_both_encodings_are_good(world: World, borrower: str, secret: str, encoded: bool) -> None:
    body = delivery(messages=[text("¿cuánto debo? 😀")])
    assert call(world, post(body, sign(body, secret), encoded=encoded))["statusCode"] == 200
    assert [chat["text"] for chat in chats(world)] == ["¿cuánto debo? 😀"]


# Messages.


def media(mime_type: str) -> Element:
    return {"id": "media-1", "mime_type": mime_type, "sha256": "c2hh"}


@pytest.mark.parametrize(
    ("kind", "content", "words", "payload", "receipt"),
    [
        ("text", {"body": "Ya pagué"}, "Ya pagué", "", False),
        ("button", {"text": "Ya pagué", "payload": "PAID"}, "Ya pagué", "PAID", False),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "plan-3", "title": "Tres pagos"}},
            "Tres pagos",
            "plan-3",
            False,
        ),
        ("image", media("image/jpeg") | {"caption": "Comprobante"}, "Comprobante", "", True),
        ("document", media("application/pdf") | {"filename": "Lucía.pdf"}, "", "", True),
        ("document", media("application/zip"), "", "", False),
        ("audio", media("audio/ogg; codecs=opus"), "", "", False),
        ("video", media("video/mp4"), "", "", False),
        ("sticker", media("image/webp"), "", "", False),
        ("location", {"latitude": 19.4326, "longitude": -99.1332}, "", "", False),
        ("contacts", [{"name": {"formatted_name": "Otra Ejemplo"}}], "", "", False),
        ("reaction", {"message_id": "wamid.0", "emoji": "👍"}, "", "", False),
        ("holograma", {"pixels": [1.5, None]}, "", "", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_of_any_type_is_kept_once(
    world: World, borrower: str, kind: str, content: Any, words: str, payload: str, receipt: bool
) -> None:
    for _ in range(2):
        assert tell(world, messages=[message(kind, content)]) == 200
    (chat,) = chats(world)
    assert chat["pk"] == f"CHAT#{borrower}"
    assert (chat["type"], chat["text"], chat["payload"]) == (kind, words, payload)
    assert chat.get("receipt") == ("TO_FETCH" if receipt else None)
    if receipt:
        assert chat["media"] == {"id": "media-1", "mime_type": content["mime_type"], "sha256": "c2hh"}
    assert world.item("PROFILE")["last_inbound_at"] == "2026-11-24T17:00:00Z"


def test_an_unknown_number_is_kept_apart(world: World, borrower: str) -> None:
    before = [item for item in world.items() if item["pk"].startswith("B#")]
    assert tell(world, messages=[text("BAJA", sender="525555550199")]) == 200
    (chat,) = chats(world)
    assert chat["pk"] == f"CHAT#{world.references.ref('phone', '+525555550199')}"
    assert [item for item in world.items() if item["pk"].startswith("B#")] == before
    assert "opt_out" not in {item["event"] for item in world.items("journal")}


def test_a_sender_whose_number_meta_hides_is_kept_apart(world: World, borrower: str) -> None:
    hidden = text("hola") | {"from": "", "from_user_id": "MX.13491208655302741918"}
    assert tell(world, messages=[hidden]) == 200
    (chat,) = chats(world)
    assert chat["pk"] == f"CHAT#{world.references.ref('bsuid', 'MX.13491208655302741918')}"


@pytest.mark.parametrize(
    ("row", "sender"),
    [
        ({}, "5215555550101"),
        ({}, "525555550101"),
        ({"phone": "+573005550101", "country": "CO"}, "573005550101"),
        ({"phone": "+5511955550101", "country": "BR"}, "551155550101"),
    ],
)
def test_whatsapps_other_form_of_a_number_is_the_same_borrower(
    world: World, drop: Drop, row: dict[str, str], sender: str
) -> None:
    drop("debts/tienda/a.csv", debts(row))
    tell(world, messages=[text("BAJA", sender=sender)])
    assert [chat["pk"] for chat in chats(world)] == [f"CHAT#{world.ref()}"]
    assert "opted_out_at" in world.item("PROFILE")


def test_an_old_message_that_comes_again_does_not_turn_time_back(world: World, borrower: str) -> None:
    first, second = text("hola"), text("¿hola?", wamid="wamid.IN2", at=AT + 60)
    tell(world, messages=[first, second])
    tell(world, messages=[first])
    assert world.item("PROFILE")["last_inbound_at"] == "2026-11-24T17:01:00Z"


# Stops.


@pytest.mark.parametrize(
    "stop", [text("BAJA"), text("¡No me escriban más!"), message("button", {"text": "Dame de baja"})]
)
def test_a_stop_is_obeyed_at_once_and_told_once(world: World, borrower: str, stop: Element) -> None:
    (reminder,) = world.tick()
    for _ in range(2):
        assert tell(world, messages=[stop]) == 200
    assert world.item("PROFILE")["opted_out_at"] == "2026-11-24T17:00:00+00:00"
    stops = [item for item in world.items("journal") if item["event"] == "opt_out"]
    assert [item["pk"] for item in stops] == [f"B#{borrower}"]
    assert world.sender.remind(reminder, world.now).code == "SKIPPED_OPTED_OUT"
    assert world.whatsapp.sent == []


@pytest.mark.parametrize("order", [(0, 60), (60, 0)])
def test_the_last_moment_of_a_stop_counts(world: World, borrower: str, order: tuple[int, int]) -> None:
    """Only a word after it lifts it."""
    tell(world, messages=[text("BAJA", wamid=f"wamid.IN{after}", at=AT + after) for after in order])
    assert world.item("PROFILE")["opted_out_at"] == "2026-11-24T17:01:00+00:00"


def test_a_stop_holds_for_all_who_share_the_phone(world: World, drop: Drop, portfolio: None) -> None:
    drop("debts/tienda/a.csv", debts({}, {"borrower_id": "C2"}, {"borrower_id": "C3", "phone": "+525555550103"}))
    tell(world, messages=[text("BAJA")])
    stopped = {name: bool(book(world, name).borrower.opted_out_at) for name in ("C1", "C2", "C3")}
    assert stopped == {"C1": True, "C2": True, "C3": False}
    stops = [item["pk"] for item in world.items("journal") if item["event"] == "opt_out"]
    assert sorted(stops) == sorted(f"B#{world.ref(name)}" for name in ("C1", "C2"))


def test_a_borrower_who_is_only_half_imported_does_not_keep_another_from_stopping(
    world: World, borrower: str
) -> None:
    """An import writes who is behind a phone before it writes the borrower."""
    half = "2" * 26
    for other in (half, "A" * 26):
        world.table.put(reference(world.references.ref("phone", f"+{PHONE}"), other))
    body = delivery(messages=[text("BAJA")])
    with contextlib.suppress(ConditionFailed):
        call(world, post(body, sign(body, "new-secret")))
    assert "opted_out_at" in world.item("PROFILE")


def test_who_writes_about_stopping_has_not_stopped(world: World, borrower: str) -> None:
    tell(world, messages=[text("¿Si pago hoy dejan de escribirme?")])
    assert book(world).borrower.opted_out_at is None


# When storage fails.


class Refusing:
    """DynamoDB that never takes the item which its `at`-th write (from 0) is about."""

    def __init__(self, client: Any, at: int) -> None:
        self._client, self._at = client, at
        self._refused: tuple[str, ...] = ()
        self._writes = 0

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def write(**request: Any) -> Any:
            key = request.get("Key") or request["Item"]
            item = (request["TableName"], key["pk"]["S"], key["sk"]["S"])
            self._refused = self._refused or (item if self._writes == self._at else ())
            self._writes += 1
            if item == self._refused:
                raise RuntimeError("not today")
            return operation(**request)

        return write if name in ("put_item", "update_item") else operation


def test_an_event_that_cannot_be_stored_keeps_no_other_from_it_and_the_repeat_is_harmless(
    world: World, sent: Element
) -> None:
    before = world.kept()
    parts: dict[str, Sequence[Element]] = {
        "messages": [text("Ya pagué"), text("BAJA", wamid="wamid.IN2"), text("hola", sender="525555550199")],
        "statuses": [status(sent, "delivered")],
    }
    body = delivery(**parts)
    event = post(body, sign(body, "new-secret"))
    dying = DyingClient(world.dynamodb, 10_000, done=False)
    call(replace(world, dynamodb=dying), event)
    undisturbed = world.kept()
    for at in range(dying.writes):
        world.restore(before)
        with pytest.raises(RuntimeError):
            call(replace(world, dynamodb=Refusing(world.dynamodb, at)), event)
        stored = len(world.items()) + len(world.items("journal")) - sum(map(len, before.values()))
        assert stored >= 2, f"write {at}"
        assert call(world, event)["statusCode"] == 200
        assert world.kept() == undisturbed, f"write {at}"


def test_what_is_answered_200_is_stored_also_where_a_write_failed_once(world: World, borrower: str) -> None:
    before = world.kept()
    body = delivery(
        messages=[text("Ya pagué"), text("BAJA", wamid="wamid.IN2"), text("hola", sender="525555550199")]
    )
    event = post(body, sign(body, "new-secret"))
    counting = DyingClient(world.dynamodb, 10_000, done=False)
    assert call(replace(world, dynamodb=counting), event)["statusCode"] == 200
    undisturbed = world.kept()
    for at, done in itertools.product(range(counting.writes), (False, True)):
        world.restore(before)
        dying = DyingClient(world.dynamodb, at, done=done, error=RuntimeError)
        assert call(replace(world, dynamodb=dying), event)["statusCode"] == 200, f"write {at}"
        assert world.kept() == undisturbed, f"write {at}"


# Nobody is named.


def test_no_log_line_no_key_and_no_journal_item_names_anybody(
    world: World,
    sent: Element,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", lines)
    told = [
        text("BAJA por favor, soy Lucía"),
        text("BAJA", wamid="wamid.IN2"),
        text("hola", wamid="wamid.IN3", sender="525555550199"),
        message("image", media("image/jpeg"), wamid="wamid.IN4"),
        text("hola", wamid="wamid.IN5") | {"timestamp": "never"},
    ]
    caplog.set_level("INFO")
    tell(world, messages=told, statuses=[failed(sent), status({"id": "wamid.9"}, "read")])
    (body, broken) = delivery(messages=told), Refusing(world.dynamodb, 0)
    with pytest.raises(RuntimeError):
        call(replace(world, dynamodb=broken), post(body, sign(body, "new-secret")))
    logged = lines.getvalue() + caplog.text + "".join(capsys.readouterr())
    assert '"recorded"' in logged
    assert "MessagesFailed" in logged
    keys = json.dumps([[item["pk"], item["sk"]] for table in ("ledger", "journal") for item in world.items(table)])
    journal = json.dumps(world.items("journal"), default=str, ensure_ascii=False)
    for place, found in (("log", logged), ("keys", keys), ("journal", journal)):
        named = [word for word in ("wamid", "5550101", "5550199", "Luc", "BAJA", "C1") if word in found]
        assert named == [], place

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator.borrowers import Saying, parse_saying
from local.simulator.config import Config
from local.simulator.faults import parse_fault
from local.simulator.media import File, Quirks, make
from local.simulator.state import State
from local.simulator.webhooks import message_update
from local.simulator.world import Answer, Download, World

BORROWER = "+525555550101"
NUMBER_ID = "100000000000100"
TOKEN = "Bearer a-token"
NOON = 1_795_370_400.0
MINUTE, DAY = 60, 86_400


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    phone_numbers = {NUMBER_ID: "+52 55 5555 0100", "200": "+52 55 5555 0200"}
    world.state = State(Config(access_token="a-token", phone_numbers=phone_numbers), clock=lambda: NOON)
    yield world
    world.close()


def sent(world: World, order: dict[str, Any]) -> File:
    saying = parse_saying(order)
    assert isinstance(saying, Saying)
    return world.state.files[world.state.hear(BORROWER, saying).media_id]


def content(file: File) -> bytes:
    return b"".join(file.chunks())


def ask(world: World, media_id: str, *, number: str = NUMBER_ID, token: str = TOKEN) -> Answer:
    return world.ask(media_id, number, token, "http://here")


def path(world: World, file: File) -> str:
    body = ask(world, file.id).body
    assert body
    return body["url"].removeprefix("http://here/_media/")


def status(answer: Answer | Download) -> int:
    return answer.status if isinstance(answer, Answer) else 200


def error(answer: Answer) -> tuple[int, int]:
    assert answer.body
    return answer.status, answer.body["error"]["code"]


def later(world: World, seconds: float) -> None:
    world.state.config = world.state.config.merged({"clock_offset": seconds})


@pytest.mark.parametrize(
    ("kind", "mime_type", "begin", "end"),
    [
        ("image", "image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\xff\xd9"),
        ("document", "application/pdf", b"%PDF-1.4\n", b"%%EOF\n"),
        ("audio", "audio/ogg; codecs=opus", b"OggS", b"\xf8\xff\xfe"),
    ],
)
def test_each_message_has_its_own_file_and_always_the_same(
    kind: str, mime_type: str, begin: bytes, end: bytes
) -> None:
    one, again, another = (make(message_id, kind, Quirks(), {}) for message_id in ("m-1", "m-1", "m-2"))
    assert one == again
    assert one.mime_type == mime_type
    assert content(one).startswith(begin)
    assert content(one).endswith(end)
    assert one.size == len(content(one)) < 1000
    assert one.sha256 == hashlib.sha256(content(one)).digest()
    assert len({one.id, another.id}) == len({one.sha256, another.sha256}) == 2


def test_a_file_can_be_something_else_than_it_is_called() -> None:
    file = make("m-1", "image", Quirks(lie="zip"), {})
    assert file.mime_type == "image/jpeg"
    assert zipfile.ZipFile(io.BytesIO(content(file))).testzip() is None


@pytest.mark.parametrize("size", [0, 5, 1000, 200_000])
def test_a_file_is_cut_or_filled_up_with_zeros_to_the_size_it_shall_have(size: int) -> None:
    honest = content(make("m-1", "document", Quirks(), {}))
    file = make("m-1", "document", Quirks(size=size), {})
    assert content(file) == honest[:size].ljust(size, b"\0") == b"".join(file.chunks(7))
    assert file.sha256 == hashlib.sha256(content(file)).digest()
    assert file.described("")["file_size"] == str(size)


def test_a_digest_can_be_wrong_or_answered_in_hex() -> None:
    wrong = make("m-1", "image", Quirks(digest="wrong"), {})
    assert wrong.sha256 != hashlib.sha256(content(wrong)).digest()
    file = make("m-1", "image", Quirks(digest="hex"), {})
    assert file.described("")["sha256"] == hashlib.sha256(content(file)).hexdigest()
    assert base64.b64decode(file.announced("")["sha256"]) == hashlib.sha256(content(file)).digest()


def test_the_same_bytes_can_come_again_under_another_id(world: World) -> None:
    first = sent(world, {"image": True})
    copy = sent(world, {"image": True, "copy_of": first.id})
    assert copy.id != first.id
    assert (copy.sha256, content(copy)) == (first.sha256, content(first))
    with pytest.raises(ValueError, match="no file"):
        sent(world, {"image": True, "copy_of": "1"})
    assert len(world.state.messages) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"lie": "exe"},
        {"lie": []},
        {"size": -1},
        {"size": True},
        {"size": 10**12},
        {"digest": "md5"},
        {"copy_of": 1},
        {"copy_of": "1", "lie": "zip"},
        {"copy_of": "1", "size": 0},
        {"caption": 1},
        {"colour": "red"},
        {"pdf": True},
    ],
)
def test_an_impossible_file_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is one of|is a|unknown"):
        parse_saying({"image": True} | options)


def test_audio_has_no_caption() -> None:
    with pytest.raises(ValueError, match="audio and stickers have none"):
        parse_saying({"audio": True, "caption": "Mi pago"})


def test_the_webhook_tells_id_type_digest_address_and_caption(world: World) -> None:
    file = sent(world, {"pdf": True, "caption": "Mi pago"})
    message = world.state.messages[file.message_id]
    update = message_update(world.state.config, message, file, "http://here/x")
    assert update.value["messages"][0]["document"] == {
        "id": file.id,
        "mime_type": "application/pdf",
        "sha256": base64.b64encode(file.sha256).decode(),
        "url": "http://here/x",
        "filename": "comprobante.pdf",
        "caption": "Mi pago",
    }
    assert message.as_json()["media_id"] == file.id


def test_the_media_endpoint_answers_like_metas(world: World) -> None:
    file = sent(world, {"image": True})
    answers = [ask(world, file.id), ask(world, file.id, number="")]
    bodies = [answer.body or {} for answer in answers]
    urls = {body.pop("url") for body in bodies}
    assert len(urls) == 2
    assert all(url.startswith("http://here/_media/") for url in urls)
    assert bodies == 2 * [
        {
            "messaging_product": "whatsapp",
            "mime_type": "image/jpeg",
            "sha256": base64.b64encode(file.sha256).decode(),
            "file_size": str(file.size),
            "id": file.id,
        }
    ]


def test_who_has_no_token_gets_no_address_and_no_file(world: World) -> None:
    file = sent(world, {"image": True})
    token = path(world, file)
    assert error(ask(world, file.id, token="")) == (401, 190)
    assert status(world.download(token, "Bearer another")) == 401
    assert world.state.counters.media == {"asked": 1, "downloaded": 0, "refused": 2}


def test_a_file_is_known_for_seven_days_and_only_to_its_number(world: World) -> None:
    file = sent(world, {"image": True})
    assert error(ask(world, "1")) == (400, 100)
    assert error(ask(world, file.id, number="200")) == (400, 100)
    later(world, 7 * DAY - 1)
    assert ask(world, file.id).status == 200
    later(world, 7 * DAY)
    assert error(ask(world, file.id)) == (400, 100)


def test_an_address_is_good_for_five_minutes(world: World) -> None:
    token = path(world, sent(world, {"image": True}))
    later(world, 5 * MINUTE - 1)
    assert status(world.download(token, TOKEN)) == 200
    later(world, 5 * MINUTE)
    assert status(world.download(token, TOKEN)) == 404
    assert status(world.download("unknown", TOKEN)) == 404
    assert world.state.counters.media == {"asked": 1, "downloaded": 1, "refused": 2}


def test_a_download_can_be_missing_slow_or_held(world: World) -> None:
    file = sent(world, {"image": True})
    token = path(world, file)
    for kind in ("media_404", "media_http500", "media_slow", "media_timeout"):
        world.state.faults.append(parse_fault({"kind": kind, "count": 1, "to": BORROWER}))
    assert [status(world.download(token, TOKEN)) for _ in range(2)] == [404, 500]
    assert world.download(token, TOKEN) == Download(file, slow=True)
    assert world.download(token, TOKEN) == Download(file, held=True)
    assert world.download(token, TOKEN) == Download(file)
    assert world.state.counters.media == {"asked": 1, "downloaded": 3, "refused": 1}


def test_asking_for_an_address_can_fail_or_be_held_too(world: World) -> None:
    file = sent(world, {"image": True})
    for kind in ("media_404", "media_slow", "media_http500", "media_timeout"):
        world.state.faults.append(parse_fault({"kind": kind, "count": 1}))
    assert ask(world, file.id) == Answer(500, None)
    assert ask(world, file.id).held
    assert not ask(world, file.id).held
    assert world.state.counters.faults_fired == {"media_http500": 1, "media_timeout": 1}


def test_faults_of_files_spare_messages_and_other_people(world: World) -> None:
    file = sent(world, {"image": True})
    world.state.faults.append(parse_fault({"kind": "media_http500", "to": "+525555550199"}))
    world.state.faults.append(parse_fault({"kind": "http500"}))
    assert ask(world, file.id).status == 200
    world.state.faults.append(parse_fault({"kind": "media_http500"}))
    world.state.faults.pop(1)
    assert world.state.fire(BORROWER) is None

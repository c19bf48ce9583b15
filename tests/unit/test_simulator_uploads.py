"""Files of the business: uploaded as a form, sent by id, kept for thirty days."""

from collections.abc import Iterator

import pytest

from local.simulator import uploads
from local.simulator.borrowers import Saying
from local.simulator.world import Answer, World
from tests.unit.simulator_calls import MEXICAN, NUMBER_ID, TOKEN, accept, body, check, code, later, new_state

PDF = b"%PDF-1.4\r\n\r\n--\r\nbytes \xff\x00 of any kind\r\n"
JPEG = b"\xff\xd8\xff\xe0 a picture"
DAY = 86_400


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.state = new_state()
    yield world
    world.close()


def form(content: bytes | None = PDF, mime_type: str = "application/pdf", **fields: str) -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in ({"messaging_product": "whatsapp", "type": mime_type} | fields).items()
        if value
    ]
    if content is not None:
        head = 'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        kind = f"Content-Type: {fields.get('sent_as', mime_type)}\r\n\r\n"
        parts.append((head + kind).encode() + content)
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"


def upload(world: World, raw: bytes, *, number: str = NUMBER_ID, token: str = TOKEN) -> Answer:
    return world.upload(uploads.Upload(number, token, 'multipart/form-data; boundary="edge"', raw))


def uploaded(world: World, raw: bytes | None = None) -> str:
    answer = upload(world, raw or form())
    assert answer.body
    assert answer.status == 200, answer.body
    return answer.body["id"]


def error(answer: Answer) -> tuple[int, int]:
    assert answer.body
    return answer.status, answer.body["error"]["code"]


def test_an_uploaded_file_is_kept_byte_by_byte_and_described(world: World) -> None:
    media_id = uploaded(world)
    file = world.state.files[media_id]
    assert (b"".join(file.chunks()), file.mime_type) == (PDF, "application/pdf")
    answer = world.ask(media_id, NUMBER_ID, TOKEN, "http://here")
    assert answer.body
    assert answer.body["url"].startswith("http://here/_media/")
    assert set(answer.body) == {"messaging_product", "url", "mime_type", "sha256", "file_size", "id"}
    assert world.state.counters.uploads == 1


def test_an_uploaded_file_can_be_sent(world: World) -> None:
    state = world.state
    state.hear(MEXICAN, Saying("text", "hola"))
    media_id = uploaded(world)
    assert accept(state, body("document", {"id": media_id})).content["header"]["media_id"] == media_id
    assert code(check(state, body("image", {"id": media_id}))) == 131053
    assert code(check(state, body("image", {"id": uploaded(world, form(JPEG, "image/jpeg"))}))) == 200


def test_an_uploaded_file_is_gone_after_thirty_days_or_when_deleted(world: World) -> None:
    media_id, other = uploaded(world), uploaded(world)
    later(world.state, 30 * DAY - 1)
    assert world.ask(media_id, "", TOKEN, "").status == 200
    answer = world.delete(media_id, "", TOKEN)
    assert (answer.status, answer.body) == (200, {"success": True})
    assert error(world.delete(media_id, "", TOKEN)) == error(world.ask(media_id, "", TOKEN, "")) == (400, 100)
    later(world.state, 30 * DAY)
    assert error(world.ask(other, "", TOKEN, "")) == (400, 100)
    assert error(world.delete(other, "", "")) == (401, 190)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (form(messaging_product=""), 100),
        (form(type=""), 131008),
        (form(None), 131008),
        (b"no form at all", 100),
        (form(b""), 131053),
        (form(JPEG), 131053),
        (form(PDF, "image/png"), 131053),
        (form(b"PK", "application/zip"), 131053),
        (form(sent_as="image/jpeg"), 131053),
        (form(JPEG + bytes(5 * 1024 * 1024), "image/jpeg"), 131053),
        (form(bytes(16 * 1024 * 1024 + 1), "audio/ogg"), 131053),
    ],
)
def test_a_file_that_meta_would_not_take_is_refused(world: World, raw: bytes, expected: int) -> None:
    assert error(upload(world, raw)) == (400, expected)
    assert not world.state.files
    assert world.state.counters.refused == {str(expected): 1}


def test_an_upload_needs_a_form_a_token_and_a_number(world: World) -> None:
    assert error(upload(world, form(), token="")) == (401, 190)
    assert error(upload(world, form(), number="999")) == (400, 100)
    for content_type in ("application/json", "multipart/form-data", ""):
        assert error(world.upload(uploads.Upload(NUMBER_ID, TOKEN, content_type, form()))) == (400, 100)

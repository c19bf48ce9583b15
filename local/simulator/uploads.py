"""Files that the business uploads: POST /{version}/{phone number id}/media as multipart/form-data.

Types and sizes: Meta, "Media". Meta checks more of a picture (8 bits, RGB) than its first bytes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from email.message import Message as Headers
from email.parser import BytesHeaderParser

from local.simulator import access
from local.simulator.errors import NotAccepted, Refusal
from local.simulator.media import File
from local.simulator.state import State

LIFE = 30 * 86_400
LARGEST = 100 * 1024 * 1024
_MB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
_AUDIO = ("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg")
_DOCUMENTS = (
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{_OFFICE}wordprocessingml.document",
    f"{_OFFICE}spreadsheetml.sheet",
    f"{_OFFICE}presentationml.presentation",
)
SIZES = {
    "image/jpeg": 5 * _MB,
    "image/png": 5 * _MB,
    "image/webp": 500 * 1024,
    "video/mp4": 16 * _MB,
    "video/3gpp": 16 * _MB,
    **dict.fromkeys(_AUDIO, 16 * _MB),
    **dict.fromkeys(_DOCUMENTS, LARGEST),
}
_BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}


@dataclass(frozen=True, slots=True)
class Upload:
    """What arrived; `form` is the raw body and `content_type` its header."""

    phone_number_id: str
    authorization: str
    content_type: str
    form: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; `mime_type` only where it is a file."""

    content: bytes
    mime_type: str = ""


def check(upload: Upload, state: State) -> File | Refusal:
    """The file that Meta would keep, or why it would not."""
    try:
        access.require_token(upload.authorization, state)
        access.require_number(upload.phone_number_id, state)
        return _check(upload, state)
    except NotAccepted as fault:
        return fault.refusal


def find(media_id: str, phone_number_id: str, authorization: str, state: State) -> File | Refusal:
    """GET or DELETE /{version}/{media id}: a file as long as it is kept. An empty `phone_number_id` fits any."""
    try:
        access.require_token(authorization, state)
        file = state.files.get(media_id)
        if file is None or file.ends <= state.now() or phone_number_id not in ("", file.phone_number_id):
            raise access.unknown(media_id)
        return file
    except NotAccepted as fault:
        return fault.refusal


def read_form(content_type: str, raw: bytes) -> dict[str, Part]:
    """The fields of a multipart/form-data body by name; raises NotAccepted (100)."""
    boundary = _headers(f"Content-Type: {content_type}".encode()).get_param("boundary")
    if not content_type.lower().startswith("multipart/form-data") or not isinstance(boundary, str):
        raise NotAccepted(100, "The body must be multipart/form-data")
    fields: dict[str, Part] = {}
    for part in (b"\r\n" + raw).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head)
        name = headers.get_param("name", header="content-disposition")
        if isinstance(name, str):
            fields[name] = Part(content, headers.get_content_type() if "content-type" in headers else "")
    return fields


def _check(upload: Upload, state: State) -> File:
    fields = read_form(upload.content_type, upload.form)
    if fields.get("messaging_product", Part(b"")).content != b"whatsapp":
        raise NotAccepted(100, "messaging_product must be 'whatsapp'")
    for name in ("type", "file"):
        if name not in fields:
            raise NotAccepted(131008, f"The parameter {name} is required")
    file, mime_type = fields["file"], fields["type"].content.decode(errors="replace").partition(";")[0].strip()
    if mime_type not in SIZES:
        raise NotAccepted(131053, f"type must be one of {', '.join(SIZES)}, not {mime_type}")
    if file.mime_type not in ("", "application/octet-stream", mime_type):
        raise NotAccepted(131053, f"The file is {file.mime_type}, and not {mime_type}")
    if not 0 < len(file.content) <= SIZES[mime_type]:
        raise NotAccepted(131053, f"A file of type {mime_type} has 1 to {SIZES[mime_type]} bytes")
    if not file.content.startswith(_BEGINNINGS.get(mime_type, b"")):
        raise NotAccepted(131053, f"The bytes of the file are not those of {mime_type}")
    return File(
        id=str(10**15 + secrets.randbelow(10**15)),
        message_id="",
        mime_type=mime_type,
        content=file.content,
        size=len(file.content),
        sha256=hashlib.sha256(file.content).digest(),
        in_hex=False,
        phone_number_id=upload.phone_number_id,
        at=state.now(),
        life=LIFE,
    )


def _headers(head: bytes) -> Headers:
    return BytesHeaderParser().parsebytes(head)

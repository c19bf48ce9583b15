"""Files that the business sends: uploaded before and named by id, or fetched by Meta from an address."""

from typing import Any

from local.simulator.errors import NotAccepted
from local.simulator.shapes import allow_text, require_object, require_text, require_web_address
from local.simulator.state import State

_FAMILIES = {"image": "image/", "video": "video/", "document": ""}


def read_attachment(kind: str, value: object, where: str, state: State, *, only: str = "") -> dict[str, Any]:
    """`{"id" or "link", "filename"?}` as the header the phone shows; raises NotAccepted.

    `kind` is image, video or document; `only` the one MIME type it may have, if there is just one. Nothing is
    fetched from a link, so only what was uploaded is looked at.
    """
    order = require_object(value, where)
    shown = {"type": kind}
    if kind == "document" and (filename := allow_text(order.get("filename"), f"{where}.filename", 240)):
        shown["filename"] = filename
    match order.get("id"), order.get("link"):
        case None, None:
            raise NotAccepted(131008, f"The parameter {where}.id or {where}.link is required")
        case None, link:
            return shown | {"link": require_web_address(link, f"{where}.link")}
        case id, None:
            media_id = require_text(id, f"{where}.id", 100)
        case _:
            raise NotAccepted(131009, f"{where} has either an id or a link")
    file = state.files.get(media_id)
    if file is None or file.ends <= state.now():
        raise NotAccepted(131009, f"{where}.id: there is no medium {media_id}")
    if not file.mime_type.startswith(only or _FAMILIES[kind]):
        raise NotAccepted(131053, f"{where}.id: {file.mime_type} cannot be sent as {only or kind}")
    return shown | {"media_id": media_id}

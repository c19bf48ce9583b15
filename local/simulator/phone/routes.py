"""The page's own doors: its files, its views, and the files that people sent."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from local.simulator.media import File
from local.simulator.phone import views
from local.simulator.state import State
from local.simulator.world import World

FOLDER = Path(__file__).parent / "static"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_routes() -> list[Route | Mount]:
    return [
        Route("/", show_page),
        Mount(
            "/_page",
            routes=[
                Route("/news", show_news),
                Route("/person", show_person),
                Route("/refused", show_refused),
                Route("/faults", show_faults),
                Route("/files/{media_id}", show_file),
                Route("/static/{name}", show_static),
            ],
        ),
    ]


async def show_page(request: Request) -> Response:
    return _static("index.html")


async def show_static(request: Request) -> Response:
    return _static(request.path_params["name"])


async def show_news(request: Request) -> Response:
    asked = request.query_params
    since, since_in_chat = (int(asked.get(name, "0")) for name in ("since", "since_in_chat"))
    return _told(_watch(request).news(asked.get("epoch", ""), since, asked.get("chat", ""), since_in_chat))


async def show_person(request: Request) -> Response:
    return _told(views.stranger(request.query_params.get("number", ""), _state(request)))


async def show_refused(request: Request) -> Response:
    return _told(views.refused(_state(request)))


async def show_faults(request: Request) -> Response:
    return _told(views.faults(_state(request)))


async def show_file(request: Request) -> Response:
    """A file as it was sent. It is some person's: the browser may show it, and do nothing else with it."""
    file = _state(request).files.get(request.path_params["media_id"])
    if file is None:
        return PlainTextResponse("there is no such file", 404)
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
    }
    return StreamingResponse(_chunks(file), headers=headers, media_type=file.mime_type)


async def _chunks(file: File) -> AsyncGenerator[bytes]:
    for chunk in file.chunks():
        yield chunk


def _static(name: str) -> Response:
    path = FOLDER / name
    if path.parent != FOLDER or path.suffix not in KINDS or not path.is_file():
        return PlainTextResponse("there is no such file", 404)
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return FileResponse(path, headers=headers, media_type=KINDS[path.suffix])


def _told(content: dict[str, Any]) -> Response:
    """Escaped by JSON: whatever text a client was able to send arrives, lone surrogates included."""
    return Response(json.dumps(content), headers={"Cache-Control": "no-store"}, media_type="application/json")


def _state(request: Request) -> State:
    return cast("World", request.app.state.world).state


def _watch(request: Request) -> views.Watch:
    """That of the present state: a reset begins another."""
    shared = request.app.state
    watch: views.Watch | None = getattr(shared, "watch", None)
    if watch is None or watch.state is not shared.world.state:
        shared.watch = watch = views.Watch(shared.world.state)
    return watch

"""The doors: Meta's endpoints, the control endpoints under /_sim, the page's, and those of the people's issuer."""

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator
from dataclasses import fields
from http import HTTPStatus
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from local.simulator import graph, uploads
from local.simulator.borrowers import parse_saying, parse_upload
from local.simulator.errors import Refusal
from local.simulator.faults import parse_fault
from local.simulator.issuer import issuer_routes
from local.simulator.media import STEP
from local.simulator.news import parse_news
from local.simulator.numbers import canonical
from local.simulator.phone.routes import page_routes
from local.simulator.world import Answer, Download, World

MAX_BODY = 1_000_000
MAX_FILE = 20_000_000
HOLD = 60
PAUSE = 0.5


class Ascii(JSONResponse):
    """JSON that can carry any text a client was able to send, lone surrogates included."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


class Cut(Response):
    """An answer whose connection is gone before its body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


def create_app() -> Starlette:
    world = World()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        world.close()

    app = Starlette(
        routes=[
            *page_routes(),
            *issuer_routes(),
            Mount(
                "/_sim",
                routes=[
                    Route("/health", show_health),
                    Route("/config", configure, methods=["POST"]),
                    Route("/reset", reset, methods=["POST"]),
                    Route("/faults", add_fault, methods=["POST"]),
                    Route("/faults", clear_faults, methods=["DELETE"]),
                    Route("/news", tell, methods=["POST"]),
                    Route("/templates", change_template, methods=["POST"]),
                    Route("/account", change_account, methods=["POST"]),
                    Route("/borrowers/{phone}/say", say, methods=["POST"]),
                    Route("/borrowers/{phone}/file", say_file, methods=["POST"]),
                    Route("/messages", show_messages),
                    Route("/refused", show_refused),
                    Route("/counters", show_counters),
                    Route("/idle", wait_until_idle),
                ],
            ),
            Route("/_media/{token}", download),
            Route("/{version}/debug_token", inspect_token),
            Route("/{version}/{media_id}", ask),
            Route("/{version}/{media_id}", delete, methods=["DELETE"]),
            Route("/{version}/{phone_number_id}/messages", send, methods=["POST"]),
            Route("/{version}/{phone_number_id}/media", upload, methods=["POST"]),
            Route("/{version}/{waba_id}/message_templates", show_templates),
            Route("/{version}/{waba_id}/subscribed_apps", show_subscribed),
            Route("/{version}/{waba_id}/message_templates", register, methods=["POST"]),
        ],
        exception_handlers={ValueError: refuse_input},
        lifespan=lifespan,
    )
    app.state.world = world
    return app


async def send(request: Request) -> Response:
    call = graph.Call(
        phone_number_id=request.path_params["phone_number_id"],
        authorization=_authorization(request),
        body=await _json(request),
    )
    answer = _world(request).send(call)
    await asyncio.sleep(_world(request).state.config.latency)
    return await _answered(request, answer)


async def inspect_token(request: Request) -> Response:
    asked, proof = (request.query_params.get(name, "") for name in ("input_token", "appsecret_proof"))
    return await _answered(request, _world(request).inspect_token(asked, _authorization(request), proof))


async def show_subscribed(request: Request) -> Response:
    waba_id = request.path_params["waba_id"]
    return await _answered(request, _world(request).inspect_account(waba_id, _authorization(request)))


async def ask(request: Request) -> Response:
    """Of a business number its state, of anything else the file with that id."""
    object_id = request.path_params["media_id"]
    if object_id in _world(request).state.config.phone_numbers:
        return await _answered(request, _world(request).inspect_number(object_id, _authorization(request)))
    answer = _world(request).ask(
        object_id,
        request.query_params.get("phone_number_id", ""),
        _authorization(request),
        str(request.base_url).rstrip("/"),
    )
    return await _answered(request, answer)


async def delete(request: Request) -> Response:
    number = request.query_params.get("phone_number_id", "")
    answer = _world(request).delete(request.path_params["media_id"], number, _authorization(request))
    return await _answered(request, answer)


async def upload(request: Request) -> Response:
    arrived = uploads.Upload(
        phone_number_id=request.path_params["phone_number_id"],
        authorization=_authorization(request),
        content_type=request.headers.get("content-type", ""),
        form=await _body(request, uploads.LARGEST + MAX_BODY),
    )
    return await _answered(request, _world(request).upload(arrived))


async def show_templates(request: Request) -> Response:
    name = request.query_params.get("name", "")
    answer = _world(request).registered(request.path_params["waba_id"], _authorization(request), name)
    return await _answered(request, answer)


async def register(request: Request) -> Response:
    definition = await _json(request)
    answer = _world(request).register(request.path_params["waba_id"], _authorization(request), definition)
    return await _answered(request, answer)


async def download(request: Request) -> Response:
    answer = _world(request).download(request.path_params["token"], _authorization(request))
    if isinstance(answer, Answer):
        return await _answered(request, answer)
    if answer.held:
        await _until_client_leaves(request)
    headers = {"Content-Length": str(answer.file.size)}
    return StreamingResponse(_stream(answer), headers=headers, media_type=answer.file.mime_type)


async def configure(request: Request) -> Response:
    state = _world(request).state
    state.config = state.config.merged(await _json(request))
    return Ascii({"ok": True})


async def reset(request: Request) -> Response:
    _world(request).reset()
    return Ascii({"ok": True})


async def add_fault(request: Request) -> Response:
    _world(request).state.faults.append(parse_fault(await _json(request)))
    return Ascii({"ok": True})


async def clear_faults(request: Request) -> Response:
    _world(request).state.faults.clear()
    return Ascii({"ok": True})


async def tell(request: Request) -> Response:
    world = _world(request)
    world.spread(parse_news(await _json(request), world.state.config, world.state.now()))
    return Ascii({"ok": True})


async def change_template(request: Request) -> Response:
    """`{"name", "language", "status"?, "category"?, "quality"?, "pacing"?}`"""
    return Ascii(_world(request).change_template(await _json(request)).described())


async def change_account(request: Request) -> Response:
    """`{"restricted"?: code or null, "numbers"?: {phone number id: code or null}}`"""
    account = _world(request).change_account(await _json(request))
    return Ascii({"restricted": account.restricted, "numbers": dict(account.numbers)})


async def say(request: Request) -> Response:
    saying = parse_saying(await _json(request))
    return Ascii({"id": _world(request).say(canonical(request.path_params["phone"]), saying)})


async def say_file(request: Request) -> Response:
    """A real file as raw bytes: the Content-Type tells what it is, `caption` in the query stands below it."""
    raw = await _body(request, MAX_FILE)
    saying = parse_upload(raw, request.headers.get("content-type", ""), request.query_params.get("caption", ""))
    return Ascii({"id": _world(request).say(canonical(request.path_params["phone"]), saying)})


async def show_messages(request: Request) -> Response:
    to = request.query_params.get("to", "")
    messages = _world(request).state.messages.values()
    return Ascii([message.as_json() for message in messages if not to or message.phone == canonical(to)])


async def show_refused(request: Request) -> Response:
    return Ascii([refused.as_json() for refused in _world(request).state.refused])


async def show_counters(request: Request) -> Response:
    counters = _world(request).state.counters
    return Ascii({counter.name: getattr(counters, counter.name) for counter in fields(counters)})


async def wait_until_idle(request: Request) -> Response:
    timeout = float(request.query_params.get("timeout", "60"))
    if not (math.isfinite(timeout) and timeout >= 0):
        raise ValueError("timeout is a number of seconds")
    idle = await _world(request).idle(timeout)
    return Ascii({"idle": idle}, 200 if idle else 504)


async def show_health(request: Request) -> Response:
    return Ascii({"ok": True})


async def refuse_input(request: Request, fault: Exception) -> Response:
    return Ascii(Refusal(100, str(fault)).body(), 400)


def _world(request: Request) -> World:
    return cast("World", request.app.state.world)


def _authorization(request: Request) -> str:
    return request.headers.get("authorization", "")


async def _json(request: Request) -> object:
    """The parsed body; raises ValueError when it is too large or no JSON."""
    try:
        return json.loads(await _body(request, MAX_BODY))
    except RecursionError as fault:
        raise ValueError("the body is nested too deeply") from fault


async def _body(request: Request, limit: int) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise ValueError(f"the body has more than {limit} bytes")
    return bytes(raw)


async def _answered(request: Request, answer: Answer) -> Response:
    if answer.held:
        await _until_client_leaves(request)
    if answer.cut:
        return Cut(json.dumps(answer.body), answer.status)
    if answer.body is None:
        return PlainTextResponse(HTTPStatus(answer.status).phrase, answer.status)
    return Ascii(answer.body, answer.status)


async def _stream(answer: Download) -> AsyncGenerator[bytes]:
    for chunk in answer.file.chunks(1 if answer.slow else STEP):
        yield chunk
        await asyncio.sleep(PAUSE if answer.slow else 0)


async def _until_client_leaves(request: Request) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HOLD):
            while (await request.receive())["type"] != "http.disconnect":
                pass

"""Everything that happens by itself: messages travel, are read, and get answers."""

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from local.simulator import graph
from local.simulator.borrowers import Behaviour, Glance, Saying, chosen, reaction
from local.simulator.faults import ASKING, DOWNLOADING, Fault
from local.simulator.media import File
from local.simulator.state import Message, State
from local.simulator.webhooks import Courier, inbound_payload, status_payload


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None for an answer without Meta's error body; a held answer never seems to come."""

    status: int
    body: dict[str, Any] | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """The answer is the file itself; a slow one comes byte by byte."""

    file: File
    held: bool = False
    slow: bool = False


class World:
    """`base_url` is where this simulator is reached: webhooks tell addresses of files under it."""

    def __init__(self) -> None:
        self.base_url = ""
        self.state = State()
        self._courier = Courier()
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, call: graph.Call) -> Answer:
        """One call to the messages endpoint. Faults hit only calls that would have been accepted."""
        draft = graph.check(call, self.state)
        to = str(call.body.get("to", "")) if isinstance(call.body, dict) else ""
        if isinstance(draft, graph.Refusal):
            return self._refuse(draft, to)
        fault = self.state.fire(draft.phone)
        if fault and fault.kind == "error":
            return self._refuse(graph.Refusal(fault.code, "This error was asked for"), draft.phone)
        if fault and fault.kind == "http500":
            return Answer(500, None)
        message = self.state.accept(draft)
        self._start(self._carry(message.id))
        return Answer(200, graph.accepted(message, to), held=fault is not None)

    def ask(self, media_id: str, phone_number_id: str, authorization: str, base_url: str) -> Answer:
        """One call to the media endpoint: a new address of a file, under `base_url`."""
        file = graph.find_media(media_id, phone_number_id, authorization, self.state)
        if isinstance(file, graph.Refusal):
            return self._withhold(Answer(file.error.status, file.body()))
        fault = self._fire(file, ASKING)
        if fault and fault.kind == "media_http500":
            return Answer(500, None)
        self.state.counters.media["asked"] += 1
        url = base_url + self.state.link(file)
        return Answer(200, file.described(url), held=fault is not None)

    def download(self, token: str, authorization: str) -> Answer | Download:
        """One call to such an address."""
        if refusal := graph.check_token(authorization, self.state):
            return self._withhold(Answer(refusal.error.status, refusal.body()))
        file = self.state.follow(token)
        if file is None:
            return self._withhold(Answer(404, None))
        fault = self._fire(file, DOWNLOADING)
        kind = fault.kind if fault else ""
        if kind == "media_404":
            return self._withhold(Answer(404, None))
        if kind == "media_http500":
            return Answer(500, None)
        self.state.counters.media["downloaded"] += 1
        return Download(file, held=kind == "media_timeout", slow=kind == "media_slow")

    def say(self, phone: str, saying: Saying | Glance) -> str:
        """Let a borrower act and return the id of the message; raises ValueError if it cannot be."""
        if isinstance(saying, Saying):
            message = self.state.hear(phone, saying)
            self._start(self._post(self._told(message)))
            return message.id
        message_id = self.state.last_sent.get(phone)
        if message_id is None:
            raise ValueError(f"{phone} has no message to read")
        self._start(self._report(message_id, "read"))
        return message_id

    def reset(self) -> None:
        """Forget conversations, faults and counters, and stop what is under way; the configuration stays."""
        for task in self._tasks:
            task.cancel()
        self.state = State(self.state.config)

    async def idle(self, timeout: float) -> bool:
        """Wait until nothing is under way; False if something still is after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.reset()
        self._courier.close()

    def _refuse(self, refusal: graph.Refusal, to: str) -> Answer:
        self.state.refuse(to, refusal.code, f"{refusal.message}: {refusal.details}")
        return Answer(refusal.error.status, refusal.body())

    def _withhold(self, answer: Answer) -> Answer:
        self.state.counters.media["refused"] += 1
        return answer

    def _fire(self, file: File, kinds: Collection[str]) -> Fault | None:
        return self.state.fire(self.state.messages[file.message_id].phone, kinds)

    def _told(self, message: Message) -> dict[str, Any]:
        file = self.state.files.get(message.media_id)
        url = self.base_url + self.state.link(file) if file else ""
        return inbound_payload(self.state.config, message, file, url)

    async def _carry(self, message_id: str) -> None:
        """Sent, delivered, read, answered: as far as this borrower goes."""
        message = self.state.messages[message_id]
        await self._report(message_id, "sent")
        await self._report(message_id, "delivered")
        config = self.state.config
        what = chosen(message.phone, config.seed, config.behaviour)
        if what is Behaviour.SILENT:
            return
        await self._report(message_id, "read")
        if message.type == "template":
            await self._react(message, what)

    async def _react(self, message: Message, what: Behaviour) -> None:
        config = self.state.config
        if saying := reaction(what, message.phone, config.seed, message.language):
            heard = self.state.hear(message.phone, saying)
            await self._post(self._told(heard))

    async def _report(self, message_id: str, status: str) -> None:
        await asyncio.sleep(self.state.config.delay)
        if message := self.state.advance(message_id, status):
            payload = status_payload(self.state.config, message, self.state.now())
            await self._courier.deliver(self.state.config, payload, self.state.counters)

    async def _post(self, payload: dict[str, Any]) -> None:
        await asyncio.sleep(self.state.config.delay)
        await self._courier.deliver(self.state.config, payload, self.state.counters)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

"""Everything that happens by itself: messages travel, are read, and get answers."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from local.simulator import access, graph, inspection, templates, uploads
from local.simulator.account import Account
from local.simulator.borrowers import Behaviour, Glance, Saying, chosen, reaction
from local.simulator.courier import Courier
from local.simulator.errors import THROTTLED, NotAccepted, Refusal
from local.simulator.faults import ASKING, DOWNLOADING, TRAVELLING, Fault
from local.simulator.media import File
from local.simulator.news import of_account, of_template
from local.simulator.state import Message, State
from local.simulator.templates import Template
from local.simulator.webhooks import Update, message_update, status_update


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is None for an answer without Meta's error body. A held answer never seems to come, a cut
    one ends before its body."""

    status: int
    body: dict[str, Any] | None
    held: bool = False
    cut: bool = False


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
        self._courier = Courier(self._start)
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, call: graph.Call) -> Answer:
        """One call to the messages endpoint. Faults hit only calls that would have been accepted."""
        checked, to = graph.check(call, self.state), graph.addressee(call.body)
        if isinstance(checked, Refusal):
            return self._refuse(checked, to)
        if isinstance(checked, graph.Reading):
            self.state.see(checked.message_id)
            return Answer(200, {"success": True})
        fault = self.state.fire(checked.phone)
        if fault and fault.kind == "error":
            return self._refuse(Refusal(fault.code, "This error was asked for"), checked.phone)
        if fault and fault.kind == "http500":
            return Answer(500, None)
        message = self.state.accept(checked)
        if not message.lost:
            self._start(self._carry(message.id))
        kind = fault.kind if fault else ""
        held, cut = kind == "timeout_after_acceptance", kind == "cut_after_acceptance"
        return Answer(200, graph.accepted(message, to), held=held, cut=cut)

    def upload(self, upload: uploads.Upload) -> Answer:
        """One call to POST /{version}/{phone number id}/media."""
        file = uploads.check(upload, self.state)
        if isinstance(file, Refusal):
            return self._refuse(file, "")
        self.state.files[file.id] = file
        self.state.counters.uploads += 1
        return Answer(200, {"id": file.id})

    def delete(self, media_id: str, phone_number_id: str, authorization: str) -> Answer:
        """One call to DELETE /{version}/{media id}."""
        file = uploads.find(media_id, phone_number_id, authorization, self.state)
        if isinstance(file, Refusal):
            return self._withhold(Answer(file.error.status, file.body()))
        del self.state.files[file.id]
        return Answer(200, {"success": True})

    def register(self, waba_id: str, authorization: str, definition: object) -> Answer:
        """One call to POST /{version}/{waba id}/message_templates: a template that waits for its review."""
        try:
            access.require_token(authorization, self.state)
            access.require_account(waba_id, self.state)
            template = templates.register(definition, self.state.templates)
        except NotAccepted as fault:
            return self._refuse(fault.refusal, "")
        return Answer(200, {"id": template.id, "status": template.status, "category": template.category})

    def registered(self, waba_id: str, authorization: str, name: str) -> Answer:
        """One call to GET /{version}/{waba id}/message_templates; an empty `name` asks for all. What was
        deleted is not among them."""
        try:
            access.require_token(authorization, self.state)
            access.require_account(waba_id, self.state)
        except NotAccepted as fault:
            return self._refuse(fault.refusal, "")
        kept = (one for one in self.state.templates.values() if one.status != "DELETED")
        rows = [one.described() for one in kept if name in ("", one.name)]
        return Answer(200, {"data": rows, "paging": {}})

    def inspect_token(self, asked: str, authorization: str, proof: str) -> Answer:
        """One call to the token's endpoint."""
        return self._inspected(lambda: inspection.token(asked, authorization, self.state, proof))

    def inspect_number(self, phone_number_id: str, authorization: str) -> Answer:
        """One call to a number's endpoint."""
        return self._inspected(lambda: inspection.number(phone_number_id, authorization, self.state))

    def inspect_account(self, waba_id: str, authorization: str) -> Answer:
        """One call to an account's subscribed_apps."""
        return self._inspected(lambda: inspection.subscribed(waba_id, authorization, self.state))

    def _inspected(self, read: Callable[[], dict[str, Any]]) -> Answer:
        try:
            return Answer(200, read())
        except NotAccepted as fault:
            return self._refuse(fault.refusal, "")

    def ask(self, media_id: str, phone_number_id: str, authorization: str, base_url: str) -> Answer:
        """One call to the media endpoint: a new address of a file, under `base_url`."""
        file = uploads.find(media_id, phone_number_id, authorization, self.state)
        if isinstance(file, Refusal):
            return self._withhold(Answer(file.error.status, file.body()))
        fault = self._fire(file, ASKING)
        if fault and fault.kind == "media_http500":
            return Answer(500, None)
        self.state.counters.media["asked"] += 1
        url = base_url + self.state.link(file)
        return Answer(200, file.described(url), held=fault is not None)

    def download(self, token: str, authorization: str) -> Answer | Download:
        """One call to such an address."""
        try:
            access.require_token(authorization, self.state)
        except NotAccepted as fault:
            return self._withhold(Answer(fault.refusal.error.status, fault.refusal.body()))
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
        last = self.state.last_to(phone)
        if last is None:
            raise ValueError(f"{phone} has no message to read")
        for unread in self.state.unread(phone) or [last.id]:
            self._start(self._report(unread, "read"))
        return last.id

    def spread(self, *updates: Update) -> None:
        """Post news that is no message."""
        for update in updates:
            self._start(self._post(update))

    def change_template(self, order: object) -> Template:
        """Read what Meta decides of a template, and tell the business; raises ValueError."""
        state = self.state
        after = templates.control(order, state.templates)
        key = after.name, after.language
        before, state.templates[key] = state.templates[key], after
        self.spread(*of_template(state.config, state.now(), before, after))
        return after

    def change_account(self, order: object) -> Account:
        """Read what Meta stops or lets go on, and tell the business; raises ValueError."""
        state = self.state
        before, state.account = state.account, state.account.changed(order, state.config.phone_numbers)
        self.spread(*of_account(state.config, state.now(), before, state.account))
        return state.account

    def reset(self) -> None:
        """Forget conversations, faults and counters, and stop what is under way; the configuration stays."""
        for task in self._tasks:
            task.cancel()
        self._courier.forget()
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

    def _refuse(self, refusal: Refusal, to: str) -> Answer:
        self.state.refuse(to, refusal.code, f"{refusal.message}: {refusal.details}")
        throttled = refusal.code == THROTTLED
        return Answer(self.state.config.throttle_status if throttled else refusal.error.status, refusal.body())

    def _withhold(self, answer: Answer) -> Answer:
        self.state.counters.media["refused"] += 1
        return answer

    def _fire(self, file: File, kinds: Collection[str]) -> Fault | None:
        """The fault that hits a file by its sender's number; an upload, without one, is hit by those for all."""
        phone = self.state.messages[file.message_id].phone if file.message_id else ""
        return self.state.fire(phone, kinds)

    def _told(self, message: Message) -> Update:
        file = self.state.files.get(message.media_id)
        url = self.base_url + self.state.link(file) if file else ""
        return message_update(self.state.config, message, file, url)

    async def _carry(self, message_id: str) -> None:
        """Sent, delivered, read, answered: as far as this borrower goes, unless it fails on the way."""
        message = self.state.messages[message_id]
        if message.fails_with:
            await self._report(message_id, "failed", message.fails_with)
            return
        fault = self.state.fire(message.phone, TRAVELLING)
        if fault and fault.kind == "undeliverable":
            await self._report(message_id, "failed", fault.code)
            return
        await self._report(message_id, "sent")
        if fault and fault.kind == "fails_after_sent":
            await self._report(message_id, "failed", fault.code)
            return
        if fault:
            return
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

    async def _report(self, message_id: str, status: str, code: int = 0) -> None:
        await asyncio.sleep(self.state.config.delay)
        before = self.state.messages[message_id].status
        if message := self.state.advance(message_id, status, code):
            # Read without being delivered: then it is read that tells the price.
            priced = status in ("sent", "delivered") or (status == "read" and before != "delivered")
            update = status_update(self.state.config, message, self.state.now(), priced=priced)
            await self._courier.bring(self.state, update)

    async def _post(self, update: Update) -> None:
        await asyncio.sleep(self.state.config.delay)
        await self._courier.bring(self.state, update)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

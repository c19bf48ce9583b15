"""How updates reach the business: one by one or in batches, again after anything but a 200, and badly on demand.

Meta posts at most 1,000 updates and 3 MB at once, and gives an answer 20 seconds.
Source: Meta, WhatsApp Business Platform, "Webhooks overview" and "Create a webhook endpoint".
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from local.simulator.config import MOST_CONNECTIONS, Config
from local.simulator.faults import CARRYING, TAMPERING
from local.simulator.state import State
from local.simulator.webhooks import Update, encode, sign, together

TIMEOUT = 20
LARGEST = 2_900_000


@dataclass(slots=True)
class _Batch:
    updates: list[Update] = field(default_factory=list[Update])
    weight: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Courier:
    """`start` runs what shall not be waited for, and knows that it is under way."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._start = start
        self._open: _Batch | None = None
        self._held: dict[str, list[asyncio.Event]] = {}
        self._threads = ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix="webhook")
        self._free: dict[int, asyncio.Semaphore] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", HTTPAdapter(pool_maxsize=MOST_CONNECTIONS))

    async def bring(self, state: State, update: Update) -> None:
        """Post an update; returns when it was acknowledged, given up, put off or lost."""
        if not state.config.webhook_url:
            return
        fault = state.fire(update.phone, CARRYING)
        match fault and fault.kind:
            case "webhook_lost":
                pass
            case "webhook_delayed":
                self._start(self._later(state, update, fault.seconds if fault else 0))
            case "webhook_reordered":
                self._start(self._overtaken(state, update, fault.seconds if fault else 0))
            case "webhook_doubled":
                await self._post(state, update)
                self._start(self._later(state, update, fault.seconds if fault else 0))
            case _:
                await self._post(state, update)

    def forget(self) -> None:
        """Drop what waits for company; whoever started the rest stops it."""
        self._open = None
        self._held.clear()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    async def _later(self, state: State, update: Update, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._post(state, update)

    async def _overtaken(self, state: State, update: Update, seconds: float) -> None:
        """Post it when another update of the same person has gone out, or none came in so many seconds."""
        passed = asyncio.Event()
        self._held.setdefault(update.phone, []).append(passed)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await passed.wait()
        await self._post(state, update)

    async def _post(self, state: State, update: Update) -> None:
        if state.config.batch.size == 1:
            await self._deliver(state, [update])
        else:
            await self._join(state, update).done.wait()
        for passed in self._held.pop(update.phone, []):
            passed.set()

    def _join(self, state: State, update: Update) -> _Batch:
        """Put the update into the batch that is being filled, or into a new one."""
        weight = len(encode(update.value))
        batch = self._open
        if batch is None or batch.weight + weight > LARGEST:
            if batch:
                batch.full.set()
            batch = self._open = _Batch()
            self._start(self._fill(state, batch))
        batch.updates.append(update)
        batch.weight += weight
        if len(batch.updates) >= state.config.batch.size:
            self._open = None
            batch.full.set()
        return batch

    async def _fill(self, state: State, batch: _Batch) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(state.config.batch.wait):
                await batch.full.wait()
        if self._open is batch:
            self._open = None
        await self._deliver(state, batch.updates)
        batch.done.set()

    async def _deliver(self, state: State, updates: Sequence[Update]) -> None:
        """Try until it is acknowledged, with waits that double, or give it up."""
        raw = encode(together(updates))
        for attempt in range(state.config.retries + 1):
            if attempt:
                wait = state.config.retry_wait * 2 ** (attempt - 1)
                await asyncio.sleep(min(wait, state.config.longest_retry_wait))
            async with self._connection(state.config.connections):
                if await self._try(state, updates, raw):
                    return
        state.counters.webhooks_abandoned += 1

    def _connection(self, connections: int) -> asyncio.Semaphore:
        """One of so many; whoever began with another number goes by that one."""
        return self._free.setdefault(connections, asyncio.Semaphore(connections))

    async def _try(self, state: State, updates: Sequence[Update], raw: bytes) -> bool:
        harms = (fault.kind for update in updates if (fault := state.fire(update.phone, TAMPERING)))
        harm = next(harms, "")
        state.counters.webhooks_sent += 1
        state.counters.updates_sent += len(updates)
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._threads, self._request, state.config, raw, harm):
            state.counters.webhooks_failed += 1
            return False
        state.counters.webhooks_acknowledged += 1
        state.counters.updates_acknowledged += len(updates)
        return True

    def _request(self, config: Config, raw: bytes, harm: str) -> bool:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(raw, config.app_secret),
        }
        if harm == "webhook_unsigned":
            del headers["X-Hub-Signature-256"]
        body = changed(raw) if harm == "webhook_changed" else raw
        try:
            answer = self._session.post(
                config.webhook_url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200


def changed(raw: bytes) -> bytes:
    """The last digit made another one: still JSON of the same length, and no longer what was signed."""
    *_, last = re.finditer(rb"[0-9]", raw)  # there is one: a timestamp, or the time of the entry
    digit = str((int(last[0]) + 1) % 10).encode()
    return raw[: last.start()] + digit + raw[last.end() :]

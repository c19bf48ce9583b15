"""Sending at WhatsApp's ceiling: 80 messages a second of a number, of which we use nine tenths.

The real functions in processes of their own, against the simulator with its limiter and 200 ms for each answer;
one worker as fast as this machine goes; and many of them in simulated time. Beside them the loop that a user of
pywa would write, and a worker that takes from its queue as fast as it can. BENCH_SECONDS=10 makes it short.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from cobranza.policy.slots import ALLOWED, SHARE_PERCENT
from local.replay.world import NUMBER
from tests.bench import lambdas, plain_senders
from tests.bench.report import Row
from tests.bench.sending_alone import alone
from tests.bench.table_server import TOKEN
from tests.integration.receiver import Simulator
from tests.integration.receiver import running as simulating
from tests.unit.pacing import Plan, Simulation

PACE = ALLOWED * SHARE_PERCENT / 100
LATENCY = 0.2
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
BASELINE_SECONDS = min(SECONDS, 10)
GOAL = 0.95


def run() -> list[Row]:
    return [*in_simulated_time(), *alone(), *for_real()]


@dataclass(frozen=True, slots=True)
class Measured:
    """`accepted` messages a second, and what Meta refused by its code."""

    per_second: float
    refused: dict[str, int]


# (a) Processes, tables, simulator.


def for_real() -> list[Row]:
    count = round(PACE * SECONDS)
    with (
        tempfile.TemporaryDirectory() as name,
        simulating(Path(name)) as simulator,
        _tables(name, count) as tables,
    ):
        _configure(simulator)
        with lambdas.running(_environment(tables["url"], simulator.url)) as workers:
            before = _counted(tables["url"])
            workers.put(map(_body, tables["reminders"]))
            ours = _until(simulator, count, SECONDS * 3)
        after = _counted(tables["url"])
        _configure(simulator)
        pywa = _during(simulator, plain_senders.pywa_loop(simulator.url, BASELINE_SECONDS))
        _configure(simulator)
        unpaced = _during(simulator, plain_senders.unpaced(simulator.url, BASELINE_SECONDS))
    return _rows(count, ours, workers.returned, before, after, pywa, unpaced)


def _rows(
    count: int,
    ours: Measured,
    returned: int,
    before: dict[str, Any],
    after: dict[str, Any],
    pywa: Measured,
    unpaced: Measured,
) -> list[Row]:
    calls = (sum(after["calls"].values()) - sum(before["calls"].values())) / count
    wru, rru = ((after[unit] - before[unit]) / count for unit in ("wru", "rru"))
    counted = {"calls": round(calls, 2), "wru": round(wru, 2), "rru": round(rru, 2)}
    too_fast = ours.refused.get("130429", 0)
    note = (
        f"{count:,} messages, {lambdas.SENDERS} senders of {lambdas.BATCH} threads, answers in 200 ms, "
        f"tables in memory behind DynamoDB's protocol; {returned} came back for their turn; "
        f"refused: {ours.refused or 'none'}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    share = ours.per_second / PACE
    ratio = round(ours.per_second / pywa.per_second, 1)
    is_good = share >= GOAL and not too_fast
    return [
        Row(
            f"sending: {ALLOWED}/s allowed, pace {PACE:.0f}/s",
            "messages/s",
            round(ours.per_second, 1),
            f"≥ {GOAL:.0%} of the pace, no 130429",
            is_good,
            round(pywa.per_second, 1),
            ratio,
            note,
            counted,
        ),
        Row("sending: 130429", "refusals", too_fast, "0", not too_fast, unpaced.refused.get("130429", 0)),
        Row(
            "sending: an unpaced worker beside it",
            "messages/s",
            round(unpaced.per_second, 1),
            "-",
            ok=True,
            note=f"refused: {unpaced.refused}; the pywa loop: {pywa.refused or 'nothing refused'}",
        ),
        Row("sending: write units", "a message", round(wru, 2), "≤ 7", round(wru, 2) <= 7, note=_STEPS),
        Row("sending: read units", "a message", round(rru, 2), "≤ 4", rru <= 4),
        Row("sending: AWS calls", "a message", round(calls, 2), "≤ 5", calls <= 5, note=str(after["calls"])),
    ]


_STEPS = "one debt each, evenly over the five steps of the standard ladder; all that a batch shares is in it"


def _configure(simulator: Simulator) -> None:
    simulator.post("/_sim/reset", {})
    told = {
        "access_token": TOKEN,
        "phone_numbers": {NUMBER: "+52 55 5555 0100"},
        "rates": {NUMBER: ALLOWED},
        "pair_rate": True,
        "latency": LATENCY,
        # What people write is counted against the number too: three in ten who answer at once are no measure.
        "behaviour": "silent",
    }
    simulator.post("/_sim/config", told).raise_for_status()


def _until(simulator: Simulator, count: int, patience: float) -> Measured:
    """From the first message to the last; to the end of patience where some never come."""
    begun, last, accepted = 0.0, time.monotonic(), 0
    counters: dict[str, Any] = {}
    while accepted < count and time.monotonic() - last < patience:
        time.sleep(0.1)
        counters = simulator.get("/_sim/counters")
        accepted = counters["accepted"]
        begun = begun or (time.monotonic() if accepted else 0.0)
    return Measured(accepted / (time.monotonic() - begun), counters["refused"])


def _during(simulator: Simulator, seconds: float) -> Measured:
    counters = simulator.get("/_sim/counters")
    return Measured(counters["accepted"] / seconds, counters["refused"])


@contextmanager
def _tables(folder: str, count: int) -> Generator[dict[str, Any]]:
    ready = Path(folder) / "tables.json"
    command = [sys.executable, "-m", "tests.bench.table_server", str(ready), str(count)]
    with subprocess.Popen(command) as process:
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise RuntimeError("the tables did not start")
                time.sleep(0.1)
            yield json.loads(ready.read_text())
        finally:
            process.terminate()


def _counted(url: str) -> dict[str, Any]:
    return requests.post(url, json={}, headers={"X-Amz-Target": "Bench.Counted"}, timeout=10).json()


def _body(reminder: dict[str, str]) -> str:
    return json.dumps({"v": 1, **reminder})


def _environment(tables: str, simulator: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": tables,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STAGE": "local",
        "LEDGER_TABLE": "ledger",
        "JOURNAL_TABLE": "journal",
        "REMINDERS_QUEUE_URL": "none",
        "PEOPLE_PER_DAY": "1000000",
        "SEND_WORKERS": str(lambdas.BATCH),
        "COUNTRIES_ON": "MX",
        "PROVIDER_SECRET": "provider",
        "GRAPH_API_URL": simulator,
        "GRAPH_API_VERSION": "v25.0",
        "POWERTOOLS_SERVICE_NAME": "send",
        "POWERTOOLS_METRICS_NAMESPACE": "Cobranza",
    }


# (c) Many workers in simulated time.


def in_simulated_time() -> list[Row]:
    return [_simulated(allowed) for allowed in (80, 1000)]


def _simulated(allowed: int) -> Row:
    seconds = 60 if allowed == ALLOWED else 30
    plans = [
        Plan(allowed=allowed, workers=workers, seconds=seconds, seed=seed)
        for workers in (5, 20, 50)
        for seed in (1, 2, 3)
    ]
    seen = [Simulation(plan).run() for plan in plans]
    shares = [each.share(plan) for each, plan in zip(seen, plans, strict=True)]
    refused = sum(each.refused for each in seen)
    return Row(
        f"pacing in simulated time: {allowed:,}/s allowed",
        "% of the pace",
        round(min(shares) * 100, 1),
        "≥ 95 in the worst run, none refused",
        min(shares) >= GOAL and not refused,
        note=f"5, 20, 50 workers, 3 seeds each, clocks ±200 ms, answers in 50 ms to 5 s, one dies every 20 s; "
        f"{refused} refused of {sum(len(each.calls) for each in seen):,}",
    )

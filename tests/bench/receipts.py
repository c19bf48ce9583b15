"""Two hundred receipts, a fifth of them with a fault on their way: how long until each is stored or explained."""

from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from local import drive, samples, stack
from local.stack import Stack
from tests.bench.report import Row
from tests.e2e.steps import csv, fault, post

RECEIPTS = 200
GOAL = 120.0
FAULTS = ("media_404", "media_http500", "media_timeout", "media_slow")
LIES: dict[int, dict[str, Any]] = {3: {"pdf": True, "lie": "zip"}, 23: {"image": True, "size": 120_000_000}}
KEPT = ("TO_VERIFY", "REVIEW")


def run() -> list[Row]:
    with stack.running(stack.FOLDER / "bench-receipts") as local:
        phones = _import(local)
        for number, phone in enumerate(phones):
            if number % 5 == 0:
                fault(local, FAULTS[number // 5 % len(FAULTS)], to=phone, count=1)
        for number, phone in enumerate(phones):
            post(local, f"borrowers/{phone}/say", LIES.get(number % 40, {"image": True}))
        drive.settle(local, patience=600)
        return _measured(local)


def _import(local: Stack) -> list[str]:
    drive.drop_and_wait(local, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    phones = [f"+52555555{number:04}" for number in range(RECEIPTS)]
    file = csv(datetime.now(UTC), {f"P{number}": phone for number, phone in enumerate(phones)})
    summary = drive.drop_and_wait(local, "debts/uno/cartera.csv", file.encode())
    if summary["created"] != RECEIPTS:
        raise RuntimeError(f"{summary['created']} of {RECEIPTS} borrowers imported")
    return phones


def _measured(local: Stack) -> list[Row]:
    receipts = [item for item in drive.items(local, "ledger") if "receipt" in item]
    seconds = sorted(_seconds(local, receipt) for receipt in receipts)
    states: dict[str, int] = {}
    for receipt in receipts:
        states[receipt["receipt"]] = states.get(receipt["receipt"], 0) + 1
    dead = drive.waiting(local, "media_dead_letters")
    fired = {kind: count for kind, count in drive.counters(local)["faults_fired"].items() if count}
    explained = sum(states.values()) == RECEIPTS and "TO_FETCH" not in states and not dead
    p95 = quantiles(seconds, n=20)[-1]
    note = f"{states}, faults {fired}, p50 {quantiles(seconds, n=2)[0]:.0f} s, longest {seconds[-1]:.0f} s"
    lost = f"{dead} dead letters"
    return [
        Row("receipts: sent to stored, p95", "s", round(p95, 1), f"< {GOAL:.0f}", p95 < GOAL, note=note),
        Row(
            "receipts: stored or explained",
            "of 200",
            RECEIPTS - dead,
            "200",
            explained,
            note=lost,
        ),
    ]


def _seconds(local: Stack, receipt: dict[str, Any]) -> float:
    """From when the borrower sent it to when the object was there or, with nothing to keep, that was known."""
    sent = datetime.fromisoformat(receipt["sk"].split("#")[0])
    if receipt["receipt"] not in KEPT:
        return (datetime.fromisoformat(receipt["settled_at"]) - sent).total_seconds()
    head = local.client("s3").head_object(Bucket=local.buckets["receipts"], Key=receipt["object"])
    # S3 tells whole seconds.
    return (head["LastModified"] - sent).total_seconds() + 1

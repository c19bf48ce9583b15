"""What must hold after a storm: counted in the tables and the day's files, and compared with the simulator."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from rich.console import Console

from local import drive, samples
from local.drive import Item
from local.leaks import leaks
from local.stack import Stack
from local.storm.people import Borrower, Cast, Does

# What each state of a message at the simulator must be in our table. One whose answer was cut is UNKNOWN until a
# status comes; of one that WhatsApp took, and told nothing more of, the profile says so.
_STATES = {
    "accepted": {"CLAIMED", "ACCEPTED", "UNKNOWN"},
    "sent": {"SENT"},
    "delivered": {"DELIVERED"},
    "read": {"READ"},
    "failed": {"FAILED"},
}
_NOT_THERE = {"CLAIMED", "RETRY", "FAILED", "UNKNOWN"}
_ARRIVED = {"SENT", "DELIVERED", "READ"}
# A line has the moment at which its run began; while DynamoDB throttles it, its writes may take so long.
_AT_WORK = timedelta(seconds=5)
_KNOWN_BY = {Does.PAY: "payment.applied", Does.STOP: "opt_out", Does.DISPUTE: "dispute"}


@dataclass(frozen=True)
class Facts:
    cast: Cast
    summaries: Mapping[str, Mapping[str, Any]]
    paused: tuple[datetime, datetime]
    ledger: list[Item]
    journal: list[Item]
    said: list[dict[str, Any]]
    faults: Mapping[str, int]
    """What went wrong at the simulator, and how often."""
    waiting: Mapping[str, int]
    outcomes: list[dict[str, str]]
    told: Mapping[str, Any]
    """summary.json beside outcomes.csv."""
    leaks: list[str]
    """Where a log, a queue or a metric names somebody."""

    @cached_property
    def ids(self) -> dict[str, str]:
        """The borrower's id by the partition of theirs."""
        return {
            item["pk"]: item["borrower_id"] for item in self.ledger if item["sk"] == "PROFILE" and "phone" in item
        }

    @cached_property
    def claims(self) -> dict[str, Item]:
        """The day's claims by the borrower's id."""
        return {self.ids[item["pk"]]: item for item in self.ledger if item["sk"].startswith("MSG#")}

    @cached_property
    def reminders(self) -> list[dict[str, Any]]:
        return [one for one in self.said if one["direction"] == "out" and one["opaque_id"].startswith("m1.")]

    @cached_property
    def confirmations(self) -> list[dict[str, Any]]:
        return [one for one in self.said if one["direction"] == "out" and one["opaque_id"].startswith("c1.")]

    @cached_property
    def heard(self) -> list[dict[str, Any]]:
        return [one for one in self.said if one["direction"] == "in"]

    def reminder_of(self, message: Mapping[str, Any]) -> str:
        """Whose reminder this is."""
        return self.ids[f"B#{message['opaque_id'].split('.')[1]}"]


def gather(
    stack: Stack,
    cast: Cast,
    summaries: Mapping[str, Mapping[str, Any]],
    paused: tuple[datetime, datetime],
    day: datetime,
) -> Facts:
    folder = f"results/{samples.PORTFOLIO}/outcomes/dt={day:%Y-%m-%d}"
    table = drive.read_object(stack, "inbox", f"{folder}/outcomes.csv") or b""
    told = drive.read_object(stack, "inbox", f"{folder}/summary.json") or b"{}"
    return Facts(
        cast,
        summaries,
        paused,
        list(drive.items(stack, "ledger")),
        list(drive.items(stack, "journal")),
        drive.said(stack),
        drive.counters(stack)["faults_fired"],
        {queue: drive.waiting(stack, queue) for queue in stack.queues if queue != "events_sample"},
        list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline=""))),
        json.loads(told),
        leaks(stack, samples.NAMES),
    )


type Check = tuple[str, str, list[Any]]
"""What must hold, its figure, and whatever breaks it."""


def show(facts: Facts, console: Console) -> int:
    """Prints each with its figure; 1 at the first that does not hold."""
    for check in CHECKS:
        for what, figure, broken in check(facts):
            console.print(f"{'[red]✗' if broken else '[green]✓'}[/] {what}: {figure}")
            if broken:
                console.print(f"  {len(broken)}, the first: {broken[:5]}", soft_wrap=True)
                return 1
    return 0


def _nothing_lost(facts: Facts) -> Iterator[Check]:
    tables = {key: each for key, each in facts.summaries.items() if "read" in each}
    parts = ("created", "updated", "unchanged", "refused")
    rows = sum(each["read"] for each in tables.values())
    yield (
        "every row has its end",
        f"{rows} rows of {len(tables)} files",
        [key for key, each in tables.items() if each["read"] != sum(each[part] for part in parts)],
    )
    first, *again = [each for key, each in tables.items() if key.startswith("debts/")]
    yield (
        "the same file changed nothing",
        f"{sum(each['unchanged'] for each in again)} rows unchanged, {first['refused']} refused each time",
        [each for each in again if each["created"] or each["updated"] or each["refused"] != first["refused"]],
    )
    kept = {item["wamid"]: item for item in facts.ledger if item.get("direction") == "in"}
    yield (
        "what borrowers wrote is kept",
        f"{len(facts.heard)} messages",
        [one["id"] for one in facts.heard if one["id"] not in kept],
    )
    pictures = [kept[one["id"]] for one in facts.heard if one["media_id"]]
    states = Counter(item.get("receipt", "none") for item in pictures)
    yield (
        "every picture is kept or explained",
        ", ".join(f"{count} {state}" for state, count in states.items()),
        [state for state in states if state in ("none", "PENDING")],
    )
    yield (
        "no queue and no dead letter is left",
        f"{len(facts.waiting)} queues",
        [queue for queue, count in facts.waiting.items() if count],
    )


def _nobody_twice(facts: Facts) -> Iterator[Check]:
    for name, messages in (("reminded", facts.reminders), ("confirmed to", facts.confirmations)):
        of_phones = Counter(one["to"] for one in messages)
        of_claims = Counter(one["opaque_id"] for one in messages)
        yield (
            f"nobody is {name} twice",
            f"{len(messages)} messages to {len(of_phones)} phones",
            [key for counter in (of_phones, of_claims) for key, count in counter.items() if count > 1],
        )


def _nobody_wrongly(facts: Facts) -> Iterator[Check]:
    reminded = {facts.reminder_of(one): one for one in facts.reminders}
    for does, people in facts.cast.early.items():
        yield (
            f"nobody who {does} while queued is reminded",
            f"{len(people)} people",
            [one.id for one in people if one.id in reminded],
        )
    for does, people in facts.cast.late.items():
        known = _known(facts, does)
        yield f"all who {does} are known", f"{len(known)}", [one.id for one in people if one.id not in known]
        late = [one.id for one in people if one.id in reminded and _claimed(facts, one) > known[one.id] + _AT_WORK]
        before = sum(1 for one in people if one.id in reminded)
        yield f"nobody is reminded after it is known who {does}", f"{before} of {len(people)} were before", late
    nobody = {one.id for one in facts.cast.borrowers.values() if not one.has_agreed or not one.owes}
    nobody |= {one.id for one in facts.cast.borrowers.values() if one.phone in facts.cast.sharing}
    yield (
        "nobody is reminded without consent or debt, or on a shared phone",
        f"{len(nobody)} people",
        [name for name in reminded if name in nobody or name not in facts.cast.borrowers],
    )
    since, until = facts.paused
    yield (
        "nobody is reminded during a pause",
        f"{(until - since).total_seconds():.0f} s",
        [one["opaque_id"] for one in facts.reminders if since < datetime.fromisoformat(one["at"]) < until],
    )


def _one_outcome(facts: Facts) -> Iterator[Check]:
    due = [row for row in facts.outcomes if row["outcome"] != "SKIPPED_SUPERSEDED"]
    debts = Counter((row["borrower_id"], row["debt_id"], row["instalment"]) for row in due)
    codes = Counter(row["outcome"] for row in due)
    yield (
        "every due debt has one outcome",
        ", ".join(f"{count} {code}" for code, count in codes.most_common()),
        [key for key, count in debts.items() if count > 1] + [c for c in codes if c == "SKIPPED_NOT_LOOKED_AT"],
    )
    yield (
        "the day's sum is right",
        f"{facts.told.get('due')} due",
        [] if facts.told.get("due") == len(due) > 0 and not facts.told.get("missing") else [dict(facts.told)],
    )
    of = {
        (row["borrower_id"], f"{row['portfolio']}#{row['debt_id']}#{row['instalment']}"): row["outcome"]
        for row in due
    }
    states = {"accepted": {"SENT", "UNKNOWN"}} | {s: {s.upper()} for s in ("sent", "delivered", "read")}
    wrong = [
        (name, debt, one["status"], outcome)
        for one in facts.reminders
        for name in [facts.reminder_of(one)]
        for debt in facts.claims[name]["debts"]
        for outcome in [of.get((name, debt), "none")]
        if outcome not in states.get(one["status"], {f"FAILED_{one['code']}"})
    ]
    yield "outcomes are what WhatsApp did", f"{len(facts.reminders)} reminders", wrong


def _counters_agree(facts: Facts) -> Iterator[Check]:
    at_meta = {facts.reminder_of(one): one for one in facts.reminders}
    wrong = [
        (name, item["state"], at_meta[name]["status"] if name in at_meta else "never there")
        for name, item in facts.claims.items()
        if item["state"] not in (_STATES[at_meta[name]["status"]] if name in at_meta else _NOT_THERE)
    ]
    states = Counter(item["state"] for item in facts.claims.values())
    figure = ", ".join(f"{count} {state}" for state, count in states.most_common())
    yield "each message is as far as at WhatsApp", figure, wrong
    yield "none is at WhatsApp alone", f"{len(at_meta)}", [name for name in at_meta if name not in facts.claims]
    ours = Counter(item["state"].lower() for item in facts.claims.values() if item["state"] in _ARRIVED)
    theirs = Counter(one["status"] for one in facts.reminders if one["status"].upper() in _ARRIVED)
    yield "the counts are the simulator's", f"{dict(ours)}", [] if ours == theirs else [ours, theirs]
    stopped = {item["pk"] for item in facts.ledger if "opted_out_at" in item}
    said = {one["from"] for one in facts.heard if one["text"] in ("BAJA", "SAIR", "STOP", "No me escriban más")}
    profiles = {item["pk"]: item for item in facts.ledger if item["sk"] == "PROFILE" and "phone" in item}
    missing = [pk for pk, item in profiles.items() if (item["phone"] in said) != (pk in stopped)]
    yield "who said stop is stopped, and nobody else", f"{len(said)} phones", missing


def _known(facts: Facts, does: Does) -> dict[str, datetime]:
    """When the stack first noted it, by borrower's id."""
    known: dict[str, datetime] = {}
    for line in facts.journal:
        if line.get("event") == _KNOWN_BY[does] and line["pk"] in facts.ids:
            name, noted = facts.ids[line["pk"]], datetime.fromisoformat(line["noted_at"])
            known[name] = min(noted, known.get(name, noted))
    return known


def _claimed(facts: Facts, one: Borrower) -> datetime:
    """When the day was taken; a reminder without a claim is as bad as one that comes too late."""
    claim = facts.claims.get(one.id)
    return datetime.fromisoformat(claim["claimed_at"]) if claim else datetime.max.replace(tzinfo=UTC)


def _nobody_named(facts: Facts) -> Iterator[Check]:
    yield "nobody is named in logs, queues and metrics", f"{len(facts.cast.borrowers)} people", facts.leaks


CHECKS: tuple[Callable[[Facts], Iterator[Check]], ...] = (
    _nothing_lost,
    _nobody_twice,
    _nobody_wrongly,
    _one_outcome,
    _counters_agree,
    _nobody_named,
)

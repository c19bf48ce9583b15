"""The storm's own judgement: what it is quiet about, and that it sees each thing which must not be."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from local.storm import checks
from local.storm.checks import Facts
from local.storm.people import Borrower, Cast, Does, cast, payments_csv

NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
PAUSED = NOON + timedelta(minutes=20), NOON + timedelta(minutes=22)


@pytest.fixture(scope="module")
def people() -> Cast:
    return cast(NOON.date(), 1300)


def test_nobody_has_two_roles(people: Cast) -> None:
    roles = [one.id for part in (people.early, people.late) for each in part.values() for one in each]
    assert len(roles) == len(set(roles)) >= 6 * 20
    assert all(
        people.borrowers[name].owes and people.borrowers[name].phone not in people.sharing for name in roles
    )
    assert len(people.sharing) >= 3


def test_who_pays_pays_all_they_owe() -> None:
    one = Borrower("C1", "+52", "MX", True, ((Decimal("10.50"), "MXN"), (Decimal(2), "MXN")))
    assert payments_csv([one], NOON).splitlines()[1:] == [f"P-C1-MXN,C1,12.50,MXN,{NOON.isoformat()}"]


@pytest.fixture
def facts(people: Cast) -> Facts:
    """A day on which all went well: whoever may be reminded has read it, before and after the pause."""
    early = {one.id for each in people.early.values() for one in each}
    late = {one.id: does for does, each in people.late.items() for one in each}
    silent = people.sharing
    able = [b for b in people.borrowers.values() if b.has_agreed and b.owes and b.phone not in silent]
    reminded = [one for one in able if one.id not in early]
    stopped = {one.id for part in (people.early, people.late) for one in part[Does.STOP]}
    profiles = [
        {"pk": f"B#{one.id}", "sk": "PROFILE", "borrower_id": one.id, "phone": one.phone}
        | ({"opted_out_at": "x"} if one.id in stopped else {})
        for one in people.borrowers.values()
    ]
    claims = [
        {
            "pk": f"B#{one.id}",
            "sk": "MSG#2026-11-24",
            "state": "READ",
            "claimed_at": NOON.isoformat(),
            "debts": {"a#F#": []},
        }
        for one in reminded
    ]
    words = [_said(one, "in", text=one.words(Does.STOP)) for one in people.borrowers.values() if one.id in stopped]
    kept = [{"pk": "CHAT#x", "sk": one["id"], "direction": "in", "wamid": one["id"]} for one in words]
    known = {Does.PAY: "payment.applied", Does.STOP: "opt_out", Does.DISPUTE: "dispute"}
    noted = (NOON + timedelta(minutes=30)).isoformat()
    rows = {"read": 10, "created": 8, "updated": 0, "unchanged": 0, "refused": 2}
    same = rows | {"created": 0, "unchanged": 8}
    return Facts(
        cast=people,
        summaries={"debts/a/x.csv": rows, "debts/a/x.csv again": same},
        paused=PAUSED,
        ledger=[*profiles, *claims, *kept],
        journal=[{"pk": f"B#{name}", "event": known[does], "noted_at": noted} for name, does in late.items()],
        said=[*words, *(_said(one, "out") for one in reminded)],
        faults={},
        waiting={"files": 0, "files_dead_letters": 0},
        outcomes=[
            {"borrower_id": one.id, "portfolio": "a", "debt_id": "F", "instalment": "", "outcome": "READ"}
            for one in reminded
        ],
        told={"due": len(reminded), "missing": 0},
        leaks=[],
    )


def _said(one: Borrower, direction: str, text: str = "") -> dict[str, Any]:
    return {
        "direction": direction,
        "from" if direction == "in" else "to": one.phone,
        "id": f"{direction}.{one.id}",
        "opaque_id": "" if direction == "in" else f"m1.{one.id}.20261124",
        "text": text,
        "media_id": "",
        "status": "read",
        "code": 0,
        "at": NOON.isoformat(),
    }


def shown(facts: Facts) -> tuple[int, str]:
    out = io.StringIO()
    return checks.show(facts, Console(file=out, width=200)), out.getvalue()


def test_a_good_day_is_good(facts: Facts) -> None:
    code, told = shown(facts)
    assert code == 0, told
    assert told.count("✓") >= 18


def _reminded(facts: Facts, name: str, **changes: Any) -> Facts:
    """As if WhatsApp had accepted a reminder to this borrower."""
    return replace(facts, said=[*facts.said, _said(facts.cast.borrowers[name], "out") | changes])


def _first(facts: Facts, where: str) -> dict[str, Any]:
    return next(one for one in getattr(facts, where))


def _changed(facts: Facts, what: str, choose: Callable[[dict[str, Any]], bool], **changes: Any) -> Facts:
    items = list[dict[str, Any]](getattr(facts, what))
    place = next(i for i, item in enumerate(items) if choose(item))
    items[place] = items[place] | changes
    return replace(facts, **{what: items})


def _summed(facts: Facts, file: str, **changes: int) -> Facts:
    summaries = dict(facts.summaries)
    return replace(facts, summaries=summaries | {file: dict(summaries[file]) | changes})


def _is_claim(item: dict[str, Any]) -> bool:
    return item["sk"].startswith("MSG#")


def _is_reminder(message: dict[str, Any]) -> bool:
    return message["opaque_id"].startswith("m1.")


def _without_consent(facts: Facts) -> str:
    active = {one.id for part in (facts.cast.early, facts.cast.late) for each in part.values() for one in each}
    people = facts.cast.borrowers.values()
    return next(one.id for one in people if not one.has_agreed and one.id not in active)


BAD: dict[str, Callable[[Facts], Facts]] = {
    "every row has its end": lambda f: _summed(f, "debts/a/x.csv", refused=1),
    "the same file changed nothing": lambda f: _summed(f, "debts/a/x.csv again", updated=1, unchanged=7),
    "what borrowers wrote is kept": lambda f: replace(
        f, ledger=[item for item in f.ledger if item.get("wamid") != _first(f, "said")["id"]]
    ),
    "every picture is kept or explained": lambda f: _changed(f, "said", lambda m: m["text"] != "", media_id="1"),
    "no queue and no dead letter is left": lambda f: replace(f, waiting={"files_dead_letters": 1}),
    "nobody is reminded twice": lambda f: replace(f, said=[*f.said, f.said[-1]]),
    "nobody who pays while queued is reminded": lambda f: _reminded(f, f.cast.early[Does.PAY][0].id),
    "nobody who says stop while queued is reminded": lambda f: _reminded(f, f.cast.early[Does.STOP][0].id),
    "nobody who disputes while queued is reminded": lambda f: _reminded(f, f.cast.early[Does.DISPUTE][0].id),
    "nobody is reminded after it is known who pays": lambda f: _changed(
        f,
        "ledger",
        lambda item: _is_claim(item) and item["pk"] == f"B#{f.cast.late[Does.PAY][0].id}",
        claimed_at=(NOON + timedelta(hours=1)).isoformat(),
    ),
    "all who disputes are known": lambda f: replace(f, journal=[e for e in f.journal if e["event"] != "dispute"]),
    "nobody is reminded without consent": lambda f: _reminded(f, _without_consent(f)),
    "nobody is reminded during a pause": lambda f: _changed(
        f, "said", _is_reminder, at=(PAUSED[0] + timedelta(seconds=1)).isoformat()
    ),
    "every due debt has one outcome": lambda f: replace(f, outcomes=[*f.outcomes, f.outcomes[0]]),
    "the day's sum is right": lambda f: replace(f, told=dict(f.told) | {"missing": 1}),
    "outcomes are what WhatsApp did": lambda f: _changed(f, "outcomes", lambda _: True, outcome="SENT"),
    "each message is as far as at WhatsApp": lambda f: _changed(f, "ledger", _is_claim, state="SENT"),
    "who said stop is stopped, and nobody else": lambda f: _changed(
        f, "ledger", lambda item: item["sk"] == "PROFILE" and "opted_out_at" not in item, opted_out_at="x"
    ),
    "nobody is named in logs, queues and metrics": lambda f: replace(f, leaks=["/aws/lambda/send: +52…"]),
}


@pytest.mark.parametrize("what", BAD)
def test_each_thing_that_must_not_be_is_seen(facts: Facts, what: str) -> None:
    code, told = shown(BAD[what](facts))
    assert code == 1
    assert f"✗ {what}" in told, told[-600:]

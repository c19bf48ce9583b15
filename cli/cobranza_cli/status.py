"""`cobranza status`: portfolios, pauses, what WhatsApp has stopped, texts that cannot be sent, imports, queues."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from cobranza.errors import InvalidInput
from cobranza.flows.apply_control import held
from cobranza.ledger.confirmation import Subject
from cobranza.policy.breaker import Breaker
from cobranza.policy.message import FIRST_CONTACT
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.registered import remedy
from cobranza.store import keys
from cobranza.store.controls import Controls
from cobranza.store.imports import Import, Imports, State
from cobranza.store.ledger import Ledger
from cobranza.store.table import utc
from cobranza.whatsapp.errors import rule_for
from cobranza.whatsapp.templates import stand_ins
from cobranza_cli import queues
from cobranza_cli.place import Place

NEWEST = 10


def told(place: Place, portfolio: str) -> dict[str, Any]:
    """As JSON, of one portfolio or of all. Raises InvalidInput for one that nobody knows."""
    imports = Imports(place.ledger)
    names = [_one(place, imports, portfolio)] if portfolio else _portfolios(place)
    return {
        "paused": {scope: told for scope in (keys.ALL, *names) if (told := _pause(place, scope))},
        "stopped": {scope: _stop(breaker) for scope, breaker in Ledger(place.ledger).breakers().items()},
        "templates": templates(place, names),
        "portfolios": {name: _portfolio(place, imports, name) for name in names},
        "queues": queues.waiting(place) | queues.given_up(place),
    }


def _one(place: Place, imports: Imports, portfolio: str) -> str:
    """Files may have come before anybody declared it."""
    declared = [each.id for each in Ledger(place.ledger).portfolios()]
    return portfolio if any(imports.of(portfolio)) else known(portfolio, declared)


def known(portfolio: str, names: Collection[str]) -> str:
    """The portfolio, if it is one of these. Raises InvalidInput."""
    if portfolio in names:
        return portfolio
    raise InvalidInput("UNKNOWN_PORTFOLIO", f"no portfolio {portfolio!r}; there are {', '.join(names) or 'none'}")


def show(console: Console, told: dict[str, Any]) -> None:
    for scope, pause in told["paused"].items():
        held = f"{pause['held']:,} borrowers held"
        console.print(f"[yellow]{scope} is paused[/yellow] since {pause['since']}, {held} {pause['reason']}")
    for scope, stop in told["stopped"].items():
        if stop["code"] is None:
            console.print(f"[yellow]{scope} is paused[/yellow] since {stop['since']}: {stop['resume']}")
            continue
        console.print(
            f"[red]WhatsApp has stopped {scope}[/red] since {stop['since']}: {stop['code']} {stop['title']}"
        )
        console.print(f"  {stop['remedy']}: {stop['resume']}")
    for (language, fault), texts in _alike(told["templates"]).items():
        console.print(f"[red]cannot be sent in {language}[/red]: {fault} {', '.join(texts)}")
        console.print(f"  {remedy(fault)}")
    for name, portfolio in told["portfolios"].items():
        table = Table(
            "file", "state", "parts", "as of", title=f"{name}: book as of {portfolio['as_of'] or 'nothing'}"
        )
        for each in portfolio["imports"]:
            table.add_row(each["file"], each["state"], f"{each['done']}/{each['parts']}", each["as_of"])
        console.print(table)
    table = Table("queue", "messages")
    for name, count in told["queues"].items():
        table.add_row(name, str(count), style="red" if count and name.endswith("given up") else "")
    console.print(table)


def _portfolios(place: Place) -> list[str]:
    """Those under which something was dropped."""
    s3 = place.client("s3")
    found: set[str] = set()
    for kind in ("portfolios", "debts", "snapshots"):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=place.outputs["Inbox"], Prefix=f"{kind}/", Delimiter="/"
        )
        for page in pages:
            prefixes = (each["Prefix"] for each in page.get("CommonPrefixes", []))
            found |= {prefix.split("/")[1] for prefix in prefixes}
    return sorted(found)


def _pause(place: Place, scope: str) -> dict[str, Any] | None:
    controls = Controls(place.ledger)
    control = controls.of(scope)
    if not control.is_paused:
        return None
    stopped = controls.held(control.pause)
    so_far = held(Ledger(place.ledger), stopped, control.pause, place.now())
    return {"since": control.paused_at, "held": len(so_far), "reason": control.reason}


def _stop(breaker: Breaker) -> dict[str, Any]:
    """A pause by hand has no code of Meta's, and nothing to mend."""
    rule = None if breaker.is_by_hand else rule_for(breaker.code)
    return {
        "since": utc(datetime.fromisoformat(breaker.since)),
        "code": rule and breaker.code,
        "title": rule and rule.title,
        "remedy": rule and rule.remedy.en,
        "resume": f"cobranza resume {breaker.scope}",
    }


def templates(place: Place, names: list[str]) -> dict[str, dict[str, str]]:
    """Of the texts that are used, those that cannot be sent as Meta has them, in every language: a row may name
    any."""
    used = texts(place, names)
    return {
        f"{name} {language}": {"fault": fault, "remedy": remedy(fault)}
        for (name, language), fault in sorted(place.faults().items())
        if name in used
    }


def texts(place: Place, names: Iterable[str]) -> set[str]:
    """The names of those that these portfolios use, and the API of cases where there is one."""
    ledger = Ledger(place.ledger)
    used = {text for name in names if (portfolio := ledger.portfolio(name)) for text in _texts(ledger, portfolio)}
    return used | ({Subject.CASE} if "CasesUrl" in place.outputs else set())


def _alike(templates: dict[str, dict[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The names of the texts, by language and fault."""
    found: dict[tuple[str, str], list[str]] = {}
    for text, told in templates.items():
        name, language = text.split(" ")
        found.setdefault((language, told["fault"]), []).append(name)
    return found


def _texts(ledger: Ledger, portfolio: Portfolio) -> set[str]:
    named = ledger.strategy(portfolio.portfolio_id).templates
    names = {FIRST_CONTACT, *named, *(stand_ins()[name] for name in named if name in stand_ins())}
    told = {Subject.PAYMENT: portfolio.confirms_payments, Subject.THANKS: portfolio.thanks_punctual}
    return names | {str(subject) for subject, is_told in told.items() if is_told}


def _portfolio(place: Place, imports: Imports, name: str) -> dict[str, Any]:
    standing = place.ledger.get(keys.standing(name)) or {}
    newest = sorted(imports.of(name), key=lambda each: each.started_at, reverse=True)
    running = [each for each in newest if each.state is not State.DONE]
    shown = running + [each for each in newest if each.state is State.DONE][:NEWEST]
    return {"as_of": standing.get("as_of", ""), "imports": [_import(each) for each in shown]}


def _import(each: Import) -> dict[str, Any]:
    return {
        "file": each.key,
        "state": each.state.value,
        "done": len(each.done),
        "parts": each.parts,
        "as_of": each.as_of.isoformat(),
    }

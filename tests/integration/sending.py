"""What the sender's tests share: who is due, WhatsApp's answers and stops, and what Meta tells of a message."""

import json
from dataclasses import asdict, replace
from typing import Any

from cobranza.policy.portfolio import parse_portfolio
from cobranza.queues import Reminder
from cobranza.store.objects import Bucket
from cobranza.store.table import exact
from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError, rule_for
from cobranza.whatsapp.events import parse
from tests.integration.fakes import FakeWhatsApp, received
from tests.integration.replies import NUMBER, Drop
from tests.integration.world import PORTFOLIO_YAML, World, debts

ACCOUNT = "number:all"
OTHER = "100000000000002"  # the number of the second portfolio

PACE = Refused(Action.RETRY, ProviderError(130429, "Too fast", "slow down"), 30)
NOT_ON_WHATSAPP = Refused(Action.OTHER_PHONE, ProviderError(131026, "Undeliverable", "no WhatsApp there"))
CUT = Unclear(ProviderError(0, "ReadTimeout", "no answer to a request that may have left"))


def status(world: World, message: dict[str, Any], state: str, **told: Any) -> None:
    """Meta tells what became of a message of ours."""
    element = {"id": "wamid.0", "status": state, "timestamp": str(int(world.now.timestamp())), **told}
    element["biz_opaque_callback_data"] = message["biz_opaque_callback_data"]
    value = {"metadata": {"phone_number_id": "1"}, "statuses": [element]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


def through(world: World, whatsapp: FakeWhatsApp) -> World:
    return replace(world, whatsapp=whatsapp)


def due(world: World, drop: Drop, *borrowers: str, portfolio: str = "tienda", **terms: str) -> list[Reminder]:
    """Their debts are due, and the scheduler has queued them; each has the phone of its name's digit."""
    people = ({"borrower_id": name, "phone": f"+52555555010{name[1:]}", **terms} for name in borrowers)
    drop(f"debts/{portfolio}/{'-'.join(borrowers)}.csv", debts(*people))
    return world.tick()


def remind(world: World, reminders: list[Reminder]) -> list[str]:
    return [world.sender.remind(reminder, world.now).code for reminder in reminders]


def refusal(code: int) -> Refused:
    return Refused(rule_for(code).action, ProviderError(code, "Meta's title", "Meta's details", "Aabc"))


def resume(world: World, scope: str, text: str | None = None) -> Any:
    """The order to resume, with the moment of now unless it says another; the summary that comes of it."""
    key = f"control/{scope}/RESUME"
    world.s3.put_object(Bucket="inbox", Key=key, Body=(exact(world.now) if text is None else text).encode())
    return world.control.take(Bucket(world.s3, "inbox"), key, world.now)


def second_portfolio(world: World) -> None:
    text = PORTFOLIO_YAML.replace(NUMBER, OTHER)
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "otra"), world.now)
    world.ledger.refresh("otra", world.now)


def records(reminders: list[Reminder]) -> list[dict[str, Any]]:
    """What SQS gives the sender of them."""
    return [
        {
            "messageId": each.borrower,
            "receiptHandle": "h",
            "body": json.dumps(asdict(each)),
            "attributes": received(),
        }
        for each in reminders
    ]

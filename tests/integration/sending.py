"""What the tests of the sender share: a reminder's answers, and what Meta tells of a message."""

import json
from dataclasses import replace
from typing import Any

from cobranza.whatsapp.client import Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from cobranza.whatsapp.events import parse
from tests.integration.fakes import FakeWhatsApp
from tests.integration.world import World

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

"""Cases of whom nobody may write to in free words any more, and what is sent by a template."""

from typing import Any

from cobranza.policy.portfolio import parse_portfolio
from cobranza.whatsapp.errors import ProviderError
from tests.integration.rows import apply
from tests.integration.test_cases_api import noted, opened, order
from tests.integration.world import PORTFOLIO_YAML, World

NAME = "consulta_respondida"
BY_NAME = {"template": NAME}
WRONG = ProviderError(131000, "Something went wrong", "")
# A text that keeps reminders back for 48 hours, and no more.
UNCLEAR_TEXT = "asdf qwer"


def waiting(world: World, text: str = "no reconozco esa deuda", **told: str) -> str:
    """The case of somebody who wrote a day ago; it is Wednesday, 11:05 in Mexico City."""
    case = opened(world, text, **told)
    world.later(days=1)
    return case


def write(world: World, case: str, **told: Any) -> tuple[int, Any]:
    return order(world, "answer", case, BY_NAME, **told)


def refused(world: World, case: str, **told: Any) -> tuple[str, str]:
    """The code and the reason; nothing left."""
    status, answer = write(world, case, **told)
    assert status == 409
    assert left(world) == []
    return answer["code"], answer.get("reason", "")


def names(world: World) -> list[str]:
    """The templates that left."""
    return [message["template"]["name"] for message in world.whatsapp.sent if message["type"] == "template"]


def left(world: World) -> list[dict[str, Any]]:
    return [message for message in world.whatsapp.sent if message.get("template", {}).get("name") == NAME]


def said(world: World, action: str, **cells: str) -> None:
    row = {"borrower_id": "C1", "action": action, "source": "mesa", "at": world.now.isoformat()}
    assert apply(world, "contacts", row | cells).refusals == []
    world.later(minutes=1)


def kind(world: World, case: str) -> list[str]:
    return [line["type"] for line in noted(world, "case.answered") if line["case"] == case]


def changed(world: World, old: str, new: str) -> None:
    text = PORTFOLIO_YAML.replace(old, new)
    assert text != PORTFOLIO_YAML
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)

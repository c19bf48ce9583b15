"""A message with its invoice: uploaded before anything is claimed, once, and never a message without it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from cobranza.errors import MissingSetting
from cobranza.flows.upload_document import DocumentDesk
from cobranza.policy.strategy import Rule, Step
from cobranza.store.documents import Documents
from cobranza.whatsapp.documents import DocumentCourier, TokenRefused
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.guarded import TryAgain, Unusable
from tests.integration.loading import KEY
from tests.integration.rows import codes
from tests.integration.sending import ACCOUNT, resume
from tests.integration.world import World, debts
from tests.unit.books import ladder

type Drop = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

LINK = "https://pagos.example.com/f1.pdf"
INVOICE = {"document_url": LINK, "document_name": "factura-1.pdf"}
STEPS = tuple(Step(days=days, template="factura_documento") for days in (0, 1, 5, 29, 30))
WITH_DOCUMENT = ladder(
    name="documents",
    version="1",
    rules=(
        Rule(
            name="all",
            steps=tuple(step.model_copy(update={"past_due_template": "factura_documento"}) for step in STEPS),
        ),
    ),
)


@dataclass
class FakeCourier:
    """Uploads whatever it is asked for, unless it is told to fail."""

    fails_with: Exception | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def deliver(self, link: str, name: str, phone_number_id: str) -> str:
        self.asked.append((link, name, phone_number_id))
        if self.fails_with:
            raise self.fails_with
        return f"M{len(self.asked)}"


@pytest.fixture
def courier(world: World) -> FakeCourier:
    fake = FakeCourier()
    world.ledger.save_strategy("tienda", WITH_DOCUMENT, world.now)
    desk = DocumentDesk(Documents(world.table), cast(DocumentCourier, fake))
    world.sender = replace(world.sender, strategy_of=world.ledger.strategy, documents=desk)
    return fake


def heads(world: World) -> list[dict[str, Any]]:
    """The document of each message that left."""
    components = [message["template"]["components"][0] for message in world.whatsapp.sent]
    return [head["parameters"][0]["document"] for head in components if head["type"] == "header"]


def test_the_invoice_is_uploaded_for_the_number_that_sends_it(
    world: World, drop: Drop, courier: FakeCourier
) -> None:
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["SENT"]
    assert courier.asked == [(LINK, "factura-1.pdf", "100000000000001")]
    assert heads(world) == [{"id": "M1", "filename": "factura-1.pdf"}]
    assert world.message_items()[0]["template"] == "factura_documento"


def test_an_upload_is_used_again_until_meta_forgets_it(world: World, drop: Drop, courier: FakeCourier) -> None:
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["SENT"]
    world.later(days=1)
    assert codes(world) == ["SENT"]
    assert len(courier.asked) == 1
    world.later(days=29)
    assert codes(world) == ["SENT"]
    assert len(courier.asked) == 2
    assert [head["id"] for head in heads(world)] == ["M1", "M1", "M2"]


def test_another_link_is_uploaded_anew(world: World, drop: Drop, courier: FakeCourier) -> None:
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["SENT"]
    world.later(days=1)
    drop("debts/tienda/b.csv", debts({"document_url": f"{LINK}?v=2"}))
    assert codes(world) == ["SENT"]
    assert [link for link, _, _ in courier.asked] == [LINK, f"{LINK}?v=2"]


@pytest.mark.parametrize("why", [TryAgain("HTTP 503"), Unusable("NOT_PDF"), Unusable("TOO_LARGE")])
def test_without_its_document_no_message_leaves_and_the_next_day_looks_again(
    world: World, drop: Drop, courier: FakeCourier, why: Exception
) -> None:
    courier.fails_with = why
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["SKIPPED_NO_DOCUMENT"]
    assert (world.whatsapp.sent, world.message_items()) == ([], [])
    assert "step" not in world.item("DEBT#tienda#F-1#")
    courier.fails_with = None
    world.later(days=1)
    assert codes(world) == ["SENT"]
    assert len(heads(world)) == 1


def test_a_token_that_is_refused_at_the_upload_stops_all_and_skips_nobody(
    world: World, drop: Drop, courier: FakeCourier
) -> None:
    courier.fails_with = TokenRefused(ProviderError(190, "Access token has expired", ""))
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["DEFERRED_BREAKER"]
    assert list(world.ledger.breakers()) == [ACCOUNT]
    assert (world.whatsapp.sent, world.message_items()) == ([], [])
    courier.fails_with = None
    world.later(minutes=5)
    resume(world, ACCOUNT)
    assert codes(world) == ["SENT"]
    assert len(heads(world)) == 1


def test_each_due_debt_has_the_outcome(world: World, drop: Drop, courier: FakeCourier) -> None:
    courier.fails_with = TryAgain("HTTP 503")
    drop(KEY, debts(INVOICE, INVOICE | {"debt_id": "F-2"}))
    assert codes(world) == ["SKIPPED_NO_DOCUMENT"]
    (line,) = [item for item in world.items("journal") if item["event"] == "outcome"]
    assert line["debts"] == dict.fromkeys(("tienda#F-1#", "tienda#F-2#"), "SKIPPED_NO_DOCUMENT")


@pytest.mark.parametrize("link", ["", "https://elsewhere.example/f1.pdf", "http://pagos.example.com/f1.pdf"])
def test_without_an_approved_link_nothing_is_fetched(
    world: World, drop: Drop, courier: FakeCourier, link: str
) -> None:
    drop(KEY, debts({"document_url": link}))
    assert codes(world) == ["SKIPPED_NO_DOCUMENT"]
    assert courier.asked == []


def test_without_a_token_the_reminder_fails_before_its_claim(
    world: World, drop: Drop, courier: FakeCourier
) -> None:
    courier.fails_with = MissingSetting("no token")
    drop(KEY, debts(INVOICE))
    (reminder,) = world.tick()
    with pytest.raises(MissingSetting):
        world.sender.remind(reminder, world.now)
    assert world.message_items() == []


def test_a_sender_that_cannot_upload_sends_no_message(world: World, drop: Drop, courier: FakeCourier) -> None:
    world.sender = replace(world.sender, documents=None)
    drop(KEY, debts(INVOICE))
    assert codes(world) == ["SKIPPED_NO_DOCUMENT"]
    assert world.whatsapp.sent == []

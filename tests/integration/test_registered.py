"""Templates as Meta has registered them decide what may be named, planned and sent."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza import telemetry
from cobranza.flows.faults import faults_of
from cobranza.flows.plan_day import Planner
from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.registered import Registered
from cobranza.queues import Queue
from cobranza.store.book import Book
from cobranza.whatsapp.events import parse
from cobranza_cli import app, queues, status
from tests.integration.fakes import FakeContext
from tests.integration.place import WorldPlace
from tests.integration.registered import as_, shaped, sync
from tests.integration.replies import Drop
from tests.integration.rows import apply, codes
from tests.integration.sending import due, records, remind
from tests.integration.test_confirmations import PAID
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

STATUS, QUALITY, CATEGORY = (
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
)


def tell(world: World, field: str, *, minutes: float = 0, name: str = "vence_hoy", **told: Any) -> None:
    """Meta's news, so many minutes from now."""
    value = {"message_template_id": 1, "message_template_name": name, "message_template_language": "es"} | told
    at = int((world.now + timedelta(minutes=minutes)).timestamp())
    body = {"entry": [{"id": "W", "time": at, "changes": [{"field": field, "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


# While it runs.


def test_news_hold_the_next_message_of_the_queue_and_let_it_go_once(world: World, drop: Drop) -> None:
    sync(world)
    first, second = due(world, drop, "C1", "C2")
    assert remind(world, [first]) == ["SENT"]
    tell(world, STATUS, minutes=1, event="PAUSED")
    assert remind(world, [second]) == ["DEFERRED_TEMPLATE"]
    assert len(world.whatsapp.sent) == 1
    tell(world, STATUS, minutes=2, event="APPROVED")
    world.later(minutes=31)
    assert remind(world, world.tick()) == ["SENT"]
    assert len(world.whatsapp.sent) == 2


@pytest.mark.parametrize(
    ("field", "told", "code"),
    [
        (STATUS, {"event": "DISABLED"}, "DEFERRED_TEMPLATE"),
        (STATUS, {"event": "FLAGGED"}, "SENT"),
        (CATEGORY, {"previous_category": "UTILITY", "new_category": "MARKETING"}, "DEFERRED_TEMPLATE"),
        (CATEGORY, {"new_category": "UTILITY", "correct_category": "MARKETING"}, "SENT"),
        (QUALITY, {"previous_quality_score": "GREEN", "new_quality_score": "RED"}, "SENT"),
    ],
)
def test_each_kind_of_news_is_obeyed_and_kept_as_it_came(
    world: World, drop: Drop, field: str, told: dict[str, Any], code: str
) -> None:
    tell(world, field, **told)
    assert remind(world, due(world, drop, "C1")) == [code]
    assert [item["pk"] for item in world.items() if item["pk"].startswith("NEWS#")] == [f"NEWS#{field}"]


def test_a_confirmation_waits_for_its_template_too_and_is_told_once(world: World, drop: Drop) -> None:
    text = PORTFOLIO_YAML.replace("confirms_payments: false", "confirms_payments: true")
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    sync(world, as_("pago_recibido", status="PAUSED"))
    drop("debts/tienda/a.csv", debts({"amount": "150.00"}), metadata={"as-of": "2026-11-23T18:00:00-06:00"})
    apply(world, "payments", PAID)
    codes(world)
    assert world.whatsapp.sent == []
    tell(world, STATUS, minutes=1, name="pago_recibido", event="APPROVED")
    for _ in range(3):
        world.later(minutes=31)
        codes(world)
    assert [message["template"]["name"] for message in world.whatsapp.sent] == ["pago_recibido"]


def test_older_news_never_take_the_place_of_newer_ones_in_whatever_order_they_come(world: World) -> None:
    news = [
        (STATUS, {"event": "APPROVED"}, 1),
        (STATUS, {"event": "PAUSED"}, 2),
        (STATUS, {"event": "APPROVED"}, 2),  # of one second: what holds back stays
        (CATEGORY, {"new_category": "MARKETING"}, 1),
        (CATEGORY, {"new_category": "UTILITY"}, 3),
    ]
    ended: set[Registered] = set()
    for number, order in enumerate(permutations(news)):
        name = f"texto_{number}"
        for field, told, minutes in (*order, order[0]):
            tell(world, field, minutes=minutes, name=name, **told)
        ended.add(replace(world.templates.register().templates[name, "es"], name=""))
    assert ended == {Registered("", "es", "PAUSED", "UTILITY")}


def test_readings_and_news_end_the_same_in_whatever_order_they_come(world: World) -> None:
    def read(minutes: int, **told: str) -> Callable[[str], None]:
        return lambda name: world.templates.save(
            [replace(as_("vence_hoy", **told), name=name)], world.now + timedelta(minutes=minutes)
        )

    def told(field: str, minutes: int, **news: str) -> Callable[[str], None]:
        return lambda name: tell(world, field, minutes=minutes, name=name, **news)

    events = [
        read(1, quality="GREEN"),
        told(STATUS, 2, event="PAUSED"),
        read(3, category="MARKETING"),
        told(CATEGORY, 4, new_category="UTILITY"),
        told(QUALITY, 5, new_quality_score="RED"),
    ]
    ended: set[Registered] = set()
    for number, order in enumerate(permutations(events)):
        for happens in (*order, order[0]):
            happens(f"texto_{number}")
        ended.add(replace(world.templates.register().templates[f"texto_{number}", "es"], name=""))
    assert ended == {replace(as_("vence_hoy", quality="RED"), name="")}


def test_what_was_read_before_the_news_does_not_undo_them(world: World) -> None:
    tell(world, STATUS, minutes=1, event="PAUSED")
    sync(world)
    known = world.templates.register().templates["vence_hoy", "es"]
    assert (known.status, known.category, known.shape) == ("PAUSED", "UTILITY", as_("vence_hoy").shape)


def test_what_meta_does_not_list_any_more_is_not_there(world: World) -> None:
    sync(world)
    world.later(minutes=1)
    sync(world, without=["vence_hoy"])
    assert faults_of(world.templates)()["vence_hoy", "es"] == "MISSING"
    tell(world, STATUS, minutes=2, event="APPROVED", message_template_category="UTILITY")
    assert ("vence_hoy", "es") not in faults_of(world.templates)()


def test_in_stage_prod_nothing_is_sent_or_planned_before_meta_was_asked(world: World, drop: Drop) -> None:
    faults = faults_of(world.templates, is_needed=True)
    sender = replace(world.sender, faults=faults)
    (reminder,) = due(world, drop, "C1")
    planner = Planner(world.ledger, Book(world.table), world.ledger.portfolio, None, workers=1, faults=faults)
    day = world.now.date()
    assert [row.outcome for row in planner.rows("tienda", day, world.now)] == ["DEFERRED_TEMPLATE"]
    assert sender.remind(reminder, world.now).mend == "vence_hoy es: NOT_SYNCED"
    sync(world)
    assert [row.outcome for row in planner.rows("tienda", day, world.now)] == ["SEND"]
    world.later(minutes=31)
    assert sender.remind(world.tick()[0], world.now).code == "SENT"


# What people are told.


def test_a_batch_raises_one_alarm_however_many_wait_and_names_nobody(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(world, as_("vence_hoy", status="PAUSED"))
    counted: dict[str, float] = {}
    logged: list[dict[str, Any]] = []
    monkeypatch.setattr(
        telemetry, "count", lambda name, value=1: counted.update({name: counted.get(name, 0) + value})
    )
    monkeypatch.setattr(telemetry.logger, "error", lambda message, **told: logged.append(told))
    queued = due(world, drop, "C1", "C2", "C3")
    module = function("send")
    deps = module.Deps(world.sender, Queue(world.sqs, world.queue_url), world.clock)
    assert module.handler({"Records": records(queued)}, FakeContext(), deps=deps) == {"batchItemFailures": []}
    assert (counted["TemplatesHeld"], counted["OutcomeDeferred"]) == (1, 3)
    assert logged == [{"templates": ["vence_hoy es: PAUSED"], "then": "cobranza status"}]


def test_a_batch_reads_what_meta_has_once_and_the_next_one_obeys_what_has_changed(
    world: World, drop: Drop
) -> None:
    sync(world)
    queued = due(world, drop, "C1", "C2", "C3")
    read, readings = faults_of(world.templates), list[Mapping[tuple[str, str], str]]()

    def counted() -> Mapping[tuple[str, str], str]:
        readings.append(read())
        return readings[-1]

    module = function("send")
    deps = module.Deps(replace(world.sender, faults=counted), Queue(world.sqs, world.queue_url), world.clock)
    module.handler({"Records": records(queued[:2])}, FakeContext(), deps=deps)
    assert len(readings) == 1
    tell(world, STATUS, minutes=1, event="DISABLED")
    module.handler({"Records": records(queued[2:])}, FakeContext(), deps=deps)
    assert sorted(world.outcomes()) == ["DEFERRED_TEMPLATE", "SENT", "SENT"]
    assert len(readings) == 2


def test_status_tells_which_texts_cannot_be_sent_and_what_to_do(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    place = WorldPlace({"Ledger": "ledger", "Inbox": "inbox", "Stage": "prod"}, {}, world)
    monkeypatch.setattr(queues, "waiting", lambda _: {})
    monkeypatch.setattr(queues, "given_up", lambda _: {})
    monkeypatch.setattr(app.Where, "place", lambda _: place)
    told = json.loads(CliRunner().invoke(app.app, ["status", "tienda", "--json"]).stdout)["templates"]
    assert {each["fault"] for each in told.values()} == {"NOT_SYNCED"}
    sync(
        world,
        as_("vence_hoy", status="PAUSED"),
        as_("factura_documento", status="PAUSED"),
        shaped("primer_contacto", header="IMAGE"),
        replace(as_("vence_hoy", status="REJECTED"), language="pt_BR"),
    )
    told = json.loads(CliRunner().invoke(app.app, ["status", "tienda", "--json"]).stdout)["templates"]
    assert {text: each["fault"] for text, each in told.items()} == {
        "primer_contacto es": "PARAMETERS",
        "vence_hoy es": "PAUSED",
        "vence_hoy pt_BR": "REJECTED",
    }
    shown = CliRunner().invoke(app.app, ["status", "tienda"]).stdout.replace("\n", " ")
    assert "cannot be sent in es: PAUSED vence_hoy" in shown
    assert "wait until Meta lifts the pause" in shown
    world.templates.tell("consulta_respondida", "es", {"status": "REJECTED"}, world.now)
    of_all = [
        status.templates(replace(place, outputs=place.outputs | more), []) for more in ({}, {"CasesUrl": "https"})
    ]
    assert [[*each] for each in of_all] == [[], ["consulta_respondida es"]]


def test_a_sync_of_an_older_stack_without_shapes_is_read_again(world: World) -> None:
    world.table.put(
        {
            "pk": "TEMPLATES",
            "sk": "vence_hoy#es",
            "name": "vence_hoy",
            "language": "es",
            "status": "APPROVED",
            "category": "UTILITY",
            "quality": "GREEN",
            "template_id": "1",
            "told_at": "2026-01-01T00:00:00Z",
        }
    )
    assert world.templates.register().templates["vence_hoy", "es"].shape is None
    sync(world)
    assert world.templates.register().templates["vence_hoy", "es"].shape == as_("vence_hoy").shape

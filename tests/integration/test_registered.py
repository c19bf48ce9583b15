"""Templates as Meta has registered them decide what may be named, planned and sent."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza import telemetry
from cobranza.flows.faults import faults_of, with_registered_button
from cobranza.flows.plan_day import Planner
from cobranza.policy.portfolio import parse_portfolio
from cobranza.policy.registered import Registered
from cobranza.queues import Queue, Reminder
from cobranza.store.book import Book
from cobranza.whatsapp.events import parse
from cobranza.whatsapp.templates import shipped_templates
from cobranza_cli import app, status
from local import samples
from tests.integration.fakes import FakeContext
from tests.integration.place import WorldPlace
from tests.integration.rows import apply, codes
from tests.integration.test_confirmations import PAID
from tests.integration.test_links import BASE, DUE_YESTERDAY, declare
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]

type Drop = Callable[..., dict[str, Any]]
STATUS, QUALITY, CATEGORY = (
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
)
KEY = "strategies/tienda/strategy.yaml"


def sync(world: World, *changed: Registered, without: Iterable[str] = ()) -> None:
    """Meta has all that ships as it ships, but for these in Spanish."""
    registered = {
        key: Registered(*key, "APPROVED", "UTILITY", shape=t.shape) for key, t in shipped_templates().items()
    }
    registered |= {(each.name, each.language): each for each in changed}
    world.templates.save([each for each in registered.values() if each.name not in without], world.now)


def as_(name: str, **other: Any) -> Registered:
    ours = Registered(name, "es", "APPROVED", "UTILITY", shape=shipped_templates()[name, "es"].shape)
    return replace(ours, **other)


def shaped(name: str, **other: Any) -> Registered:
    return as_(name, shape=replace(shipped_templates()[name, "es"].shape, **other))


def tell(world: World, field: str, *, minutes: float = 0, name: str = "vence_hoy", **told: Any) -> None:
    """Meta's news, so many minutes from now."""
    value = {"message_template_id": 1, "message_template_name": name, "message_template_language": "es"} | told
    at = int((world.now + timedelta(minutes=minutes)).timestamp())
    body = {"entry": [{"id": "W", "time": at, "changes": [{"field": field, "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


def due(world: World, drop: Drop, *borrowers: str) -> list[Reminder]:
    people = ({"borrower_id": name, "phone": f"+52555555010{name[1:]}"} for name in borrowers)
    drop("debts/tienda/a.csv", debts(*people))
    return world.tick()


def remind(world: World, reminders: list[Reminder]) -> list[str]:
    return [world.sender.remind(reminder, world.now).code for reminder in reminders]


# A strategy is refused before anything of it is planned or sent.

BROKEN = [
    as_("vence_hoy", status="PAUSED"),
    as_("vence_hoy", status="REJECTED"),
    as_("vence_hoy", status="DISABLED"),
    as_("vence_hoy", status="PENDING"),
    as_("vence_hoy", status="IN_APPEAL"),
    as_("vence_hoy", status="A_WORD_OF_TOMORROW"),
    as_("vence_hoy", category="MARKETING"),
    as_("vence_hoy", category="AUTHENTICATION"),
    as_("vence_hoy", shape=None),
    shaped("vence_hoy", variables=("1", "2", "3", "4")),
    shaped("vence_hoy", variables=("amount", "creditor", "date", "how", "name")),
    shaped("vence_hoy", header="IMAGE"),
    shaped("vence_hoy", buttons=()),
    shaped("vence_hoy", buttons=("QUICK_REPLY", "QUICK_REPLY", "QUICK_REPLY", "https://a.example.com/{{1}}")),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_strategy_that_names_what_cannot_be_sent_is_refused_at_its_line_and_nothing_leaves(
    world: World, drop: Drop, broken: Registered
) -> None:
    sync(world, broken)
    summary = drop(KEY, samples.STRATEGY_YAML)
    assert summary["error"]["code"] == "BAD_STRATEGY"
    assert "rules.0.steps.1.template (line 9): 'vence_hoy' is " in summary["error"]["reason"]
    assert world.ledger.strategy("tienda").name == "standard"
    # The ladder that ships names it too.
    assert remind(world, due(world, drop, "C1", "C2")) == ["DEFERRED_TEMPLATE"] * 2
    assert world.whatsapp.sent == []
    assert world.message_items() == []


def test_a_strategy_that_names_what_is_not_there_is_refused(world: World, drop: Drop) -> None:
    sync(world, without=["vence_hoy", "opciones_de_pago"])
    reason = drop(KEY, samples.STRATEGY_YAML)["error"]["reason"]
    assert "'vence_hoy' is MISSING" in reason
    assert "rules.0.steps.4.template (line 12): 'opciones_de_pago' is MISSING" in reason


def test_what_is_good_again_is_taken(world: World, drop: Drop) -> None:
    sync(world, as_("vence_hoy", status="PAUSED"))
    assert drop(KEY, samples.STRATEGY_YAML)["error"]
    world.later(minutes=5)
    sync(world)
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_before_anybody_has_read_what_meta_has_no_strategy_is_refused(world: World, drop: Drop) -> None:
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_a_language_that_the_portfolio_does_not_write_in_refuses_nothing(world: World, drop: Drop) -> None:
    sync(world, replace(as_("vence_hoy", status="PAUSED"), language="pt_BR"))
    assert drop(KEY, samples.STRATEGY_YAML)["error"] is None


def test_without_a_portfolio_a_text_must_be_good_in_some_language(world: World, drop: Drop) -> None:
    sync(world, as_("vence_hoy", status="PAUSED"))
    assert drop("strategies/nueva/strategy.yaml", samples.STRATEGY_YAML)["error"] is None
    world.later(minutes=5)
    sync(world, without=["vence_hoy"])
    assert drop("strategies/nueva/strategy.yaml", samples.STRATEGY_YAML)["error"]["code"] == "BAD_STRATEGY"


# The button's address.


@pytest.mark.parametrize(
    ("base", "is_refused"), [("https://pagos.example.com/", False), ("https://pagos.example.com/f/", True)]
)
def test_the_address_of_the_button_must_be_the_registered_one(
    world: World, drop: Drop, base: str, is_refused: bool
) -> None:
    text = f"{PORTFOLIO_YAML}button_base: {base}\n"
    assert drop("portfolios/tienda/portfolio.yaml", text)["error"] is None  # nobody knows yet
    world.later(minutes=5)
    sync(world)
    error = drop("portfolios/tienda/portfolio.yaml", text)["error"]
    assert (error is not None) == is_refused
    if error:
        line = text.splitlines().index(f"button_base: {base}") + 1
        assert error["reason"] == (
            f"button_base (line {line}): at WhatsApp the button is registered with https://pagos.example.com/"
        )


@pytest.mark.parametrize("language", ["es", "en"])
def test_where_another_address_was_registered_later_the_text_without_a_button_goes(
    world: World, drop: Drop, language: str
) -> None:
    """In whatever language: borrowers of one portfolio read several."""
    declare(world, f"button_base: {BASE}\n")
    world.sender = replace(world.sender, portfolio=with_registered_button(world.ledger.portfolio, world.templates))
    buttons = (
        *shipped_templates()["factura_con_enlace", "es"].shape.buttons[:-1],
        "https://other.example.com/{{1}}",
    )
    sync(world, replace(shaped("factura_con_enlace", buttons=buttons), language=language))
    drop("debts/tienda/a.csv", debts(DUE_YESTERDAY))
    assert remind(world, world.tick()) == ["SENT"]
    (message,) = world.whatsapp.sent
    assert message["template"]["name"] == "factura_vencida"


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


def records(reminders: list[Reminder]) -> list[dict[str, Any]]:
    return [
        {
            "messageId": each.borrower,
            "receiptHandle": "h",
            "body": json.dumps(asdict(each)),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for each in reminders
    ]


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
    monkeypatch.setattr(status, "QUEUES", {})
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

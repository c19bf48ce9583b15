"""What WhatsApp stops, stands still at once, and goes on once when a person has resumed it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
import responses

from cobranza.flows.send_reminder import Outcome, Sender
from cobranza.flows.stops import Stops
from cobranza.policy.breaker import Breaker
from cobranza.policy.feed import PAUSE_LOOK
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store.table import exact
from cobranza.whatsapp.client import WhatsApp
from cobranza.whatsapp.errors import Action, Rule, rules
from cobranza.whatsapp.events import parse
from tests.integration.fakes import DyingClient, Killed
from tests.integration.replies import NUMBER, Drop
from tests.integration.sending import ACCOUNT, due, refusal, remind, resume, second_portfolio
from tests.integration.world import PORTFOLIO_YAML, World
from tests.unit.meta import error_body

URL = f"https://graph.facebook.com/v25.0/{NUMBER}/messages"
# A stop of each kind, by the scope that it opens for a debt that is due today.
STOPS = {ACCOUNT: 131031, f"number:{NUMBER}": 131048, "template:vence_hoy": 132015}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


# Every code of the table, through the real client and the real sender.


def really(world: World, token: str = "EAAG") -> Sender:
    secret = {"access_token": token}
    whatsapp = WhatsApp("https://graph.facebook.com", "v25.0", lambda: secret, requests.Session())
    return replace(world.sender, whatsapp=whatsapp)


def code_of(rule: Rule) -> str:
    return str(rule.code)


@pytest.mark.parametrize("rule", rules(), ids=code_of)
def test_every_code_has_the_outcome_that_its_rule_says(world: World, drop: Drop, rule: Rule) -> None:
    (reminder,) = due(world, drop, "C1")
    with responses.RequestsMock() as meta:
        meta.post(URL, json=error_body(rule.last), status=400)
        outcome = really(world).remind(reminder, world.now)
        assert len(meta.calls) == 1
        # Whatever comes again while nothing is mended calls nobody, but for what may be tried again.
        again = really(world).remind(reminder, world.now)
        assert len(meta.calls) == (2 if rule.action is Action.RETRY else 1)
    (message,) = world.message_items()
    reason = {
        "code": rule.last,
        "title": f"(#{rule.last}) Something went wrong",
        "details": "What Meta says about it",
        "trace": "Aabc123",
    }
    match rule.action:
        case Action.RETRY:
            assert outcome == again == Outcome(retry_after=rule.retry_after)
            assert (message["state"], message["retried_for"]) == ("RETRY", reason)
        case Action.UNCLEAR:
            assert (outcome.code, again) == ("UNKNOWN", Outcome())
            assert (message["state"], message["unclear_for"]) == ("UNKNOWN", reason)
        case Action.GIVE_UP | Action.OTHER_PHONE | Action.OUR_BUG:
            assert (outcome.code, again) == (f"FAILED_{rule.last}", Outcome())
            assert (message["state"], message["reason"]) == ("FAILED", reason)
        case _:
            scopes = {
                Action.STOP_ACCOUNT: ACCOUNT,
                Action.STOP_NUMBER: f"number:{NUMBER}",
                Action.STOP_TEMPLATE: "template:vence_hoy",
            }
            scope = scopes[rule.action]
            assert outcome == Outcome("DEFERRED_BREAKER", stopped=Breaker(scope, exact(world.now), rule.last))
            assert world.ledger.breakers() == {scope: outcome.stopped}
            assert (message["state"], message["retried_for"]) == ("RETRY", reason)
            assert world.outcomes() == ["DEFERRED_BREAKER"]


def test_a_code_that_nobody_knows_is_given_up_and_kept_raw(world: World, drop: Drop) -> None:
    (reminder,) = due(world, drop, "C1")
    with responses.RequestsMock() as meta:
        meta.post(URL, json=error_body(999_999), status=400)
        assert really(world).remind(reminder, world.now) == Outcome("FAILED_999999")
    assert world.message_items()[0]["reason"]["details"] == "What Meta says about it"
    assert world.ledger.breakers() == {}


def test_a_token_that_was_changed_meanwhile_is_taken_and_the_message_sent_once(world: World, drop: Drop) -> None:
    (reminder,) = due(world, drop, "C1")
    secret = {"access_token": "old"}
    changed = {"access_token": "new"}

    def again() -> dict[str, str]:
        secret.update(changed)
        return secret

    whatsapp = WhatsApp("https://graph.facebook.com", "v25.0", lambda: secret, requests.Session(), reread=again)
    sender = replace(world.sender, whatsapp=whatsapp)
    with responses.RequestsMock() as meta:
        meta.post(URL, json=error_body(190), status=401)
        meta.post(URL, json={"messages": [{"id": "wamid.1"}]})
        assert sender.remind(reminder, world.now) == Outcome(retry_after=1)
        assert sender.remind(reminder, world.now) == Outcome("SENT")
        tokens = [call.request.headers["Authorization"] for call in meta.calls]
    assert tokens == ["Bearer old", "Bearer new"]
    assert world.ledger.breakers() == {}


# What is stopped.


@pytest.mark.parametrize("scope", STOPS)
def test_the_first_stop_holds_all_who_are_queued_and_each_gets_one_message_after_it_is_closed(
    world: World, drop: Drop, scope: str
) -> None:
    queued = due(world, drop, "C1", "C2", "C3")
    world.whatsapp.answers = [refusal(STOPS[scope])]
    assert remind(world, queued) == ["DEFERRED_BREAKER"] * 3
    assert world.whatsapp.sent == []
    assert len(world.message_items()) == 1

    world.later(minutes=5)
    told = resume(world, scope)
    assert (told.pause["state"], told.pause["held"]) == ("RUNNING", 3)
    again = world.tick()
    assert remind(world, again + queued + again) == ["SENT"] * 3 + [""] * 6
    assert len({message["to"] for message in world.whatsapp.sent}) == len(world.whatsapp.sent) == 3


def test_while_it_is_open_everybody_is_looked_at_again_and_nothing_is_called(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1")
    world.whatsapp.answers = [refusal(132015)] * 9
    assert remind(world, queued) == ["DEFERRED_BREAKER"]
    for _ in range(3):
        world.now += PAUSE_LOOK
        assert remind(world, world.tick()) == ["DEFERRED_BREAKER"]
    assert len(world.whatsapp.answers) == 8


@pytest.mark.parametrize("scope", [ACCOUNT, f"number:{NUMBER}"])
def test_nobody_is_queued_while_no_number_may_send(world: World, drop: Drop, scope: str) -> None:
    world.ledger.open_breaker(Breaker(scope, exact(world.now), STOPS[scope]), {})
    assert due(world, drop, "C1") == []
    world.later(seconds=1)
    resume(world, scope)
    assert remind(world, world.tick()) == ["SENT"]


def test_a_stop_of_one_number_leaves_the_others_alone(world: World, drop: Drop) -> None:
    second_portfolio(world)
    world.ledger.open_breaker(Breaker(f"number:{NUMBER}", exact(world.now), 131048), {})
    assert remind(world, due(world, drop, "C1")) == ["DEFERRED_BREAKER"]
    assert remind(world, due(world, drop, "C2", portfolio="otra")) == ["SENT"]


def test_a_stop_of_the_account_is_one_of_all_its_numbers(world: World, drop: Drop) -> None:
    second_portfolio(world)
    queued = due(world, drop, "C1") + due(world, drop, "C2", portfolio="otra")
    world.whatsapp.answers = [refusal(368)]
    assert remind(world, queued) == ["DEFERRED_BREAKER"] * 2


def test_a_stop_of_a_template_stops_that_template_alone(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1") + due(world, drop, "C2", due_date="2026-11-21")
    world.whatsapp.answers = [refusal(132001)]
    assert remind(world, queued) == ["DEFERRED_BREAKER", "SENT"]
    assert [message["template"]["name"] for message in world.whatsapp.sent] == ["saldo_vencido"]


def test_another_sender_obeys_at_its_next_reading_within_a_minute(world: World, drop: Drop) -> None:
    queued = due(world, drop, "C1", "C2", "C3")
    clock = [0.0]
    other = replace(world.sender, stops=Stops(world.ledger, 20.0, lambda: clock[0]))
    assert other.remind(queued[0], world.now).code == "SENT"
    world.whatsapp.answers = [refusal(131042)]
    assert world.sender.remind(queued[1], world.now).code == "DEFERRED_BREAKER"
    clock[0] = 20.0
    assert other.remind(queued[2], world.now).code == "DEFERRED_BREAKER"


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", range(7))
def test_whoever_dies_at_a_stop_sends_nothing_and_nothing_twice(
    world: World, drop: Drop, at: int, done: bool
) -> None:
    """Its writes: claim, words, retry, breaker, held, outcome, end of the lease."""
    (reminder,) = due(world, drop, "C1")
    dying = replace(world, dynamodb=DyingClient(world.dynamodb, at, done=done))
    dying.whatsapp.answers = [refusal(131031)]
    with pytest.raises(Killed):
        dying.sender.remind(reminder, world.now)
    assert world.whatsapp.sent == []
    world.now += timedelta(hours=1)
    world.sender.remind(reminder, world.now)
    world.later(minutes=1)
    resume(world, ACCOUNT)
    for _ in range(3):
        remind(world, [reminder, *world.tick()])
        world.later(minutes=31)
    states = [message["state"] for message in world.message_items()]
    # Whoever died before it wrote down that Meta refused has left nobody who knows.
    assert states == (["UNKNOWN"] if (0, True) <= (at, done) <= (2, False) else ["ACCEPTED"])
    assert len(world.whatsapp.sent) == states.count("ACCEPTED")


@pytest.mark.parametrize(
    ("code", "scope"),
    [(131042, ACCOUNT), (131048, f"number:{NUMBER}"), (132015, "template:vence_hoy"), (131026, "")],
)
def test_a_stop_that_comes_by_status_alone_stops_the_others(
    world: World, drop: Drop, code: int, scope: str
) -> None:
    queued = due(world, drop, "C1", "C2")
    assert remind(world, queued[:1]) == ["SENT"]
    for _ in range(2):
        status = {"id": "wamid.0", "status": "failed", "timestamp": str(int(world.now.timestamp()))}
        status["biz_opaque_callback_data"] = world.whatsapp.sent[0]["biz_opaque_callback_data"]
        value = {"metadata": {"phone_number_id": NUMBER}, "statuses": [status | {"errors": [{"code": code}]}]}
        body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
        world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")
    assert list(world.ledger.breakers()) == ([scope] if scope else [])
    assert remind(world, queued[1:]) == (["DEFERRED_BREAKER"] if scope else ["SENT"])
    assert [message["state"] for message in world.message_items() if message["state"] == "FAILED"] == ["FAILED"]


# Stages that are no production.


@pytest.mark.parametrize(
    ("phones", "code"),
    [
        (None, "SENT"),
        (frozenset({"+525555550101"}), "SENT"),
        (frozenset({"+525555550102"}), "SKIPPED_TEST_STAGE"),
        (frozenset[str](), "SKIPPED_TEST_STAGE"),
    ],
)
def test_a_stack_for_tests_writes_to_the_phones_on_its_list_alone(
    world: World, drop: Drop, phones: frozenset[str] | None, code: str
) -> None:
    (reminder,) = due(world, drop, "C1")
    sender = replace(world.sender, only_to=phones)
    assert sender.remind(reminder, world.now).code == code
    assert len(world.whatsapp.sent) == (code == "SENT")


@pytest.mark.parametrize("number", ["", '""', "abc"])
def test_a_portfolio_without_a_number_is_none(world: World, number: str) -> None:
    text = PORTFOLIO_YAML.replace(f'"{NUMBER}"', number)
    with pytest.raises(Exception, match="phone_number_id"):
        parse_portfolio(text.encode(), "otra")

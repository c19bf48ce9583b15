"""`cobranza doctor`: a set-up that is right is all green, with the real webhook and the simulator for Meta."""

import contextlib
import io
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cobranza.policy.breaker import BY_HAND, Breaker
from cobranza.policy.portfolio import parse_portfolio
from cobranza.store import keys
from cobranza.store.table import utc
from cobranza_cli import app, doctor, queues, registering
from cobranza_cli.templates import shipped
from tests.integration.account import OUTPUTS, Account
from tests.integration.command_rights import row_of
from tests.integration.deliveries import SECRETS, call, post
from tests.integration.place import WorldPlace
from tests.integration.receiver import NUMBER_ID, TOKEN, Simulator
from tests.integration.world import PORTFOLIO_YAML, World
from tests.unit.template import MAPPING, function_of, name_of, source, stack
from tests.unit.test_template_alarms import MORE_THAN, OURS, alarms, dimensions, metrics_of

pytestmark = pytest.mark.in_memory

BUSINESS = "100000000000001"


@dataclass(frozen=True)
class Stack(WorldPlace):
    aws: Account

    def client(self, service: str) -> Any:
        return self.world.dynamodb if service == "dynamodb" else self.aws


@pytest.fixture
def account(world: World, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A stack in which everything is right."""
    text = PORTFOLIO_YAML.replace("100000000000001", NUMBER_ID)
    world.ledger.save_portfolio(parse_portfolio(text.encode(), "tienda"), world.now)
    secrets: dict[str, Any] = {
        "Provider": {"access_token": TOKEN},
        "Webhook": SECRETS,
        "Identity": {"key": "k"},
        "Gateway": {"first": "g"},
    }
    account = Account(secrets, ["arn:aws:sns:us-east-1:111122223333:alarms:1"])
    simulator.post(
        "/_sim/config", {"app_secret": SECRETS["app_secrets"][-1], "webhook_url": OUTPUTS["WebhookUrl"]}
    )
    meta = {"GraphApiUrl": simulator.url, "GraphApiVersion": "v25.0"}
    place = Stack(OUTPUTS | meta, {}, world, account)
    registering.push(place, place.account(BUSINESS), shipped(), (), "ana.ruiz")
    monkeypatch.setattr(app.Where, "place", lambda _: place)
    monkeypatch.setattr(app, "console", Console(highlight=False, width=200))
    monkeypatch.setattr(doctor, "_called", lambda method, url, **request: called(world, method, **request))
    return account


def called(world: World, method: str, **request: Any) -> tuple[int, str]:
    """The real webhook, as the HTTP API would call it."""
    if method == "GET":
        event = {"requestContext": {"http": {"method": "GET"}}, "queryStringParameters": request["params"]}
    else:
        (signature,) = request["headers"].values()
        event = post(request["data"], signature)
    with contextlib.redirect_stdout(io.StringIO()):  # its metrics
        answer = call(world, event)
    return answer["statusCode"], answer.get("body", "")


def asked(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["doctor", *words])


def found(result: Result) -> dict[str, str]:
    return {each["name"]: each["level"] for each in json.loads(result.stdout)["checks"]}


def test_a_set_up_that_is_right_is_all_green(account: Account) -> None:
    result = asked("--json")
    assert result.exit_code == 0, result.output
    assert set(found(result).values()) == {"ok"}
    assert {"stage", "clock", "token", f"number {NUMBER_ID}", "webhook", "signature"} <= set(found(result))
    assert {"provider secret", "webhook secret", "identity secret", "gateway secret"} <= set(found(result))
    assert {"templates", "reviews", "countries", "books", "concurrency"} <= set(found(result))
    assert {"dead letters", "media queue", "alarms"} <= set(found(result))
    assert {f"account {BUSINESS}", f"webhook of {NUMBER_ID}"} <= set(found(result))
    assert {"inbox", "rule FileDropped", "files returned", "functions"} <= set(found(result))
    assert {"app secret", "stops", "media reader", "journal stream reader", "reports schedule"} <= set(
        found(result)
    )


def test_it_changes_nothing_and_shows_no_secret(account: Account, world: World) -> None:
    before = world.kept()
    shown = asked().output
    assert world.kept() == before
    assert not [secret for secret in (TOKEN, "new-secret", "old-secret") if f" {secret} " in shown]


@pytest.mark.parametrize(
    ("broken", "red"),
    [
        ({"executions": 4}, "concurrency"),
        ({"dead": 2}, "media given up"),
        ({"oldest": 121.0}, "media queue"),
        ({"subscriptions": ["PendingConfirmation"]}, "alarms"),
        ({"returned": 3601.0}, "files returned"),
        ({"returned": 121.0}, "media returned"),
        ({"off": {"replies"}}, "replies reader"),
        ({"off": {"Journal"}}, "journal stream reader"),
        ({"off": {"Ledger"}}, "ledger stream reader"),
        ({"off": {"FileDropped"}}, "rule FileDropped"),
        ({"off": {"ControlChanged"}}, "rule ControlChanged"),
        ({"off": {"PlanApproved"}}, "rule PlanApproved"),
        ({"is_told": False}, "inbox"),
        ({"schedules": "DISABLED"}, "scheduler schedule"),
        ({"reserved": {"ReservedConcurrentExecutions": 0}}, "payments function"),
        ({"refuses": "GetAccountSettings"}, "concurrency"),
        ({"refuses": "GetSecretValue"}, "identity secret"),
    ],
)
def test_what_is_broken_is_red_and_the_command_ends_with_1(
    account: Account, broken: dict[str, Any], red: str
) -> None:
    for name, value in broken.items():
        setattr(account, name, value)
    result = asked("--json")
    assert (result.exit_code, found(result)[red]) == (1, "fail")


def test_it_asks_for_the_rights_of_its_row_and_no_more(account: Account) -> None:
    assert asked().exit_code == 0
    assert {right.partition(":")[2] for right in row_of("doctor").rights} == account.asked_for


def test_what_may_not_be_asked_names_the_right(account: Account) -> None:
    account.refuses = "GetAccountSettings"
    result = asked()
    assert "AWS refused to tell: AccessDeniedException." in result.stdout
    assert "GetAccountSettings" in result.stdout


def test_an_empty_provider_secret_is_told_once_and_keeps_the_rest_from_nothing(account: Account) -> None:
    account.secrets["Provider"] = {}
    result = asked("--json")
    assert (found(result)["provider secret"], found(result)["whatsapp"]) == ("fail", "fail")
    assert found(result)["webhook"] == "ok"


def test_a_token_that_meta_does_not_know_is_red(account: Account) -> None:
    account.secrets["Provider"] = {"access_token": "another"}
    assert found(asked("--json"))["token"] == "fail"


def test_permissions_and_quality_are_metas(account: Account, simulator: Simulator) -> None:
    simulator.post(
        "/_sim/config", {"scopes": ["whatsapp_business_management"], "qualities": {NUMBER_ID: "YELLOW"}}
    )
    levels = found(asked("--json"))
    assert (levels["token"], levels[f"number {NUMBER_ID}"]) == ("fail", "warn")


def test_an_account_that_the_app_hears_nothing_of_is_red(account: Account, simulator: Simulator) -> None:
    simulator.post("/_sim/config", {"is_subscribed": False})
    assert found(asked("--json"))[f"account {BUSINESS}"] == "fail"


def test_a_number_whose_webhooks_go_elsewhere_is_red(account: Account, simulator: Simulator) -> None:
    simulator.post("/_sim/config", {"webhook_url": "https://other.example.com/webhook"})
    assert found(asked("--json"))[f"webhook of {NUMBER_ID}"] == "fail"


def test_a_number_that_meta_has_stopped_is_red(account: Account, simulator: Simulator) -> None:
    simulator.post("/_sim/account", {"numbers": {NUMBER_ID: 131031}})
    assert found(asked("--json"))[f"number {NUMBER_ID}"] == "fail"


def test_app_secrets_that_are_not_the_stacks_are_red(account: Account) -> None:
    account.secrets["Webhook"] = {"app_secrets": ["a-wrong-one"], "verify_token": SECRETS["verify_token"]}
    levels = found(asked("--json"))
    assert (levels["webhook"], levels["signature"], levels["app secret"]) == ("ok", "fail", "fail")


def test_an_app_secret_that_is_on_its_way_in_or_out_is_good(account: Account) -> None:
    """While one replaces another, Meta knows one of them."""
    old = SECRETS["app_secrets"][-1]
    for secrets in (["another", old], [old, "another"]):
        account.secrets["Webhook"] = SECRETS | {"app_secrets": secrets}
        assert found(asked("--json"))["app secret"] == "ok"


@pytest.mark.parametrize(("days", "level"), [(0, "ok"), (20, "warn")])
def test_a_book_whose_file_is_too_old_is_yellow(
    account: Account, world: World, monkeypatch: pytest.MonkeyPatch, days: int, level: str
) -> None:
    monkeypatch.setattr(doctor, "real_time", lambda: world.now)
    world.ledger.refresh("tienda", world.now - timedelta(days=days))
    assert found(asked("--json"))["books"] == level


def test_what_whatsapp_has_stopped_is_red_and_what_a_person_has_is_not(account: Account, world: World) -> None:
    for scope, code in (("number:all", 131031), (f"number:{NUMBER_ID}", BY_HAND)):
        world.ledger.open_breaker(Breaker(scope, utc(world.now), code), {})
    levels = found(asked("--json"))
    assert (levels["stop of number:all"], levels[f"stop of number:{NUMBER_ID}"]) == ("fail", "warn")


def test_a_webhook_that_is_away_is_red(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_called", lambda method, url, **request: (0, ""))
    levels = found(asked("--json"))
    assert levels["webhook"] == "fail"
    assert "signature" not in levels


@pytest.mark.parametrize(
    ("keys", "level"),
    [
        (json.dumps({"keys": [{"kty": "RSA", "kid": "1"}]}), "ok"),
        (json.dumps({"keys": []}), "fail"),
        (json.dumps([]), "fail"),
        ("<html>", "fail"),
    ],
)
def test_where_cases_are_on_the_keys_of_their_issuer_are_read(
    account: Account, monkeypatch: pytest.MonkeyPatch, keys: str, level: str
) -> None:
    outputs = {"CasesIssuer": "https://login.example.com/", "CasesUrl": "https://api/cases", "Cases": "cases-1"}
    app.Where().place().outputs.update(outputs)
    configuration = {"issuer": outputs["CasesIssuer"], "jwks_uri": "https://login.example.com/keys"}
    answers = {
        "https://login.example.com/.well-known/openid-configuration": (200, json.dumps(configuration)),
        "https://login.example.com/keys": (200, keys),
        "https://api/cases": (401, '{"message":"Unauthorized"}'),
    }
    before = doctor._called  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(
        doctor, "_called", lambda method, url, **told: answers.get(url) or before(method, url, **told)
    )
    levels = found(asked("--json"))
    assert {name: each for name, each in levels.items() if name.startswith("cases")} == {
        "cases issuer": "ok",
        "cases keys": level,
        "cases": "ok",
    }
    account.reserved = {"ReservedConcurrentExecutions": 0}
    assert found(asked("--json"))["cases function"] == "fail"


def test_a_text_that_meta_has_paused_is_red(account: Account, world: World) -> None:
    world.templates.tell("saldo_vencido", "es", {"status": "PAUSED"}, world.now + timedelta(hours=1))
    assert found(asked("--json"))["templates"] == "fail"


def test_streams_that_nobody_reads_on_this_machine_are_no_fault_unless_one_of_them_is_read(
    account: Account,
) -> None:
    app.Where().place().outputs["Stage"] = "local"
    account.off = frozenset({"Journal", "Ledger"})
    assert found(asked("--json"))["streams"] == "ok"
    account.off = frozenset({"Journal"})
    assert found(asked("--json"))["journal stream reader"] == "fail"


def test_what_comes_back_is_told_by_the_metrics_of_the_alarms() -> None:
    """Of each queue whose own age leaves it out."""
    told = {
        name: (dimensions(metric)["service"], metric["MetricName"])
        for name in doctor.WAITS
        for metric in metrics_of(
            alarms(stack("prod"))[f"{ {'media': 'Receipts'}.get(name, name.title()) }AreLate"]
        )
        if metric["Namespace"] == OURS
    }
    assert told == doctor.RETURNED


def test_it_looks_at_every_trigger_and_every_rule_of_the_inbox() -> None:
    now, outputs = stack("prod"), source()["Outputs"]
    outputs_of = {name_of(f"${{{told['Value']['Ref']}}}"): name for name, told in outputs.items() if _is_ref(told)}
    triggers = {
        (
            outputs_of[name_of(each["EventSourceArn"])],
            outputs_of[function_of(each["FunctionName"])],
        )
        for each in now.of(MAPPING).values()
    }
    readers = {(queues.queue(name), function) for name, function in doctor.READERS.items()}
    assert readers | {*doctor.STREAMS.items()} == triggers
    of_the_inbox = {
        name for name, rule in now.of("AWS::Events::Rule").items() if "aws.s3" in rule["EventPattern"]["source"]
    }
    assert set(doctor.RULES) == of_the_inbox == {name for name in doctor.RULES if outputs_of[name] == name}


def _is_ref(output: dict[str, Any]) -> bool:
    return isinstance(output["Value"], dict) and "Ref" in output["Value"]


@pytest.mark.parametrize(("name", "level"), [("saldo_vencido", "warn"), ("estado_de_cuenta", "ok")])
def test_a_text_in_use_that_nobody_here_has_read_is_yellow(
    account: Account, world: World, name: str, level: str
) -> None:
    world.table.update(keys.review(name, "es"), {"registered": "of other words"})
    assert found(asked("--json"))["reviews"] == level


def test_its_ages_are_those_of_the_alarms() -> None:
    watched = {
        name.removesuffix("AreLate"): seconds for name, seconds in MORE_THAN.items() if name.endswith("AreLate")
    }
    named = {"media": "Receipts"}
    assert {named.get(name, name.title()): most for name, most in doctor.WAITS.items()} == {
        name: seconds for name, seconds in watched.items() if name != "Events"
    }


def test_a_stack_of_before_is_to_be_deployed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {name: value for name, value in OUTPUTS.items() if name != "Alarms"}
    monkeypatch.setattr(app.Where, "place", lambda _: WorldPlace(outputs, {}, world))
    result = asked("--json")
    assert (result.exit_code, found(result)) == (1, {"stack": "fail"})


def test_it_asks_for_outputs_that_the_template_has() -> None:
    assert set(source()["Outputs"]) >= doctor.NEEDED

"""`cobranza doctor` on the running stack: green when all is as it has to be, and a red line for each thing that is
broken in it, at WhatsApp or between them. What is broken is put back."""

import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from typer.testing import CliRunner

from cobranza_cli.app import app
from local import drive, samples
from local.stack import ACCESS_TOKEN, APP_SECRET, CONCURRENCY, FOLDER, PHONE_NUMBER_ID, VERIFY_TOKEN, Stack
from tests.e2e.broken import no_route, no_rule, no_stream, parameter, silent_inbox, throttled
from tests.e2e.steps import configure, empty_tables, post

WABA = "100000000000001"
# Meta's clock tells seconds, and of two words of one second the worse one counts.
NEXT_SECOND = 1.1

type Breaks = Callable[[Stack], AbstractContextManager[None]]
type Found = dict[str, tuple[str, str]]  # name → level and sentence


def cobranza(*words: str) -> tuple[int, Any]:
    """What the command ends with, and its JSON."""
    folder = str(FOLDER / f"test-{os.getpid()}")
    answer = CliRunner().invoke(app, ["--local", "--folder", folder, *words, "--json"])
    return answer.exit_code, json.loads(answer.stdout)


def look() -> tuple[int, Found, str]:
    """What the command ends with, what it found, and all that is to be done."""
    code, told = cobranza("doctor")
    found = {each["name"]: (each["level"], each["sentence"]) for each in told["checks"]}
    return code, found, " ".join(each["do"] for each in told["checks"] if each["level"] == "fail")


@pytest.fixture(scope="module", autouse=True)
def set_up(stack: Stack) -> None:
    """A portfolio, and the texts as Meta has them."""
    empty_tables(stack)
    drive.drop_and_wait(stack, "portfolios/uno/portfolio.yaml", samples.PORTFOLIO_YAML.encode())
    drive.drop_and_wait(stack, "strategies/uno/strategy.yaml", samples.STRATEGY_YAML.encode())
    code, pushed = cobranza("templates", "push", WABA, "--reviewed-by", "ana.ruiz")
    assert code == 0
    assert {each["result"] for each in pushed} == {"THERE"}


@contextmanager
def secret(stack: Stack, name: str, value: dict[str, Any]) -> Generator[None]:
    client, where = stack.client("secretsmanager"), stack.secrets[name]
    before = client.get_secret_value(SecretId=where)["SecretString"]
    client.put_secret_value(SecretId=where, SecretString=json.dumps(value))
    try:
        yield
    finally:
        client.put_secret_value(SecretId=where, SecretString=before)


@contextmanager
def simulator(stack: Stack, before: dict[str, Any], **broken: Any) -> Generator[None]:
    configure(stack, **broken)
    try:
        yield
    finally:
        configure(stack, **before)


@contextmanager
def stopped_number(stack: Stack) -> Generator[None]:
    """Meta restricts the number, and later lets it go on."""
    post(stack, "account", {"numbers": {PHONE_NUMBER_ID: 131031}})
    idle(stack)
    try:
        yield
    finally:
        post(stack, "account", {"numbers": {PHONE_NUMBER_ID: None}})
        idle(stack)


@contextmanager
def open_breaker(stack: Stack) -> Generator[None]:
    """Meta restricts the account and tells it, and later lets it go on; a person resumes it."""
    post(stack, "account", {"restricted": 131031})
    idle(stack)
    try:
        yield
    finally:
        post(stack, "account", {"restricted": None})
        idle(stack)
        code, _ = cobranza("resume", "number:all")
        assert code == 0


@contextmanager
def template(stack: Stack, before: dict[str, str], **broken: str) -> Generator[None]:
    """Meta decides otherwise of a text, and tells it; later as before."""
    name = {"name": "saldo_vencido", "language": "es"}
    post(stack, "templates", name | broken)
    idle(stack)
    try:
        yield
    finally:
        time.sleep(NEXT_SECOND)
        post(stack, "templates", name | before)
        idle(stack)


@contextmanager
def deleted_template(stack: Stack) -> Generator[None]:
    """Somebody deletes a text at Meta, and later it is there again; who reads Meta's list finds out."""
    with template(stack, {"status": "APPROVED"}, status="DELETED"):
        time.sleep(NEXT_SECOND)
        cobranza("templates", "sync", WABA)
        yield


def idle(stack: Stack) -> None:
    drive.settle(stack, queues=[])


@contextmanager
def no_reader(stack: Stack, function: str) -> Generator[None]:
    functions = stack.client("lambda")
    (found,) = functions.list_event_source_mappings(FunctionName=stack.functions[function])["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=found["UUID"], Enabled=True)


@contextmanager
def no_schedule(stack: Stack, function: str) -> Generator[None]:
    schedules, target = stack.client("scheduler"), f":{stack.functions[function]}:"
    (found,) = (each for each in schedules.list_schedules()["Schedules"] if target in each["Target"]["Arn"])
    told = schedules.get_schedule(Name=found["Name"])
    named = ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow", "Description")
    kept = {name: told[name] for name in named}
    schedules.update_schedule(**kept, State="DISABLED")
    try:
        yield
    finally:
        schedules.update_schedule(**kept, State="ENABLED")


@contextmanager
def clock(stack: Stack, value: str) -> Generator[None]:
    ssm, name = stack.client("ssm"), stack.clock_parameter
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)


@contextmanager
def dead_letter(stack: Stack, queue: str) -> Generator[None]:
    sqs, url = stack.client("sqs"), stack.queues[f"{queue}_dead_letters"]
    sqs.send_message(QueueUrl=url, MessageBody='{"v":1}')
    try:
        yield
    finally:
        (letter,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])


@contextmanager
def nobody_on_call(stack: Stack) -> Generator[None]:
    sns, topic = stack.client("sns"), stack.topics["alarms"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    for each in subscriptions:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    try:
        yield
    finally:
        for each in subscriptions:
            sns.subscribe(TopicArn=topic, Protocol=each["Protocol"], Endpoint=each["Endpoint"])


NUMBER = f"number {PHONE_NUMBER_ID}"
BOTH = ["whatsapp_business_management", "whatsapp_business_messaging"]
GOOD = {"app_secrets": [APP_SECRET], "verify_token": VERIFY_TOKEN}
# How it is broken; the red lines with the beginnings of their sentences; what is to be done, or a part of it.
BROKEN: dict[str, tuple[Breaks, dict[str, str], str]] = {
    "provider secret empty": (
        lambda stack: secret(stack, "provider", {}),
        {
            "provider secret": "It holds no usable access_token: nothing is sent.",
            "whatsapp": "A secret that it needs is empty.",
        },
        "into the secret of output ProviderSecretArn",
    ),
    "token refused": (
        lambda stack: secret(stack, "provider", {"access_token": f"{ACCESS_TOKEN}-of-before"}),
        {"token": "Meta does not take it: 190 (#190) Access token has expired."},
        "token",
    ),
    "token may not send": (
        lambda stack: simulator(stack, {"scopes": BOTH}, scopes=["whatsapp_business_management"]),
        {"token": "It has no permission for whatsapp_business_messaging."},
        "make a token with both permissions",
    ),
    "app secret of another app": (
        lambda stack: simulator(stack, {"app_secret": APP_SECRET}, app_secret="another"),
        {"app secret": "It is not that of the token's app: what Meta signs is refused."},
        "put the one of App settings, Basic, into app_secrets",
    ),
    "number unknown": (
        lambda stack: simulator(
            stack, {"phone_numbers": {PHONE_NUMBER_ID: "+1 202 555 0100"}}, phone_numbers={"1": "+1 202 555 0101"}
        ),
        {NUMBER: "Meta does not show it: 100 (#100) Invalid parameter."},
        "registered for Cloud API",
    ),
    "number's quality is red": (
        lambda stack: simulator(stack, {"qualities": {}}, qualities={PHONE_NUMBER_ID: "RED"}),
        {NUMBER: "Its quality is RED, limit TIER_UNLIMITED."},
        "pause, look at whom it writes to",
    ),
    "app not subscribed": (
        lambda stack: simulator(stack, {"is_subscribed": True}, is_subscribed=False),
        {f"account {WABA}": "The token's app is not subscribed to it: no reply and no status comes."},
        "subscribed_apps",
    ),
    "Meta posts elsewhere": (
        lambda stack: simulator(
            stack, {"webhook_url": stack.webhook_url}, webhook_url="http://127.0.0.1:9/webhook"
        ),
        {f"webhook of {PHONE_NUMBER_ID}": "Meta posts to http://127.0.0.1:9/webhook: no reply"},
        "tell Meta output WebhookUrl",
    ),
    "number stopped": (stopped_number, {NUMBER: "Meta says that it is RESTRICTED."}, "see WhatsApp Manager"),
    "account restricted": (
        open_breaker,
        {
            NUMBER: "Meta says that it is RESTRICTED.",
            "stop of number:all": "WhatsApp has stopped it: 131031 Account has been locked.",
        },
        "cobranza resume number:all",
    ),
    "text paused": (
        lambda stack: template(stack, {"status": "APPROVED"}, status="PAUSED"),
        {"templates": "1 cannot be sent, such as saldo_vencido es: PAUSED."},
        "wait until Meta lifts the pause",
    ),
    "text made marketing": (
        lambda stack: template(stack, {"category": "UTILITY"}, category="MARKETING"),
        {"templates": "1 cannot be sent, such as saldo_vencido es: MARKETING."},
        "ask Meta for a review of its category",
    ),
    "text missing": (
        deleted_template,
        {"templates": "1 cannot be sent, such as saldo_vencido es: MISSING."},
        "run `cobranza templates push",
    ),
    "webhook secret without an app's": (
        lambda stack: secret(stack, "webhook", GOOD | {"app_secrets": []}),
        {"webhook secret": "It holds no app secret: every webhook is refused."},
        "put Meta's app secret into app_secrets",
    ),
    "verify token wrong": (
        lambda stack: secret(stack, "webhook", GOOD | {"verify_token": "another"}),
        {"webhook": "It answers the handshake with 403."},
        "and its verify_token",
    ),
    "gateway secret empty": (
        lambda stack: secret(stack, "gateway", {}),
        {"gateway secret": "It is empty, although the stack fills it."},
        "bring back its last version",
    ),
    "no address of the webhook": (
        lambda stack: no_route(stack, "GET /webhook"),
        {"webhook": "It answers the handshake with 404."},
        "see the log of webhook",
    ),
    "deliveries lead nowhere": (
        lambda stack: no_route(stack, "POST /webhook"),
        {"signature": "A signed delivery was answered with 404."},
        "see app_secrets",
    ),
    "countries off": (
        lambda stack: parameter(stack, "CountriesOn", ""),
        {"countries": "None is switched on: nobody is written to."},
        "deploy with CountriesOn",
    ),
    "quota": (
        lambda stack: parameter(stack, "Senders", "1000"),
        {"concurrency": f"The account runs {CONCURRENCY} functions at once, and the senders want 1000."},
        "concurrent executions of Lambda, or lower Senders",
    ),
    "event source disabled": (
        lambda stack: no_reader(stack, "send"),
        {"reminders reader": "Its function does not take from it: its event source is Disabled."},
        "enable the trigger",
    ),
    "journal's stream not read": (
        lambda stack: no_stream(stack, "journal"),
        {"journal stream reader": "Its function does not take from it: its event source is Disabled."},
        "enable the trigger",
    ),
    "ledger's stream not read": (
        lambda stack: no_stream(stack, "ledger"),
        {"ledger stream reader": "Its function does not take from it: its event source is Disabled."},
        "enable the trigger",
    ),
    "rule of files disabled": (
        lambda stack: no_rule(stack, "FileDropped"),
        {"rule FileDropped": "It is off: files that are dropped are not read"},
        "drop again what came meanwhile",
    ),
    "rule of pauses disabled": (
        lambda stack: no_rule(stack, "ControlChanged"),
        {"rule ControlChanged": "It is off: pauses, and orders to resume, are not read"},
        "enable it in EventBridge",
    ),
    "rule of approvals disabled": (
        lambda stack: no_rule(stack, "PlanApproved"),
        {"rule PlanApproved": "It is off: approvals of plans are not read"},
        "enable it in EventBridge",
    ),
    "inbox tells nobody": (
        silent_inbox,
        {"inbox": "It tells nobody what is dropped into it"},
        "switch EventBridge on in the bucket's properties",
    ),
    "schedule disabled": (
        lambda stack: no_schedule(stack, "scheduler"),
        {"scheduler schedule": "It is off: nobody calls the function."},
        "enable it in EventBridge Scheduler",
    ),
    "function throttled": (
        lambda stack: throttled(stack, "send"),
        {"send function": "It may not run: no execution at all is reserved for it."},
        "take its reserved concurrency away",
    ),
    "clock wrong": (
        lambda stack: clock(stack, "noon"),
        {
            "stack's clock": "It holds no number of seconds: every function fails.",
            "signature": "A signed delivery was answered with 5",
        },
        "0 is real time",
    ),
    "dead letters": (
        lambda stack: dead_letter(stack, "media"),
        {"media given up": "1 given up."},
        "cobranza redrive media",
    ),
    "nobody on call": (
        nobody_on_call,
        {"alarms": "Nobody is subscribed: alarms ring where nobody hears."},
        "subscribe whoever is on call",
    ),
}


def reds(found: Found) -> dict[str, str]:
    return {name: sentence for name, (level, sentence) in found.items() if level == "fail"}


def test_a_healthy_stack_is_all_green(stack: Stack) -> None:
    code, found, _ = look()
    assert {name: told for name, told in found.items() if told[0] != "ok"} == {}
    assert code == 0


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_is_red_alone_and_says_what_to_do(stack: Stack, broken: str) -> None:
    breaks, expected, do = BROKEN[broken]
    with breaks(stack):
        code, found, told = look()
    assert reds(found).keys() == expected.keys()
    for name, sentence in expected.items():
        assert reds(found)[name].startswith(sentence)
    assert do in told
    assert code == 1


def test_all_is_green_again(stack: Stack) -> None:
    code, found, _ = look()
    assert reds(found) == {}
    assert code == 0

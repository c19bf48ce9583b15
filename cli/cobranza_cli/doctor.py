"""`cobranza doctor`: looks at the stack, at WhatsApp and at what is between them from outside. Nothing is changed;
the webhook gets an empty delivery, and one whose signature is wrong."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

import requests
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.clock import real_time
from cobranza.errors import MissingSetting
from cobranza.policy.portfolio import Portfolio
from cobranza.signature import sign
from cobranza.store.ledger import Ledger
from cobranza.store.reviews import Reviews
from cobranza.store.secrets import Secret
from cobranza.store.templates import Templates
from cobranza.whatsapp.client import token_of
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.events import SIGNATURE
from cobranza.whatsapp.inspection import Inspector, TokenFacts
from cobranza_cli import checks, meta_checks, queues, status
from cobranza_cli.checks import Check, Level
from cobranza_cli.place import Place

PATIENCE = 15.0  # seconds for the webhook: it may have to start
EMPTY = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
# The seconds that a queue's oldest message may wait: as the alarms of the template have it.
WAITS = {"files": 3600, "reminders": 1800, "media": 120, "replies": 600}
# What a queue's own age leaves out, by the service that tells it.
RETURNED = {
    "files": ("ingest", "WaitingFileAge"),
    "reminders": ("send", "RetriedReminderAge"),
    "media": ("receipts", "RetriedReceiptAge"),
}
# Who takes from each queue, and from the stream of each table.
READERS = {"files": "Ingest", "reminders": "Send", "media": "ReceiptsFetcher", "replies": "Answer"}
STREAMS = {"Journal": "Events", "Ledger": "Events"}
# The rules by which what is dropped into the inbox leaves it.
RULES = {
    "FileDropped": "files that are dropped",
    "ControlChanged": "pauses, and orders to resume,",
    "PlanApproved": "approvals of plans",
}
FUNCTIONS = (
    "Ingest",
    "Scheduler",
    "Send",
    "Webhook",
    "ReceiptsFetcher",
    "Answer",
    "Payments",
    "Reports",
    "Events",
)
SCHEDULED = ("Scheduler", "Reports")
SECRETS = ("Provider", "Webhook", "Identity", "Gateway")
NEEDED = frozenset(
    ["Alarms", "WebhookUrl", *FUNCTIONS, *RULES]
    + [f"{name}SecretArn" for name in SECRETS]
    + [queues.queue(name) for name in queues.READ]
    + [queues.dead_letters(name) for name in queues.GIVEN_UP]
)
COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


def look(place: Place) -> list[Check]:
    """Every check. What may not be asked for, or gives no answer, is a check that failed."""
    if missing := NEEDED - place.outputs.keys():
        return [checks.outdated(missing)]
    asked: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("stage", lambda: [checks.stage(place.outputs["Stage"], place.outputs["TestPhones"])]),
        ("clock", lambda: [_clock(place)]),
        ("provider secret", lambda: [checks.provider_secret(_secret(place, "ProviderSecretArn"))]),
        ("webhook secret", lambda: [checks.webhook_secret(_secret(place, "WebhookSecretArn"))]),
        ("identity secret", lambda: [_generated(place, "identity secret", "IdentitySecretArn")]),
        ("gateway secret", lambda: [_generated(place, "gateway secret", "GatewaySecretArn")]),
        ("whatsapp", lambda: _whatsapp(place)),
        ("stops", lambda: meta_checks.stops(Ledger(place.ledger).breakers().values())),
        ("webhook", lambda: _webhook(place)),
        ("cases", lambda: _cases(place)),
        ("templates", lambda: [_templates(place)]),
        ("reviews", lambda: [_reviews(place)]),
        ("countries", lambda: [_countries(place)]),
        ("books", lambda: [_books(place)]),
        ("concurrency", lambda: [_concurrency(place)]),
        ("dead letters", lambda: _dead_letters(place)),
        ("ages", lambda: _ages(place)),
        ("readers", lambda: _readers(place)),
        ("rules", lambda: _rules(place)),
        ("schedules", lambda: _schedules(place)),
        ("functions", lambda: checks.throttled(reserved(place))),
        ("alarms", lambda: [_alarms(place)]),
    ]
    if "ClockParameter" in place.outputs:
        asked.append(("stack's clock", lambda: [checks.moved_clock(place.offset())]))
    return [check for name, ask in asked for check in _answered(name, ask)]


def told(found: Iterable[Check]) -> dict[str, Any]:
    listed = [*found]
    return {"healthy": not checks.failed(listed), "checks": [asdict(each) for each in listed]}


def show(console: Console, found: Iterable[Check]) -> None:
    table = Table("", "what", "found", "do")
    for each in found:
        colour = COLOURS[each.level]
        cells = (each.name, each.sentence, each.do)
        table.add_row(f"[{colour}]{each.level}[/{colour}]", *map(escape, cells))
    console.print(table)


def _answered(name: str, ask: Callable[[], Iterable[Check]]) -> list[Check]:
    try:
        return [*ask()]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        do = f"see the rights of doctor in docs/deploy.md: {error.operation_name}"
        return [checks.fail(name, f"AWS refused to tell: {code}.", do)]
    except BotoCoreError as error:
        return [
            checks.fail(name, f"AWS gave no answer: {type(error).__name__}.", "see the network and the region")
        ]
    except MissingSetting:
        return [checks.fail(name, "A secret that it needs is empty.", "fill the secrets first")]


def _secret(place: Place, output: str) -> Mapping[str, Any]:
    """Empty where it has no value yet."""
    try:
        return Secret(place.client("secretsmanager"), place.outputs[output])()
    except MissingSetting:
        return {}


def _generated(place: Place, name: str, output: str) -> Check:
    return checks.generated_secret(name, _secret(place, output))


def _clock(place: Place) -> Check:
    sqs, url = place.client("sqs"), place.outputs["FilesQueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return checks.clock(real_time(), parsedate_to_datetime(date) if date else None)


def _whatsapp(place: Place) -> Iterator[Check]:
    base = f"{place.outputs['GraphApiUrl']}/{place.outputs['GraphApiVersion']}"
    access_token = token_of(_secret(place, "ProviderSecretArn"))
    inspector = Inspector(base, access_token, requests.Session())
    facts = inspector.token_facts()
    yield meta_checks.token(facts, real_time())
    if isinstance(facts, ProviderError):
        return
    if known := checks.app_secrets(_secret(place, "WebhookSecretArn")):
        yield meta_checks.app_secret(_is_apps(inspector, known))
    yield from _accounts(inspector, facts)
    yield from _numbers(place, inspector)


def _accounts(inspector: Inspector, facts: TokenFacts) -> Iterator[Check]:
    for account in sorted(facts.accounts):
        apps = inspector.subscribed_apps(account)
        told = apps if isinstance(apps, ProviderError) else facts.app_id in apps
        yield meta_checks.subscription(account, told)
    if not facts.accounts:
        yield meta_checks.no_account()


def _numbers(place: Place, inspector: Inspector) -> Iterator[Check]:
    numbers = sorted(Ledger(place.ledger).numbers())
    for each in numbers:
        facts = inspector.number_facts(each)
        yield meta_checks.number(each, facts)
        if not isinstance(facts, ProviderError):
            yield meta_checks.posts_to(each, facts.posts_to, place.outputs["WebhookUrl"])
    if not numbers:
        yield meta_checks.no_number()


def _is_apps(inspector: Inspector, app_secrets: Iterable[str]) -> bool | ProviderError:
    """Whether one of them is; while one replaces another, the other may be."""
    told = [inspector.is_apps(each) for each in app_secrets]
    return True in told or next((each for each in told if isinstance(each, ProviderError)), False)


def _webhook(place: Place) -> Iterator[Check]:
    url, secret = place.outputs["WebhookUrl"], _secret(place, "WebhookSecretArn")
    challenge = secrets.token_hex(8)
    query = {"hub.mode": "subscribe", "hub.verify_token": str(secret.get("verify_token", ""))}
    status, text = _called("GET", url, params=query | {"hub.challenge": challenge})
    yield meta_checks.handshake(status, text == challenge)
    if status and (known := checks.app_secrets(secret)):
        signed, _ = _called("POST", url, data=EMPTY, headers={SIGNATURE: sign(EMPTY, known[0])})
        forged, _ = _called("POST", url, data=EMPTY, headers={SIGNATURE: sign(EMPTY, secrets.token_hex(16))})
        yield meta_checks.signature(signed, forged)


def _cases(place: Place) -> Iterator[Check]:
    if not (issuer := place.outputs["CasesIssuer"]):
        yield checks.no_cases()
        return
    _, shown = _read(f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
    yield checks.issuer(issuer, shown)
    if shown:
        yield checks.issuer_keys(_read(str(shown.get("jwks_uri")))[1])
    yield checks.cases_door(*_read(place.outputs["CasesUrl"]))


def _read(url: str) -> tuple[int, dict[str, Any]]:
    """Status, and the JSON object that was told; an empty one where it was none."""
    status, text = _called("GET", url)
    try:
        told = json.loads(text)
    except ValueError:
        return status, {}
    return status, cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _called(method: str, url: str, **request: Any) -> tuple[int, str]:
    """Status and text; 0 where nobody answers."""
    try:
        answer = requests.request(method, url, timeout=PATIENCE, allow_redirects=False, **request)
    except requests.RequestException:
        return 0, ""
    return answer.status_code, answer.text


def _templates(place: Place) -> Check:
    names = [each.id for each in Ledger(place.ledger).portfolios()]
    faults = {text: each["fault"] for text, each in status.templates(place, names).items()}
    return checks.templates(faults, is_synced=Templates(place.ledger).register().is_synced)


def _reviews(place: Place) -> Check:
    used = status.texts(place, [each.id for each in Ledger(place.ledger).portfolios()])
    missing = Templates(place.ledger).register().templates.keys() - Reviews(place.ledger).holding().keys()
    return checks.reviews([f"{name} {language}" for name, language in missing if name in used])


def _countries(place: Place) -> Check:
    wanted = {portfolio.portfolio_id: portfolio.countries for portfolio in _declared(Ledger(place.ledger))}
    return checks.countries(_on(place), wanted)


def _books(place: Place) -> Check:
    ledger, now = Ledger(place.ledger), real_time()
    stale: dict[str, datetime] = {}
    for portfolio in _declared(ledger):
        feed = ledger.feed(portfolio.portfolio_id)
        if feed.as_of and feed.is_stale(portfolio, now):
            stale[portfolio.portfolio_id] = feed.as_of
    return checks.books(stale)


def _declared(ledger: Ledger) -> Iterator[Portfolio]:
    return filter(None, map(ledger.portfolio, [each.id for each in ledger.portfolios()]))


def _on(place: Place) -> set[str]:
    return {each for each in place.outputs["CountriesOn"].split(",") if each}


def _concurrency(place: Place) -> Check:
    limits = place.client("lambda").get_account_settings()["AccountLimit"]
    return checks.concurrency(int(limits["ConcurrentExecutions"]), int(place.outputs["Senders"] or 0))


def _dead_letters(place: Place) -> Iterator[Check]:
    yield from checks.dead_letters(queues.given_up(place))


def _ages(place: Place) -> Iterator[Check]:
    cloudwatch = place.client("cloudwatch")
    for name, most in WAITS.items():
        queue = {"QueueName": place.outputs[queues.queue(name)].rsplit("/", 1)[-1]}
        measured = _measures(cloudwatch, "AWS/SQS", "ApproximateAgeOfOldestMessage", queue)
        yield checks.age(name, measured[-1] if measured else None, most)
    for name, (service, metric) in RETURNED.items():
        measured = _measures(cloudwatch, "Cobranza", metric, {"service": service})
        yield checks.returned(name, max(measured, default=None), WAITS[name])


def _measures(cloudwatch: Any, namespace: str, metric: str, dimensions: Mapping[str, str]) -> list[float]:
    """The greatest of each minute of the last quarter of an hour, the newest last."""
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(answer["Datapoints"], key=lambda each: each["Timestamp"])
    return [each["Maximum"] for each in points]


def _readers(place: Place) -> Iterator[Check]:
    pages = place.client("lambda").get_paginator("list_event_source_mappings").paginate()
    found = [each for page in pages for each in page["EventSourceMappings"]]

    def states(source: str, function: str) -> list[str]:
        reader = f":function:{place.outputs[function]}:"
        return [
            each["State"]
            for each in found
            if source in f"{each['EventSourceArn']}:" and reader in f"{each['FunctionArn']}:"
        ]

    for name, function in READERS.items():
        queue = place.outputs[queues.queue(name)].rsplit("/", 1)[-1]
        yield checks.reader(name, states(f":{queue}:", function))
    streams = {name: states(f":table/{place.outputs[name]}/", function) for name, function in STREAMS.items()}
    yield from checks.streams(streams, is_local=place.outputs["Stage"] == "local")


def _rules(place: Place) -> Iterator[Check]:
    told = place.client("s3").get_bucket_notification_configuration(Bucket=place.outputs["Inbox"])
    yield checks.inbox("EventBridgeConfiguration" in told)
    events = place.client("events")
    for name, lost in RULES.items():
        found = events.list_rules(NamePrefix=place.outputs[name])["Rules"]
        yield checks.rule(name, lost, [each["State"] for each in found if each["Name"] == place.outputs[name]])


def _schedules(place: Place) -> Iterator[Check]:
    pages = place.client("scheduler").get_paginator("list_schedules").paginate()
    found = [each for page in pages for each in page["Schedules"]]
    for name in SCHEDULED:
        target = f":function:{place.outputs[name]}:"
        yield checks.schedule(name.lower(), [each["State"] for each in found if target in each["Target"]["Arn"]])


def reserved(place: Place) -> dict[str, int | None]:
    """How many executions each function may have; None: as many as there are."""
    functions = place.client("lambda")
    answers = {
        name.lower(): functions.get_function_concurrency(FunctionName=place.outputs[name])
        for name in (*FUNCTIONS, "Cases")
        if name in place.outputs  # of cases where they are on
    }
    return {name: answer.get("ReservedConcurrentExecutions") for name, answer in answers.items()}


def _alarms(place: Place) -> Check:
    pages = (
        place.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=place.outputs["Alarms"])
    )
    return checks.alarms([each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]])

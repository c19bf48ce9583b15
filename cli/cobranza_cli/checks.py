"""The checks of `cobranza doctor`: each takes what it needs, and says what it found and what to do."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from cobranza.errors import MissingSetting
from cobranza.policy.registered import remedy
from cobranza.whatsapp.client import token_of

# Executions that all functions but the senders need at once.
BESIDE_SENDERS = 20
# Of an event source that takes messages, or is about to.
AT_WORK = frozenset({"Creating", "Enabling", "Enabled", "Updating"})
SKEW, MOST_SKEW = timedelta(seconds=30), timedelta(minutes=4)


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """`do` is what a person does about it; empty where all is well."""

    name: str
    level: Level
    sentence: str
    do: str = ""


def ok(name: str, sentence: str) -> Check:
    return Check(name, Level.OK, sentence)


def warn(name: str, sentence: str, do: str) -> Check:
    return Check(name, Level.WARN, sentence, do)


def fail(name: str, sentence: str, do: str) -> Check:
    return Check(name, Level.FAIL, sentence, do)


def outdated(missing: Collection[str]) -> Check:
    """The stack was deployed before these outputs were in its template."""
    return fail("stack", f"It has no output {', '.join(sorted(missing))}.", "deploy the version of this command")


def stage(told: str, test_phones: str) -> Check:
    if told == "prod" or (told == "local" and not test_phones):
        return ok("stage", f"This is stage {told}: it may write to everybody.")
    if test_phones:
        return ok("stage", f"This is stage {told}: it writes to {len(test_phones.split(','))} test phones alone.")
    return warn(
        "stage", f"This is stage {told} and it has no test phones: nobody gets anything.", "deploy with TestPhones"
    )


def provider_secret(value: Mapping[str, Any]) -> Check:
    try:
        token_of(value)
    except MissingSetting:
        return fail(
            "provider secret",
            "It holds no usable access_token: nothing is sent.",
            'put {"access_token":"…"} into the secret of output ProviderSecretArn',
        )
    return ok("provider secret", "It holds an access token.")


def webhook_secret(value: Mapping[str, Any]) -> Check:
    if not app_secrets(value):
        return fail(
            "webhook secret",
            "It holds no app secret: every webhook is refused.",
            "put Meta's app secret into app_secrets of the secret of output WebhookSecretArn",
        )
    if not value.get("verify_token"):
        return fail(
            "webhook secret",
            "It holds no verify_token: Meta's handshake is refused.",
            "put a long random verify_token into the secret of output WebhookSecretArn, and tell Meta",
        )
    return ok("webhook secret", "It holds an app secret and a verify_token.")


def app_secrets(value: Mapping[str, Any]) -> list[str]:
    told = value.get("app_secrets")
    return [each for each in told if isinstance(each, str) and each] if isinstance(told, list) else []


def generated_secret(name: str, value: Mapping[str, Any]) -> Check:
    """One that the stack fills by itself."""
    if any(isinstance(each, str) and each for each in value.values()):
        return ok(name, "It is filled.")
    return fail(
        name, "It is empty, although the stack fills it.", "bring back its last version; make up no other key"
    )


def no_cases() -> Check:
    return ok("cases", "The API of cases is off: CasesIssuer names nobody.")


def issuer(named: str, told: Mapping[str, Any]) -> Check:
    """`told`: its OpenID configuration; nothing where it shows none."""
    if not told:
        do = "see that CasesIssuer is its address, and that everybody can read its configuration"
        return fail("cases issuer", "It shows no OpenID configuration.", do)
    if told.get("issuer") != named:
        called = told.get("issuer")
        sentence = f"It calls itself {called}, not {named}: nobody with a token is let in."
        return fail("cases issuer", sentence, f"deploy with CasesIssuer={called}")
    return ok("cases issuer", "It shows its OpenID configuration.")


def issuer_keys(told: Mapping[str, Any]) -> Check:
    """`told`: what is at its jwks_uri. API Gateway takes keys of RSA alone."""
    listed = told.get("keys")
    keys = cast("list[Mapping[str, Any]]", listed) if isinstance(listed, list) else []
    if any(each.get("kty") == "RSA" and each.get("use", "sig") == "sig" for each in keys):
        return ok("cases keys", "They can be read.")
    do = "have it sign with RSA, and show the keys at its jwks_uri"
    return fail("cases keys", "It shows no RSA key: nobody with a token is let in.", do)


def cases_door(status: int, told: Mapping[str, Any]) -> Check:
    """What a call without a token is answered, by the gateway unless it has a code. `status` 0: no answer."""
    do = "see who changed the API of cases, and deploy it again"
    if status == 0:
        return fail("cases", "It does not answer.", "see output CasesUrl, then deploy again")
    if status != 401:
        return fail("cases", f"It answers with {status} where there is no token, not 401.", do)
    if "code" in told:
        return fail("cases", "Its gateway checks no token: nobody is let in.", do)
    return ok("cases", "It lets nobody in without a token.")


def templates(faults: Mapping[str, str], *, is_synced: bool) -> Check:
    """`faults` by the text's name and language: of the texts that portfolios use."""
    if faults:
        first, fault = min(faults.items())
        return fail("templates", f"{len(faults)} cannot be sent, such as {first}: {fault}.", remedy(fault))
    if not is_synced:
        return warn(
            "templates", "Nobody has read yet what Meta has approved.", "cobranza templates sync <account id>"
        )
    return ok("templates", "All texts that portfolios use are approved.")


def reviews(missing: Collection[str]) -> Check:
    """`missing`: the name and language of each text that portfolios use and that nobody here has read as Meta has
    it."""
    if missing:
        told = f"{len(missing)} in use have been read by nobody here, such as {min(missing)}."
        do = "have somebody read them, then run `cobranza templates push <account id> --reviewed-by <who>`"
        return warn("reviews", told, do)
    return ok("reviews", "Somebody has read every text in use that Meta has.")


def countries(on: Collection[str], wanted: Mapping[str, Collection[str]]) -> Check:
    """`wanted`: the countries of each portfolio."""
    if not on:
        do = "deploy with CountriesOn once counsel has approved a country"
        return fail("countries", "None is switched on: nobody is written to.", do)
    off = {name: sorted(set(names) - set(on)) for name, names in wanted.items()}
    if waiting := {name: names for name, names in off.items() if names}:
        told = "; ".join(f"{name}: {', '.join(names)}" for name, names in sorted(waiting.items()))
        return warn("countries", f"Portfolios want countries that are off: {told}.", "deploy with CountriesOn")
    return ok("countries", f"{', '.join(sorted(on))}: all that portfolios want.")


def books(stale: Mapping[str, datetime]) -> Check:
    """`stale`: as of when the books are that nobody is reminded by any more, by portfolio."""
    if stale:
        told = "; ".join(f"{name}: as of {as_of:%Y-%m-%d %H:%M} UTC" for name, as_of in sorted(stale.items()))
        do = "have today's file dropped; see BooksAreStale in docs/runbook.md"
        return warn("books", f"Nobody is reminded, because the newest file is too old: {told}.", do)
    return ok("books", "None is too old to be acted on.")


def concurrency(quota: int, senders: int) -> Check:
    needed = senders + BESIDE_SENDERS
    if quota <= senders:
        do = f"ask AWS for {max(needed, 100)} concurrent executions of Lambda, or lower Senders"
        return fail(
            "concurrency", f"The account runs {quota} functions at once, and the senders want {senders}.", do
        )
    if quota < needed:
        do = f"ask AWS for {max(needed, 100)} concurrent executions of Lambda"
        return warn("concurrency", f"The account runs {quota} functions at once; {needed} are wanted.", do)
    return ok("concurrency", f"The account runs {quota} functions at once.")


def reader(source: str, states: Collection[str]) -> Check:
    """`states` of the event sources by which its function takes from a queue or stream, in Lambda's words."""
    if set(states) & AT_WORK:
        return ok(f"{source} reader", "Its function takes from it.")
    what = f"its event source is {', '.join(sorted(set(states)))}" if states else "it has no event source"
    return fail(
        f"{source} reader",
        f"Its function does not take from it: {what}.",
        "enable the trigger of its function in Lambda",
    )


def streams(states: Mapping[str, Collection[str]], *, is_local: bool) -> Iterator[Check]:
    """`states` as of a reader, of each table's stream. One that nobody reads has no age, and rings nowhere."""
    if is_local and not any(set(each) & AT_WORK for each in states.values()):
        yield ok("streams", "They are off on this machine, where nobody subscribes to events.")
        return
    for table, each in states.items():
        yield reader(f"{table.lower()} stream", each)


def rule(name: str, lost: str, states: Collection[str]) -> Check:
    """`states` of the rules of EventBridge that have its name, one or none; `lost` is what comes by it."""
    if "ENABLED" in states:
        return ok(f"rule {name}", "It is on.")
    what = "It is off" if states else "There is none"
    return fail(
        f"rule {name}",
        f"{what}: {lost} are not read, and no alarm tells it.",
        f"{'enable it in EventBridge' if states else 'deploy again'}, then drop again what came meanwhile",
    )


def schedule(name: str, states: Collection[str]) -> Check:
    """`states` of the schedules that call the function."""
    if "ENABLED" in states:
        return ok(f"{name} schedule", "It is on.")
    what = "It is off" if states else "There is none"
    return fail(
        f"{name} schedule",
        f"{what}: nobody calls the function.",
        "enable it in EventBridge Scheduler" if states else "deploy again",
    )


def inbox(is_told: bool) -> Check:
    """Whether the bucket tells EventBridge what is dropped into it."""
    if is_told:
        return ok("inbox", "It tells what is dropped into it.")
    do = "switch EventBridge on in the bucket's properties, then drop again what came meanwhile"
    return fail("inbox", "It tells nobody what is dropped into it, and no alarm tells it.", do)


def throttled(reserved: Mapping[str, int | None]) -> Iterator[Check]:
    """Executions that are reserved for each function, None where none are. Zero is what the console's button
    Throttle reserves."""
    for name in (name for name, executions in reserved.items() if executions == 0):
        do = "take its reserved concurrency away in Lambda"
        yield fail(f"{name} function", "It may not run: no execution at all is reserved for it.", do)
    if 0 not in reserved.values():
        yield ok("functions", "All may run.")


def moved_clock(told: str) -> Check:
    """The seconds in the stack's clock parameter, which is there on this machine alone."""
    try:
        seconds = float(told)
    except ValueError:
        do = "put a number of seconds into the parameter of output ClockParameter; 0 is real time"
        return fail("stack's clock", "It holds no number of seconds: every function fails.", do)
    return ok("stack's clock", f"It is moved by {seconds:,.0f} seconds.")


def clock(ours: datetime, theirs: datetime | None) -> Check:
    """`theirs` is by the second, None where AWS did not say."""
    if theirs is None:
        return warn("clock", "AWS did not say what time it is.", "see what stands between this machine and AWS")
    skew = abs(ours - theirs)
    seconds = round(skew.total_seconds())
    if skew >= MOST_SKEW:
        return fail(
            "clock", f"This machine is {seconds} seconds off: AWS refuses its calls.", "set its clock by NTP"
        )
    if skew >= SKEW:
        return warn("clock", f"This machine is {seconds} seconds off.", "set its clock by NTP")
    return ok("clock", "This machine's clock is right.")


def dead_letters(counts: Mapping[str, int]) -> Iterator[Check]:
    for name, count in counts.items():
        if count:
            yield fail(name, f"{count} given up.", f"see docs/runbook.md and `cobranza redrive {name.split()[0]}`")
    if not any(counts.values()):
        yield ok("dead letters", "Nothing was given up.")


def age(queue: str, seconds: float | None, most: int) -> Check:
    """`seconds` is None where nobody has measured."""
    if seconds is None:
        return ok(f"{queue} queue", "No age was measured.")
    if seconds > most:
        return fail(
            f"{queue} queue", f"Its oldest message waits for {seconds:,.0f} seconds.", "see docs/runbook.md"
        )
    return ok(f"{queue} queue", f"Its oldest message waits for {seconds:,.0f} seconds.")


def returned(queue: str, seconds: float | None, most: int) -> Check:
    """`seconds` that the oldest had waited of what failed or had to wait, None where there was none."""
    name = f"{queue} returned"
    if seconds is None:
        return ok(name, "Nothing came back in the last quarter of an hour.")
    sentence = f"What came back in the last quarter of an hour had waited for up to {seconds:,.0f} seconds."
    return fail(name, sentence, "see docs/runbook.md") if seconds > most else ok(name, sentence)


def alarms(subscriptions: Sequence[str]) -> Check:
    """The ARNs that SNS tells; PendingConfirmation in place of one that nobody has confirmed."""
    waiting = [arn for arn in subscriptions if not arn.startswith("arn:")]
    if len(waiting) == len(subscriptions):
        what = "Nobody has confirmed a subscription" if waiting else "Nobody is subscribed"
        return fail(
            "alarms", f"{what}: alarms ring where nobody hears.", "subscribe whoever is on call to output Alarms"
        )
    if waiting:
        do = "have them press the link in the mail of AWS"
        return warn("alarms", f"{len(waiting)} of {len(subscriptions)} subscriptions are not confirmed.", do)
    return ok("alarms", f"{len(subscriptions)} are told.")


def failed(checks: Iterable[Check]) -> bool:
    return any(each.level is Level.FAIL for each in checks)

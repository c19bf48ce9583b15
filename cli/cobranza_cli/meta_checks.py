"""The checks of `cobranza doctor` of Meta: the token, the account, the numbers, and what it posts to us."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from cobranza.policy.breaker import Breaker
from cobranza.whatsapp.errors import ProviderError, rule_for
from cobranza.whatsapp.inspection import MANAGING, SENDING, NumberFacts, TokenFacts
from cobranza_cli.checks import Check, Level, fail, ok, warn

TOKEN_ENDS_SOON = timedelta(days=14)


def token(told: TokenFacts | ProviderError, now: datetime) -> Check:
    if isinstance(told, ProviderError):
        rule = rule_for(told.code)
        return fail("token", f"Meta does not take it: {told.code} {told.title}.", rule.remedy.en)
    if not told.is_valid:
        return fail("token", "Meta says that it is not valid.", "make a new one for the system user")
    if missing := sorted({SENDING, MANAGING} - told.scopes):
        sentence = f"It has no permission for {' and '.join(missing)}."
        level = Level.FAIL if SENDING in missing else Level.WARN
        return Check("token", level, sentence, "make a token with both permissions for the system user")
    if told.ends_at and told.ends_at - now < TOKEN_ENDS_SOON:
        return warn("token", f"It ends on {told.ends_at:%Y-%m-%d}.", "make one that does not end")
    return ok("token", "Meta takes it, with both permissions.")


def app_secret(is_apps: bool | ProviderError) -> Check:
    """Whether one of the webhook's app secrets is that of the token's app."""
    if isinstance(is_apps, ProviderError):
        return warn("app secret", f"Meta did not say whose it is: {is_apps.code} {is_apps.title}.", "ask again")
    if not is_apps:
        return fail(
            "app secret",
            "It is not that of the token's app: what Meta signs is refused.",
            "put the one of App settings, Basic, into app_secrets of the secret of output WebhookSecretArn",
        )
    return ok("app secret", "Meta knows it as that of the token's app.")


def subscription(account_id: str, is_subscribed: bool | ProviderError) -> Check:
    """Whether Meta tells the token's app what happens in the account: replies, statuses, reviews of texts."""
    name = f"account {account_id}"
    if isinstance(is_subscribed, ProviderError):
        sentence = f"Meta did not say who is subscribed to it: {is_subscribed.code} {is_subscribed.title}."
        return warn(name, sentence, "see that the system user has the account")
    if not is_subscribed:
        do = f"POST /{account_id}/subscribed_apps with the token; see 4 of docs/deploy.md"
        return fail(name, "The token's app is not subscribed to it: no reply and no status comes.", do)
    return ok(name, "The token's app is subscribed to it.")


def no_account() -> Check:
    return warn(
        "account",
        "Meta did not say which accounts the token is for.",
        "see in WhatsApp Manager that the app is subscribed to yours",
    )


def number(phone_number_id: str, told: NumberFacts | ProviderError) -> Check:
    name = f"number {phone_number_id}"
    if isinstance(told, ProviderError):
        do = "see that it is registered for Cloud API and that the system user has its account"
        return fail(name, f"Meta does not show it: {told.code} {told.title}.", do)
    if told.status != "CONNECTED":
        return fail(name, f"Meta says that it is {told.status or 'not registered'}.", "see WhatsApp Manager")
    limit = f", limit {told.limit}" if told.limit else ""
    if told.quality == "RED":
        return fail(name, f"Its quality is RED{limit}.", "pause, look at whom it writes to, then resume")
    if told.quality == "YELLOW":
        return warn(name, f"Its quality is YELLOW{limit}.", "look at whom it writes to before Meta stops it")
    return ok(name, f"It is connected, quality {told.quality}{limit}.")


def no_number() -> Check:
    return warn(
        "number", "No portfolio is valid, so no number is used.", "drop portfolios/<portfolio>/portfolio.yaml"
    )


def posts_to(phone_number_id: str, told: str, ours: str) -> Check:
    """`told`: where Meta posts what the number's customers write; empty where it did not say."""
    name = f"webhook of {phone_number_id}"
    if not told:
        return warn(name, "Meta did not say where it posts.", "see the app's WhatsApp configuration")
    if told != ours:
        do = "tell Meta output WebhookUrl: in the app's configuration, or in the number's or account's override"
        return fail(name, f"Meta posts to {told}: no reply and no status comes here.", do)
    return ok(name, "Meta posts here.")


def handshake(status: int, echoed: bool) -> Check:
    """`status` 0: no answer."""
    if status == 0:
        do = "see that the API of output WebhookUrl and its stage are there, and that this machine reaches AWS"
        return fail("webhook", "It gives no answer.", do)
    if status == 200 and echoed:
        return ok("webhook", "It answers the handshake.")
    return fail(
        "webhook", f"It answers the handshake with {status}.", "see the log of webhook, and its verify_token"
    )


def signature(signed: int, forged: int) -> Check:
    """What an empty delivery was answered, signed by our secret, and by another."""
    if forged == 200:
        return fail(
            "signature", "A wrong signature was believed.", "take the webhook off Meta, and see who deployed"
        )
    if signed != 200:
        do = "see app_secrets of the secret of output WebhookSecretArn, and the log of webhook"
        return fail("signature", f"A signed delivery was answered with {signed}.", do)
    if forged != 403:
        return warn(
            "signature", f"A wrong signature was answered with {forged}, not 403.", "see the log of webhook"
        )
    return ok("signature", "What is signed is taken, and what is not is refused.")


def stops(breakers: Collection[Breaker]) -> Iterator[Check]:
    yield from map(_stopped, breakers)
    if not breakers:
        yield ok("stops", "WhatsApp has stopped nothing.")


def _stopped(breaker: Breaker) -> Check:
    """By WhatsApp, or by a person."""
    name, do = f"stop of {breaker.scope}", f"cobranza resume {breaker.scope}"
    if breaker.is_by_hand:
        return warn(name, f"Somebody has paused it since {breaker.since}.", do)
    rule = rule_for(breaker.code)
    return fail(name, f"WhatsApp has stopped it: {breaker.code} {rule.title}.", f"{rule.remedy.en}, then `{do}`")

"""Of ten set-ups and more that are broken, each has its red line, its sentence and what to do."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from cobranza.policy.breaker import BY_HAND, Breaker
from cobranza.whatsapp.errors import ProviderError
from cobranza.whatsapp.inspection import MANAGING, SENDING, NumberFacts, TokenFacts
from cobranza_cli import checks, meta_checks
from cobranza_cli.checks import Check, Level

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
BOTH = frozenset({SENDING, MANAGING})
GOOD_TOKEN = TokenFacts(is_valid=True, scopes=BOTH, ends_at=None)
REFUSED = ProviderError(190, "Access token has expired", "")
GOOD_NUMBER = NumberFacts("CONNECTED", "GREEN", "TIER_2K")
OURS = "https://api.example.com/webhook"
ISSUER = "https://login.example.com"
SECRET = {"app_secrets": ["new", "old"], "verify_token": "v"}


def one(found: Iterable[Check]) -> Check:
    (check,) = found
    return check


def dead(counts: dict[str, int]) -> Check:
    return one(checks.dead_letters(counts))


FAILING = {
    "It has no output Alarms.": checks.outdated({"Alarms"}),
    "It holds no usable access_token: nothing is sent.": checks.provider_secret({}),
    "It holds no app secret: every webhook is refused.": checks.webhook_secret(SECRET | {"app_secrets": []}),
    "It holds no verify_token: Meta's handshake is refused.": checks.webhook_secret({"app_secrets": ["s"]}),
    "It is empty, although the stack fills it.": checks.generated_secret("identity secret", {}),
    "Meta does not take it: 190 Access token has expired.": meta_checks.token(REFUSED, NOW),
    "Meta says that it is not valid.": meta_checks.token(TokenFacts(False, BOTH, None), NOW),
    "It has no permission for whatsapp_business_messaging.": meta_checks.token(
        TokenFacts(True, frozenset({MANAGING}), None), NOW
    ),
    "It is not that of the token's app: what Meta signs is refused.": meta_checks.app_secret(False),
    "WhatsApp has stopped it: 131031 Account has been locked.": one(
        meta_checks.stops([Breaker("number:all", "2026-11-24T17:00:00Z", 131031)])
    ),
    "Its function does not take from it: its event source is Disabled.": checks.reader("files", ["Disabled"]),
    "Its function does not take from it: it has no event source.": one(
        checks.streams({"Journal": []}, is_local=False)
    ),
    "It tells nobody what is dropped into it, and no alarm tells it.": checks.inbox(is_told=False),
    "It is off: files that are dropped are not read, and no alarm tells it.": checks.rule(
        "FileDropped", "files that are dropped", ["DISABLED"]
    ),
    "There is none: approvals of plans are not read, and no alarm tells it.": checks.rule(
        "PlanApproved", "approvals of plans", []
    ),
    "What came back in the last quarter of an hour had waited for up to 130 seconds.": checks.returned(
        "media", 130.0, 120
    ),
    "It is off: nobody calls the function.": checks.schedule("scheduler", ["DISABLED"]),
    "There is none: nobody calls the function.": checks.schedule("scheduler", []),
    "It may not run: no execution at all is reserved for it.": one(checks.throttled({"send": 0, "ingest": None})),
    "It holds no number of seconds: every function fails.": checks.moved_clock("noon"),
    "Meta does not show it: 100 Invalid parameter.": meta_checks.number(
        "1", ProviderError(100, "Invalid parameter", "")
    ),
    "Meta says that it is RESTRICTED.": meta_checks.number("1", NumberFacts("RESTRICTED", "GREEN", "")),
    "Its quality is RED, limit TIER_250.": meta_checks.number("1", NumberFacts("CONNECTED", "RED", "TIER_250")),
    "The token's app is not subscribed to it: no reply and no status comes.": meta_checks.subscription("1", False),
    "Meta posts to https://other.example.com: no reply and no status comes here.": meta_checks.posts_to(
        "1", "https://other.example.com", OURS
    ),
    "It gives no answer.": meta_checks.handshake(0, echoed=False),
    "It answers the handshake with 403.": meta_checks.handshake(403, echoed=False),
    "It answers the handshake with 200.": meta_checks.handshake(200, echoed=False),
    "A signed delivery was answered with 403.": meta_checks.signature(403, 403),
    "A wrong signature was believed.": meta_checks.signature(200, 200),
    "It shows no OpenID configuration.": checks.issuer(ISSUER, {}),
    f"It calls itself {ISSUER}/, not {ISSUER}: nobody with a token is let in.": checks.issuer(
        ISSUER, {"issuer": f"{ISSUER}/"}
    ),
    "It shows no RSA key: nobody with a token is let in.": checks.issuer_keys({"keys": [{"kty": "EC"}]}),
    "It does not answer.": checks.cases_door(0, {}),
    "It answers with 403 where there is no token, not 401.": checks.cases_door(403, {}),
    "Its gateway checks no token: nobody is let in.": checks.cases_door(401, {"code": "UNAUTHORIZED"}),
    "2 cannot be sent, such as aviso es: MISSING.": checks.templates(
        {"vencido es": "PAUSED", "aviso es": "MISSING"}, is_synced=True
    ),
    "None is switched on: nobody is written to.": checks.countries(set(), {"tienda": {"MX"}}),
    "The account runs 5 functions at once, and the senders want 5.": checks.concurrency(5, 5),
    "This machine is 300 seconds off: AWS refuses its calls.": checks.clock(NOW, NOW + timedelta(minutes=5)),
    "3 given up.": dead({"reminders given up": 3, "files given up": 0}),
    "Its oldest message waits for 4,000 seconds.": checks.age("files", 4000.0, 3600),
    "Nobody is subscribed: alarms ring where nobody hears.": checks.alarms([]),
    "Nobody has confirmed a subscription: alarms ring where nobody hears.": checks.alarms(["PendingConfirmation"]),
}
WARNING = {
    "AWS did not say what time it is.": checks.clock(NOW, None),
    "This is stage dev and it has no test phones: nobody gets anything.": checks.stage("dev", ""),
    "It has no permission for whatsapp_business_management.": meta_checks.token(
        TokenFacts(True, frozenset({SENDING}), None), NOW
    ),
    "It ends on 2026-11-30.": meta_checks.token(TokenFacts(True, BOTH, NOW + timedelta(days=6)), NOW),
    "Its quality is YELLOW, limit TIER_250.": meta_checks.number(
        "1", NumberFacts("CONNECTED", "YELLOW", "TIER_250")
    ),
    "Meta did not say whose it is: 0 HTTP 502.": meta_checks.app_secret(ProviderError(0, "HTTP 502", "")),
    "Meta did not say who is subscribed to it: 200 Permission denied.": meta_checks.subscription(
        "1", ProviderError(200, "Permission denied", "")
    ),
    "Meta did not say which accounts the token is for.": meta_checks.no_account(),
    "Meta did not say where it posts.": meta_checks.posts_to("1", "", OURS),
    "Somebody has paused it since 2026-11-24T17:00:00Z.": one(
        meta_checks.stops([Breaker("number:all", "2026-11-24T17:00:00Z", BY_HAND)])
    ),
    "No portfolio is valid, so no number is used.": meta_checks.no_number(),
    "A wrong signature was answered with 500, not 403.": meta_checks.signature(200, 500),
    "Nobody has read yet what Meta has approved.": checks.templates({}, is_synced=False),
    "2 in use have been read by nobody here, such as aviso es.": checks.reviews(["vencido es", "aviso es"]),
    "Portfolios want countries that are off: tienda: CO, PE.": checks.countries(
        {"MX"}, {"tienda": {"MX", "PE", "CO"}, "otra": {"MX"}}
    ),
    "Nobody is reminded, because the newest file is too old: tienda: as of 2026-11-20 12:00 UTC.": checks.books(
        {"tienda": datetime(2026, 11, 20, 12, tzinfo=UTC)}
    ),
    "The account runs 10 functions at once; 25 are wanted.": checks.concurrency(10, 5),
    "This machine is 45 seconds off.": checks.clock(NOW - timedelta(seconds=45), NOW),
    "1 of 2 subscriptions are not confirmed.": checks.alarms(["PendingConfirmation", "arn:aws:sns:::a:b"]),
}
FINE = [
    checks.stage("prod", ""),
    checks.stage("dev", "+525555550100"),
    checks.provider_secret({"access_token": "EAAB"}),
    checks.webhook_secret(SECRET),
    checks.generated_secret("gateway secret", {"first": "x"}),
    meta_checks.token(GOOD_TOKEN, NOW),
    meta_checks.token(TokenFacts(True, BOTH, NOW + timedelta(days=60)), NOW),
    meta_checks.app_secret(True),
    meta_checks.number("1", GOOD_NUMBER),
    meta_checks.subscription("1", True),
    meta_checks.posts_to("1", OURS, OURS),
    one(meta_checks.stops([])),
    checks.reader("files", ["Disabled", "Enabled"]),
    checks.schedule("scheduler", ["ENABLED"]),
    one(checks.throttled({"scheduler": 1, "send": None})),
    checks.moved_clock("-3600"),
    meta_checks.handshake(200, echoed=True),
    meta_checks.signature(200, 403),
    checks.no_cases(),
    checks.issuer(ISSUER, {"issuer": ISSUER}),
    checks.issuer_keys({"keys": [{"kty": "EC"}, {"kty": "RSA"}]}),
    checks.cases_door(401, {"message": "Unauthorized"}),
    checks.templates({}, is_synced=True),
    checks.reviews([]),
    checks.countries({"MX", "CO"}, {"tienda": {"MX"}}),
    checks.books({}),
    checks.concurrency(1000, 5),
    checks.clock(NOW, NOW + timedelta(seconds=2)),
    dead({"reminders given up": 0}),
    checks.age("files", 3600.0, 3600),
    checks.age("files", None, 3600),
    checks.returned("media", 120.0, 120),
    checks.returned("media", None, 120),
    checks.reader("files", ["Enabled"]),
    one(checks.streams({"Journal": ["Disabled"], "Ledger": []}, is_local=True)),
    checks.inbox(is_told=True),
    checks.rule("FileDropped", "files that are dropped", ["ENABLED"]),
    checks.alarms(["arn:aws:sns:::a:b"]),
]


@pytest.mark.parametrize("sentence", FAILING)
def test_what_is_broken_is_a_red_line_with_its_sentence_and_what_to_do(sentence: str) -> None:
    found = FAILING[sentence]
    assert (found.level, found.sentence) == (Level.FAIL, sentence)
    assert found.do
    assert checks.failed([*FINE, found])


@pytest.mark.parametrize("sentence", WARNING)
def test_what_will_go_wrong_is_a_warning_and_no_failure(sentence: str) -> None:
    found = WARNING[sentence]
    assert (found.level, found.sentence) == (Level.WARN, sentence)
    assert found.do
    assert not checks.failed([found])


@pytest.mark.parametrize("found", FINE, ids=lambda each: each.name)
def test_what_is_well_says_so_and_asks_for_nothing(found: Check) -> None:
    assert (found.level, found.do) == (Level.OK, "")


def test_a_webhook_that_is_away_is_looked_for_in_our_own_stack() -> None:
    """Where Meta posts is a line of its own."""
    assert "its stage" in meta_checks.handshake(0, echoed=False).do
    assert "Meta" not in meta_checks.handshake(0, echoed=False).do


def test_no_sentence_shows_a_secret() -> None:
    found = [checks.provider_secret({"access_token": "EAABsecret"}), checks.webhook_secret(SECRET)]
    assert "EAABsecret" not in str(found)
    assert "new" not in str([each.sentence for each in found])


@pytest.mark.parametrize("keys", [None, "keys", [], [{"kty": "RSA", "use": "enc"}]])
def test_keys_that_sign_nothing_are_none(keys: object) -> None:
    assert checks.issuer_keys({"keys": keys}).level is Level.FAIL


def test_a_text_in_place_of_the_list_of_app_secrets_is_none() -> None:
    assert checks.app_secrets({"app_secrets": "secret"}) == []
    assert checks.app_secrets({"app_secrets": ["", 1, "s"]}) == ["s"]

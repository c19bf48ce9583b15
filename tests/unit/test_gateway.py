"""What a payment gateway tells: whose it is, how old it is, and what is wrong with it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.gateway.payment import BadPayment, parse
from cobranza.gateway.signature import Verdict, judge, sign
from cobranza.ledger.money import Money

NOW = datetime(2026, 11, 24, 17, tzinfo=UTC)
AT = str(int(NOW.timestamp()))
BODY = b'{"id":"tx-1"}'
PAID: dict[str, Any] = {
    "id": "tx-1",
    "portfolio": "tienda",
    "borrower_id": "C1",
    "amount": "123.45",
    "currency": "MXN",
    "paid_at": "2026-11-24T15:00:00Z",
}


# The signature.


def test_a_known_signature_is_reproduced() -> None:
    assert sign(BODY, "1764003600", "secret") == (
        "sha256=" + "6f6345e77d3040d6dd05f26110d7acf9188427a78d48848d55016d61162247c7"
    )


@given(st.binary(), st.text(min_size=1, alphabet=st.characters(codec="utf-8")))
def test_what_is_signed_now_is_good(body: bytes, secret: str) -> None:
    assert judge(body, AT, sign(body, AT, secret), [secret], NOW) is Verdict.GOOD


def test_each_secret_is_good_while_one_replaces_another() -> None:
    for secret in ("new", "old"):
        assert judge(BODY, AT, sign(BODY, AT, secret), ["new", "old"], NOW) is Verdict.GOOD
    assert judge(BODY, AT, sign(BODY, AT, "older"), ["new", "old"], NOW) is Verdict.FORGED


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_without_the_right_secret_nothing_is_good(secrets: list[str]) -> None:
    assert judge(BODY, AT, sign(BODY, AT, ""), secrets, NOW) is Verdict.FORGED


def test_a_changed_byte_or_a_changed_moment_is_forged() -> None:
    header = sign(BODY, AT, "secret")
    later = str(int(AT) + 1)
    assert judge(BODY + b" ", AT, header, ["secret"], NOW) is Verdict.FORGED
    assert judge(BODY, later, header, ["secret"], NOW) is Verdict.FORGED


def test_the_point_keeps_the_moment_and_the_body_apart() -> None:
    assert judge(b"5" + BODY, AT[:-1], sign(BODY, AT, "secret"), ["secret"], NOW) is Verdict.FORGED


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_are_now(seconds: int) -> None:
    header = sign(BODY, AT, "secret")
    assert judge(BODY, AT, header, ["secret"], NOW + timedelta(seconds=seconds)) is Verdict.GOOD


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_more_is_stale_and_what_is_forged_is_forged_however_old(seconds: int) -> None:
    then = NOW + timedelta(seconds=seconds)
    assert judge(BODY, AT, sign(BODY, AT, "secret"), ["secret"], then) is Verdict.STALE
    assert judge(BODY, AT, sign(BODY, AT, "other"), ["secret"], then) is Verdict.FORGED


@pytest.mark.parametrize(
    "moment", [None, "", " " + AT, AT + "\n", "1e9", "-1764003600", AT + ".0", "٣" * 10, "9" * 40]
)
def test_a_moment_that_is_none_is_forged(moment: str | None) -> None:
    assert judge(BODY, moment, sign(BODY, moment or "", "secret"), ["secret"], NOW) is Verdict.FORGED


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=" + "0" * 63, "sha1=" + "0" * 64])
def test_a_signature_that_is_none_is_forged(header: str | None) -> None:
    assert judge(BODY, AT, header, ["secret"], NOW) is Verdict.FORGED


# The payment.


def told(**changes: Any) -> bytes:
    """Without what is changed to None."""
    return json.dumps({name: value for name, value in (PAID | changes).items() if value is not None}).encode()


def problems(body: bytes) -> list[dict[str, str]]:
    with pytest.raises(BadPayment) as bad:
        parse(body, NOW)
    assert all(each["problem"] for each in bad.value.problems)
    return bad.value.problems


def test_a_payment_is_told_in_the_portfolios_own_day() -> None:
    payment = parse(told(paid_at="2026-11-24T03:00:00Z"), NOW).payment(ZoneInfo("America/Mexico_City"))
    assert (payment.payment_id, payment.borrower_id, payment.source) == ("tx-1", "C1", "gateway")
    assert payment.amount == Money(Decimal("123.45"), "MXN")
    assert payment.paid_at.date().isoformat() == "2026-11-23"
    assert payment.has_time


@pytest.mark.parametrize(
    "payer", [{"debt_id": "F-1"}, {"debt_id": "F-1", "instalment": "2"}, {"reference": "F-1"}]
)
def test_a_debt_or_a_reference_may_stand_for_the_borrower(payer: dict[str, str]) -> None:
    assert parse(told(borrower_id=None, **payer), NOW).borrower_id == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a#b"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"portfolio": "Tienda"}, "portfolio"),
        ({"amount": None}, "amount"),
        ({"amount": 123.45}, "amount"),
        ({"amount": 123}, "amount"),
        ({"currency": None}, "currency"),
        ({"paid_at": "2026-11-24"}, "paid_at"),
        ({"paid_at": "2026-11-24T09:00:00"}, "paid_at"),
        ({"paid_at": "0001-01-01T00:00:00+14:00"}, "paid_at"),
        ({"paid_at": "9999-12-31T23:59:59-14:00"}, "paid_at"),
        ({"paid_at": 1764003600}, "paid_at"),
        ({"paid_at": "1764003600"}, "paid_at"),
        ({"paid_at": "17640036000000000000"}, "paid_at"),
        ({"paid_at": "2026-11-24T17:11:00Z"}, "paid_at"),
        ({"amont": "1"}, "amont"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str) -> None:
    assert [each["field"] for each in problems(told(**changes))] == [field]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": " "}, "id"),
        ({"borrower_id": None}, "borrower_id"),
        ({"borrower_id": ""}, "borrower_id"),
        ({"instalment": "2"}, "instalment"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"amount": "1,234.50"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"currency": "pesos"}, "currency"),
    ],
)
def test_what_is_wrong_between_fields_is_said(changes: dict[str, Any], word: str) -> None:
    (problem,) = problems(told(**changes))
    assert word in problem["problem"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems(told(portfolio="T", paid_at="soon", amount=None))
    assert {each["field"] for each in found} == {"portfolio", "paid_at", "amount"}


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"\xff", b"null", b"[" * 60_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert len(problems(body)) == 1


@given(st.binary())
def test_whatever_comes_is_a_payment_or_a_list_of_problems(body: bytes) -> None:
    with pytest.raises(BadPayment):
        parse(body, NOW)

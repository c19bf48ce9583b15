"""How often is too often: by country, by week, by channel, and by limits of one's own."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cobranza.policy.caps import Caps, too_often
from cobranza.policy.contact_rules import ContactRules, countries, rules_for
from cobranza.policy.message import State
from cobranza.store.messages import KEPT
from tests.unit.books import message

MONDAY = date(2026, 11, 23)
SATURDAY = MONDAY + timedelta(days=5)


def rules(country: str) -> ContactRules:
    found = rules_for(country)
    assert found
    return found


def capped(
    country: str,
    today: date = SATURDAY,
    *,
    messages_ago: Iterable[int] = (),
    touches_ago: Iterable[int] = (),
    caps: Caps | None = None,
    state: State = State.SENT,
) -> bool:
    sent = [message(today - timedelta(days=days), state) for days in messages_ago]
    touches = [today - timedelta(days=days) for days in touches_ago]
    return too_often(rules(country), sent, touches, today, caps)


@pytest.mark.parametrize(
    ("country", "messages_ago", "too_many"),
    [
        ("CL", [], False),
        ("CL", [1], True),
        ("CL", [2], True),  # one whole day between them is not two
        ("CL", [3], False),
        ("CL", [3, 6], True),  # two in seven days
        ("CL", [3, 7], False),
        ("AR", [1], True),
        ("AR", [2], False),
        ("MX", [0], True),
        ("MX", [1, 2], False),
        ("MX", [1, 2, 3], True),
        ("MX", [1, 3, 6], True),  # three in seven days, whatever the weeks of the calendar
        ("MX", [1, 3, 7], False),
        ("CU", [], True),
    ],
)
@pytest.mark.parametrize("today", [MONDAY, SATURDAY])
def test_a_country_has_its_limits_in_any_seven_days(
    country: str, messages_ago: list[int], too_many: bool, today: date
) -> None:
    assert capped(country, today, messages_ago=messages_ago) == too_many


@pytest.mark.parametrize("state", State)
def test_an_attempt_counts_unless_meta_surely_did_not_take_it(state: State) -> None:
    assert capped("CL", messages_ago=[1], state=state) == (state is not State.RETRY)


# One channel a week.


@pytest.mark.parametrize(
    ("country", "today", "touches_ago", "too_many"),
    [
        ("CO", SATURDAY, [1], True),
        ("CO", SATURDAY, [5], True),  # this week's Monday
        ("CO", SATURDAY, [6], False),  # last Sunday
        ("CO", MONDAY, [0], True),
        ("CO", MONDAY, [1], False),
        ("CO", MONDAY, [3, 4, 5], True),  # another week, but three contacts in seven days
        ("CO", SATURDAY, [-1], False),
        ("MX", SATURDAY, [1], False),
        ("PY", SATURDAY, [5], False),
    ],
)
def test_in_colombia_a_call_or_a_visit_keeps_whatsapp_out_of_its_week(
    country: str, today: date, touches_ago: list[int], too_many: bool
) -> None:
    assert capped(country, today, touches_ago=touches_ago) == too_many


def test_in_colombia_messages_alone_are_one_channel() -> None:
    assert not capped("CO", messages_ago=[1, 2])


# Limits of one's own.


@pytest.mark.parametrize(
    ("country", "caps", "messages_ago"),
    [
        ("MX", Caps(max_per_week=1), [6]),
        ("MX", Caps(min_days_between=3), [2]),
        ("CL", Caps(min_days_between=10), [9]),
        ("CO", Caps(max_per_day=1, max_per_week=2), [1, 2]),
    ],
)
def test_limits_of_ones_own_tighten_a_countrys(country: str, caps: Caps, messages_ago: list[int]) -> None:
    assert not capped(country, messages_ago=messages_ago)
    assert capped(country, messages_ago=messages_ago, caps=caps)


def test_limits_of_ones_own_loosen_nothing() -> None:
    loose = Caps(max_per_day=9, max_per_week=9, min_days_between=1)
    assert capped("CL", messages_ago=[2], caps=loose)
    assert capped("CL", messages_ago=[3, 6], caps=loose)
    assert capped("CU", caps=loose)


@pytest.mark.parametrize(
    "wrong", [{"max_per_day": 0}, {"max_per_week": -1}, {"min_days_between": 15}, {"max_per_month": 4}]
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Caps.model_validate(wrong)


def test_no_limit_looks_back_further_than_claims_are_kept() -> None:
    Caps(min_days_between=KEPT.days)
    with pytest.raises(ValidationError):
        Caps(min_days_between=KEPT.days + 1)


# Against the rules told once more, day by day.

some_days = st.lists(st.integers(-3, 20), max_size=6)
limits = st.one_of(st.none(), st.integers(1, 9))


@given(
    st.sampled_from(countries()),
    st.builds(Caps, max_per_day=limits, max_per_week=limits, min_days_between=limits),
    st.dates(date(2025, 1, 1), date(2028, 12, 31)),
    some_days.map(lambda ago: [days for days in ago if days >= 0]),
    some_days,
)
def test_nobody_exceeds_a_day_a_calendar_week_seven_days_or_the_days_between(
    country: str, caps: Caps, today: date, messages_ago: list[int], touches_ago: list[int]
) -> None:
    known = rules(country)
    days = [today - timedelta(days=ago) for ago in (*messages_ago, *touches_ago) if ago >= 0]
    one_more = [*days, today]
    strict = {
        name: worst(getattr(known, name), getattr(caps, name) or getattr(known, name))
        for name, worst in (("max_per_day", min), ("max_per_week", min), ("min_days_between", max))
    }
    too_many = (
        one_more.count(today) > strict["max_per_day"]
        or sum(day.isocalendar()[:2] == today.isocalendar()[:2] for day in one_more) > strict["max_per_week"]
        or sum((today - day).days < 7 for day in one_more) > strict["max_per_week"]
        or any((today - day).days < strict["min_days_between"] for day in days)
        or (
            known.one_channel_per_week
            and any(
                (today - timedelta(days=ago)).isocalendar()[:2] == today.isocalendar()[:2]
                for ago in touches_ago
                if ago >= 0
            )
        )
    )
    assert capped(country, today, messages_ago=messages_ago, touches_ago=touches_ago, caps=caps) == too_many


@given(st.sampled_from(countries()), st.dates(date(2025, 1, 1), date(2028, 12, 31)), some_days, some_days)
def test_one_contact_more_never_makes_another_allowed(
    country: str, today: date, messages_ago: list[int], touches_ago: list[int]
) -> None:
    if capped(country, today, messages_ago=messages_ago[1:], touches_ago=touches_ago):
        assert capped(country, today, messages_ago=messages_ago, touches_ago=touches_ago)

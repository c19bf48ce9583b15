"""What people said, in whatever order we heard it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.standing import (
    MOST_STOPS,
    OF_ONE_DEBT,
    WHATSAPP,
    Action,
    DebtStanding,
    Mark,
    RecallKind,
    Standing,
    Touch,
    Word,
    hear,
    hear_of_debt,
    lift,
    not_reached,
    reached,
    recall,
)

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def word(days: int = 0, text: str = "", source: str = "call centre") -> Word:
    return Word(MONDAY + days * DAY, text, source)


def heard(*rows: tuple[Any, ...]) -> Standing:
    standing = Standing()
    for row in rows:
        standing = hear(standing, *row)
    return standing


# The later moment wins, and of two at one moment the one that stops.

SWITCHES = [
    (Action.OPT_OUT, Action.OPT_IN, "opt_out"),
    (Action.NO_CONSENT, Action.CONSENT, "consent"),
    (Action.DISPUTE, Action.RESOLVED, "dispute"),
    (Action.WRONG_NUMBER, Action.PHONE, "wrong_number"),
]


@pytest.mark.parametrize(("stop", "start", "mark"), SWITCHES)
def test_only_a_later_word_lifts_a_stop(stop: Action, start: Action, mark: str) -> None:
    def stands(*rows: tuple[Action, Word]) -> bool:
        return getattr(heard(*rows), mark).stands

    assert not stands()
    assert stands((stop, word(0)))
    assert not stands((stop, word(0)), (start, word(1)))
    assert not stands((start, word(1)), (stop, word(0)))  # the stop is older, and came late
    assert stands((stop, word(1)), (start, word(0)))
    assert stands((stop, word(0)), (start, word(0)))
    assert stands((start, word(0)), (stop, word(0)))
    assert stands((stop, word(0)), (start, word(1)), (stop, word(2)))


@pytest.mark.parametrize(("stop", "start", "mark"), SWITCHES)
def test_a_word_without_a_source_stops_but_does_not_lift(stop: Action, start: Action, mark: str) -> None:
    assert getattr(heard((stop, word(0, source=""))), mark).stands
    assert getattr(heard((stop, word(0)), (start, word(1, source=""))), mark).stands


def test_a_mark_tells_since_when_it_stands() -> None:
    assert Mark().since is None
    assert heard((Action.OPT_OUT, word(0)), (Action.OPT_OUT, word(1))).opt_out.since == MONDAY + DAY
    assert heard((Action.OPT_OUT, word(0)), (Action.OPT_IN, word(1))).opt_out.since is None


def test_consent_is_the_last_yes_unless_a_no_came_after_it() -> None:
    yes = word(1, "Acepto")
    assert heard().agreed is None
    assert heard((Action.CONSENT, yes)).agreed == yes
    assert heard((Action.NO_CONSENT, word(0)), (Action.CONSENT, yes)).agreed == yes
    assert heard((Action.CONSENT, yes), (Action.NO_CONSENT, word(2))).agreed is None


def test_consent_does_not_lift_an_opt_out() -> None:
    assert heard((Action.OPT_OUT, word(0)), (Action.CONSENT, word(5))).opt_out.stands


def test_the_longest_hold_counts_and_a_later_release_ends_them_all() -> None:
    may, june = date(2026, 5, 1), date(2026, 6, 1)
    assert heard().held_until is None
    assert heard((Action.HOLD, word(0), june), (Action.HOLD, word(1), may)).held_until == june
    assert heard((Action.HOLD, word(1), may), (Action.HOLD, word(0), june)).held_until == june
    assert heard((Action.HOLD, word(0), may), (Action.HOLD, word(0), june)).held_until == june
    assert heard((Action.HOLD, word(0), may), (Action.RELEASE, word(1))).held_until is None
    assert heard((Action.HOLD, word(0), may), (Action.RELEASE, word(0))).held_until == may
    assert heard((Action.HOLD, word(0), may), (Action.RELEASE, word(1, source=""))).held_until == may
    shortened = ((Action.HOLD, word(0), june), (Action.HOLD, word(2), may), (Action.RELEASE, word(1)))
    assert heard(*shortened).held_until == may


def test_a_hold_without_its_day_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="last day"):
        heard((Action.HOLD, word(0)))


def test_the_last_channel_counts_and_another_one_wins_a_draw() -> None:
    assert heard().channel_name == "whatsapp"
    assert (
        heard((Action.CHANNEL, word(0, "email")), (Action.CHANNEL, word(1, "whatsapp"))).channel_name == "whatsapp"
    )
    assert heard((Action.CHANNEL, word(0, "email")), (Action.CHANNEL, word(0, "whatsapp"))).channel_name == "email"
    assert heard((Action.CHANNEL, word(0, "whatsapp")), (Action.CHANNEL, word(0, "email"))).channel_name == "email"


def test_phones_are_the_last_ones_told() -> None:
    standing = heard(
        (Action.PHONE, word(1, "+525555550101")),
        (Action.PHONE, word(0, "+525555550100")),
        (Action.SECOND_PHONE, word(0, "+525555550102")),
        (Action.ERASE, word(3)),
    )
    assert standing.phone == word(1, "+525555550101")
    assert standing.second_phone == word(0, "+525555550102")
    assert standing.erased == word(3)


def test_each_call_and_visit_counts_once() -> None:
    late = Word(datetime(2026, 3, 3, 1, tzinfo=UTC))
    standing = heard((Action.CALL, late), (Action.CALL, late), (Action.VISIT, late), (Action.CALL, word(0)))
    assert standing.touches == {
        Touch(late.at, Action.CALL),
        Touch(late.at, Action.VISIT),
        Touch(MONDAY, Action.CALL),
    }


def test_a_moment_has_its_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        Word(MONDAY.replace(tzinfo=None))


# One debt.


@pytest.mark.parametrize("kind", RecallKind)
def test_a_recalled_debt_comes_back_by_a_later_lift_alone(kind: RecallKind) -> None:
    recalled = recall(DebtStanding(), kind, MONDAY, "")
    assert recalled.recall.stands
    assert recalled.recall.stopped == Word(MONDAY, kind)
    assert lift(recalled, MONDAY, "legal").recall.stands
    assert lift(recalled, MONDAY + DAY, "").recall.stands
    assert not lift(recalled, MONDAY + DAY, "legal").recall.stands
    assert not recall(lift(DebtStanding(), MONDAY + DAY, "legal"), kind, MONDAY, "").recall.stands


def test_a_dispute_and_a_hold_may_be_of_one_debt() -> None:
    standing = hear_of_debt(DebtStanding(), Action.DISPUTE, word(0))
    standing = hear_of_debt(standing, Action.HOLD, word(0), date(2026, 5, 1))
    assert standing.dispute.stands
    assert standing.held_until == date(2026, 5, 1)
    standing = hear_of_debt(hear_of_debt(standing, Action.RESOLVED, word(1)), Action.RELEASE, word(1))
    assert not standing.dispute.stands
    assert standing.held_until is None


@pytest.mark.parametrize("action", sorted(set(Action) - OF_ONE_DEBT))
def test_nothing_else_is_of_one_debt(action: Action) -> None:
    with pytest.raises(ValueError, match="not of one debt"):
        hear_of_debt(DebtStanding(), action, word(0))


# What a message stopped is taken back with its case, and by nothing else that a case does.


def of_case(days: int, case: str) -> Word:
    return Word(MONDAY + days * DAY, "", WHATSAPP, case=case)


def test_a_case_takes_back_what_its_own_message_stopped() -> None:
    mark = Mark().stop(of_case(0, "A")).stop(of_case(0, "B")).stop(of_case(1, "C"))
    without = mark.take_back(MONDAY, "A").take_back(MONDAY + DAY, "C")
    assert without.stands
    assert not without.take_back(MONDAY, "B").stands
    assert Mark().stop(word(-1)).stop(of_case(0, "A")).take_back(MONDAY, "A").stands


def test_what_a_case_has_taken_back_is_not_heard_again() -> None:
    assert not Mark().take_back(MONDAY, "A").stop(of_case(0, "A")).stands


def test_a_message_of_which_an_earlier_version_kept_no_case_is_found_by_its_moment() -> None:
    mark = Mark().stop(of_case(0, "")).stop(word(-1))
    assert mark.take_back(MONDAY, "A").standing == []
    assert mark.take_back(MONDAY + DAY, "A").stands


def test_of_many_messages_the_last_are_kept_and_every_row_of_the_creditor() -> None:
    mark = Mark().stop(word(-1))
    for days in range(3 * MOST_STOPS):
        mark = mark.stop(of_case(days, f"case {days}"))
    assert len(mark.stops) == MOST_STOPS
    assert word(-1) in mark.stops
    assert mark.since == MONDAY + (3 * MOST_STOPS - 1) * DAY


events = st.one_of(
    st.tuples(st.just("stop"), st.builds(word, st.integers(0, 3))),
    st.tuples(st.just("lift"), st.builds(word, st.integers(0, 3))),
    st.tuples(st.sampled_from(["message", "close"]), st.sampled_from(["A", "B", "C"])),
)


@given(
    st.lists(events, max_size=8).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told + told[:2])))
)
def test_rows_messages_and_closed_cases_end_the_same_in_any_order(told: tuple[Any, Any]) -> None:
    def end(order: list[tuple[str, Any]]) -> Mark:
        mark = Mark()
        for what, about in order:
            match what:
                case "stop":
                    mark = mark.stop(about)
                case "lift":
                    mark = mark.lift(about)
                case "message":
                    mark = mark.stop(of_case("ABC".index(about), about))
                case _:
                    mark = mark.take_back(MONDAY + "ABC".index(about) * DAY, about)
        return mark

    assert end(told[0]) == end(told[1])


# Any order and any repetition of the same rows ends the same.

words = st.builds(
    Word,
    st.integers(0, 3).map(lambda days: MONDAY + days * DAY),
    st.sampled_from(["", "whatsapp", "email", "+525555550100"]),
    st.sampled_from(["", "branch", "call centre"]),
)
ends = st.integers(0, 5).map(lambda days: date(2026, 5, 1) + days * DAY)


def with_amount(row: tuple[Any, Word, date]) -> tuple[Any, Word, date]:
    """The words of a promise are its amount, or nothing."""
    action, word, until = row
    return (action, replace(word, text="50.00" if word.text else ""), until) if action is Action.PROMISE else row


of_borrowers = st.tuples(st.sampled_from(Action), words, ends).map(with_amount)
of_debts = st.tuples(st.sampled_from([*OF_ONE_DEBT, "lift", *RecallKind]), words, ends).map(with_amount)


def stirred(data: st.DataObject, rows: list[Any]) -> list[Any]:
    again = data.draw(st.lists(st.sampled_from(rows), max_size=5)) if rows else []
    return data.draw(st.permutations([*rows, *again]))


@given(st.data(), st.lists(of_borrowers, max_size=8))
def test_any_order_of_rows_ends_in_the_same_standing(data: st.DataObject, rows: list[Any]) -> None:
    assert heard(*rows) == heard(*stirred(data, rows))


@given(st.data(), st.lists(of_debts, max_size=8))
def test_any_order_of_rows_ends_in_the_same_standing_of_a_debt(data: st.DataObject, rows: list[Any]) -> None:
    def said(rows: list[Any]) -> DebtStanding:
        standing = DebtStanding()
        for what, heard, until in rows:
            if isinstance(what, RecallKind):
                standing = recall(standing, what, heard.at, heard.source)
            elif what == "lift":
                standing = lift(standing, heard.at, heard.source)
            else:
                standing = hear_of_debt(standing, what, heard, until)
        return standing

    assert said(rows) == said(stirred(data, rows))


# What WhatsApp tells of phones.

PHONES_NEWS = st.lists(
    st.tuples(st.sampled_from((not_reached, reached)), st.sampled_from("AB"), st.integers(0, 9)), max_size=8
)


@given(PHONES_NEWS.flatmap(lambda news: st.tuples(st.just(news), st.permutations(news + news[:2]))))
def test_what_whatsapp_tells_of_a_phone_ends_the_same_in_any_order_and_number(told: tuple[Any, Any]) -> None:
    ends: list[Standing] = []
    for order in told:
        standing = Standing()
        for learn, phone, days in order:
            standing = learn(standing, phone, word(days, source="whatsapp"))
        ends.append(standing)
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("told", "failed", "arrived", "may_be_tried"),
    [
        (0, 1, None, False),
        (1, 1, None, False),
        (2, 1, None, True),
        (0, 1, 0, False),
        (0, 1, 1, True),
        (0, 1, 2, True),
        (0, None, None, True),
    ],
)
def test_only_a_later_word_or_what_arrived_brings_a_phone_back(
    told: int, failed: int | None, arrived: int | None, may_be_tried: bool
) -> None:
    standing = Standing()
    if failed is not None:
        standing = not_reached(standing, "A", word(failed))
    if arrived is not None:
        standing = reached(standing, "A", word(arrived))
    assert standing.is_reached("A", word(told).at) is may_be_tried
    assert standing.is_reached("B", word(told).at)

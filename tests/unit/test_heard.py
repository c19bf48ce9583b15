"""Where files and words meet: the later one counts, and a file that repeats itself is no later word."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.heard import heard
from cobranza.ledger.standing import (
    MOST_LOOKED_INTO,
    Action,
    Standing,
    Word,
    hear,
    looked_into,
    not_reached,
    phones_stopped,
)
from cobranza.store.said import debt_standing_item, debt_standing_of, standing_item, standing_of
from tests.unit.books import borrower

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
BARE = Consent(source="solicitud", text="Acepto")


def at(days: int) -> datetime:
    return MONDAY + timedelta(days=days)


def said(*words: tuple[Action, int], text: str = "") -> Standing:
    standing = Standing()
    for action, days in words:
        standing = hear(standing, action, Word(at(days), text, "call centre"), date(2026, 3, 9))
    return standing


def known(told: Borrower, standing: Standing, *, phone: int = 0, no: int | None = None, file: int = 9) -> Borrower:
    no_consent_at = None if no is None else at(no)
    return heard(told, standing, as_of=at(file), phone_as_of=at(phone), no_consent_at=no_consent_at)


def test_who_said_nothing_is_as_files_tell() -> None:
    told = borrower(consent=BARE, phone_ref="TOLD", phone_refs=("TOLD",), phone_at=at(0))
    assert known(told, Standing()) == told


@pytest.mark.parametrize(
    ("on_whatsapp", "words", "since"),
    [
        (None, [(Action.OPT_OUT, 1)], 1),
        (None, [(Action.OPT_OUT, 1), (Action.OPT_IN, 2)], None),
        (1, [(Action.OPT_IN, 2)], None),
        (2, [(Action.OPT_IN, 2)], 2),
        (3, [(Action.OPT_OUT, 1), (Action.OPT_IN, 2)], 3),
        (1, [(Action.OPT_OUT, 3), (Action.OPT_IN, 2)], 3),
        (1, [(Action.OPT_IN, 2), (Action.ERASE, 3)], 3),
    ],
)
def test_a_stop_stands_until_a_later_word(
    on_whatsapp: int | None, words: list[tuple[Action, int]], since: int | None
) -> None:
    told = borrower(opted_out_at=None if on_whatsapp is None else at(on_whatsapp))
    assert known(told, said(*words)).opted_out_at == (None if since is None else at(since))


@pytest.mark.parametrize(
    ("stopped", "words", "since"),
    [
        ({"TOLD": 1}, [], 1),
        ({"SECOND": 1}, [], 1),
        ({"TOLD": 1, "SECOND": 2}, [], 2),
        ({"OTHER": 1}, [], None),
        ({"TOLD": 1}, [(Action.OPT_IN, 2)], None),
        ({"TOLD": 3}, [(Action.OPT_IN, 2)], 3),
        ({"TOLD": 1}, [(Action.OPT_OUT, 2)], 2),
    ],
)
def test_a_phones_stop_holds_for_whoever_has_it(
    stopped: dict[str, int], words: list[tuple[Action, int]], since: int | None
) -> None:
    standing = said(*words)
    for ref, days in stopped.items():
        standing = phones_stopped(standing, [ref], at(days))
    told = borrower(phone_ref="TOLD")
    somebody = heard(told, standing, as_of=at(0), phone_as_of=at(0), second_phone_ref="SECOND")
    assert somebody.opted_out_at == (None if since is None else at(since))


def test_the_last_stop_of_a_phone_counts() -> None:
    orders = ([1, 2], [2, 1])
    ends = [
        reduce(lambda known, days: phones_stopped(known, ["P"], at(days)), days, Standing()) for days in orders
    ]
    assert [end.stopped_phones for end in ends] == [{"P": at(2)}] * 2


@pytest.mark.parametrize(("word", "file", "new"), [(2, 1, True), (2, 2, True), (2, 3, False)])
def test_the_later_phone_counts(word: int, file: int, new: bool) -> None:
    standing = said((Action.PHONE, word), text="+525555550199")
    assert (known(borrower(), standing, phone=file).phone == "+525555550199") is new


@pytest.mark.parametrize(("word", "file", "ref"), [(2, 1, "SAID"), (2, 3, "TOLD")])
def test_the_reference_is_of_the_phone_that_counts(word: int, file: int, ref: str) -> None:
    standing = said((Action.PHONE, word), text="+525555550199")
    told = borrower(phone_ref="TOLD")
    somebody = heard(told, standing, as_of=at(9), phone_as_of=at(file), said_phone_ref="SAID")
    assert somebody.phone_ref == ref


@pytest.mark.parametrize(
    ("failed", "phone", "ref"),
    [
        ({}, "+525555550100", "TOLD"),
        ({"TOLD": 2}, "+525555550199", "SECOND"),
        ({"SECOND": 2}, "+525555550100", "TOLD"),
        ({"TOLD": -1}, "+525555550100", "TOLD"),
        ({"TOLD": 2, "SECOND": 0}, "+525555550199", "SECOND"),
        ({"TOLD": 2, "SECOND": 2}, "+525555550100", "TOLD"),
    ],
)
def test_the_second_phone_stands_in_for_one_that_is_not_reached(
    failed: dict[str, int], phone: str, ref: str
) -> None:
    standing = said((Action.SECOND_PHONE, 1), text="+525555550199")
    for each, days in failed.items():
        standing = not_reached(standing, each, Word(at(days), "131026", "whatsapp"))
    told = borrower(phone_ref="TOLD", consent=BARE)
    somebody = heard(told, standing, as_of=at(0), phone_as_of=at(0), second_phone_ref="SECOND")
    assert (somebody.phone, somebody.phone_ref) == (phone, ref)
    assert somebody.unreachable is (failed == {"TOLD": 2, "SECOND": 2})
    assert somebody.number_from == (("call centre",) if ref == "SECOND" else (BARE.source,))


def test_marks_of_phones_come_back_from_their_item_as_they_were() -> None:
    standing = not_reached(said((Action.SECOND_PHONE, 1), text="+5"), "TOLD", Word(at(2), "131026", "whatsapp"))
    standing = phones_stopped(standing, ["TOLD", "OTHER"], at(3))
    assert standing_of(standing_item(standing, MONDAY)) == standing


YES = replace(BARE, at=at(3))


@pytest.mark.parametrize(
    ("consent", "no", "words", "agreed"),
    [
        (BARE, None, [], True),
        (BARE, None, [(Action.NO_CONSENT, 1)], False),
        (YES, None, [(Action.NO_CONSENT, 2)], True),
        (YES, None, [(Action.NO_CONSENT, 3)], False),
        (replace(BARE, at=at(99)), None, [(Action.NO_CONSENT, 2)], False),  # a day that has not come
        (None, None, [(Action.CONSENT, 1)], True),
        (None, 0, [(Action.CONSENT, 1)], True),
        (None, 2, [(Action.CONSENT, 1)], False),
        (None, 0, [], False),
        (BARE, None, [(Action.NO_CONSENT, 1), (Action.CONSENT, 2)], True),
    ],
)
def test_the_later_word_on_consent_counts(
    consent: Consent | None, no: int | None, words: list[tuple[Action, int]], agreed: bool
) -> None:
    assert bool(known(borrower(consent=consent), said(*words), no=no).consent) is agreed


def test_who_wants_to_be_erased_is_reached_in_no_way() -> None:
    erased = known(borrower(), said((Action.ERASE, 1)))
    assert (erased.channel, erased.opted_out_at) == ("none", at(1))


moments = st.integers(0, 20 * 86_400).map(lambda seconds: MONDAY + timedelta(seconds=seconds, microseconds=7))
texts = st.text(max_size=5)
words = st.tuples(
    st.sampled_from(Action), st.builds(Word, moments, texts, texts, case=st.sampled_from(["", "A", "B"]))
)


@given(st.lists(words, max_size=12))
def test_what_was_said_comes_back_from_its_item_as_it_was(told: list[tuple[Action, Word]]) -> None:
    standing = Standing()
    for action, word in told:
        text = "50.00" if action is Action.PROMISE else word.text  # a promise's words are its amount
        standing = hear(standing, action, replace(word, text=text), date(2026, 3, 9))
    assert standing_of(standing_item(standing, MONDAY)) == standing
    closed = replace(
        standing, hold=standing.hold.take_back(MONDAY, "A"), dispute=standing.dispute.take_back(MONDAY, "A")
    )
    assert standing_of(standing_item(closed, MONDAY)) == closed


def test_what_nobody_looks_into_any_more_is_left_out() -> None:
    standing = looked_into(looked_into(Standing(), at(1), "A"), at(3), "B")
    kept = standing_of(standing_item(standing, at(2)))
    assert kept == looked_into(Standing(), at(3), "B")
    assert (known(borrower(), kept).case_until, known(borrower(), standing).case_until) == (at(3), at(3))


def test_whoever_writes_all_day_is_held_as_long_and_fills_no_item() -> None:
    standing = Standing()
    for second in range(3 * MOST_LOOKED_INTO):
        standing = looked_into(standing, MONDAY + timedelta(seconds=second), "A")
    assert len(standing.looked_into) == MOST_LOOKED_INTO
    assert known(borrower(), standing).case_until == MONDAY + timedelta(seconds=3 * MOST_LOOKED_INTO - 1)
    assert looked_into(standing, MONDAY, "A") == standing


def test_messages_of_one_moment_come_back_from_their_item_as_they_were() -> None:
    standing = looked_into(looked_into(looked_into(Standing(), at(1), "A"), at(1), "B"), at(2), "C")
    item = standing_item(standing, MONDAY)
    assert standing_of(item) == standing
    assert [*item["looked_into"]] == [at(1).isoformat(), at(2).isoformat()]
    assert known(borrower(), standing_of({"looked_into": [*item["looked_into"]]})).case_until == at(2)


def test_an_earlier_version_of_ours_reads_the_longest_hold_and_a_stop_that_stands() -> None:
    may, june, later = date(2026, 5, 1), date(2026, 6, 1), replace(Word(at(2)), source="legal")
    standing = hear(Standing(), Action.HOLD, Word(at(1)), june)
    standing = hear(standing, Action.HOLD, later, may)
    standing = hear(hear(standing, Action.DISPUTE, Word(at(1))), Action.DISPUTE, Word(at(3), case="A"))
    told = standing_item(standing, MONDAY)
    assert told["hold"][1] == "2026-06-01"
    assert told["dispute"]["stopped"][0] == at(3).isoformat()
    none = replace(standing, hold=standing.hold.lift(replace(later, at=at(4))))
    assert "hold" not in standing_item(none, MONDAY)
    written = {name: value for name, value in told.items() if name != "holds"}
    assert standing_of(written).held_until == june
    written["hold"] = [at(5).isoformat(), "0001-01-01", "legal"]
    assert standing_of(written).held_until is None


def test_nothing_said_is_an_empty_item() -> None:
    assert standing_item(Standing(), MONDAY) == {}
    assert debt_standing_item(debt_standing_of(None)) == {}

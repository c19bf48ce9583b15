"""One hand or many: the same results in the same order, and a failure comes out."""

import threading

import pytest

from cobranza.flows.hands import by_hands, hands


@pytest.mark.parametrize("number", [1, 4])
def test_what_many_hands_do_comes_back_in_order(number: int) -> None:
    with hands(number) as some:
        assert list(some.map(str, range(20))) == [str(each) for each in range(20)]
        assert some.submit(max, 3, 7).result() == 7


@pytest.mark.parametrize("number", [1, 4])
def test_what_fails_is_raised(number: int) -> None:
    with pytest.raises(ZeroDivisionError), hands(number) as some:
        list(some.map(lambda each: 1 // each, [1, 0]))


def test_one_hand_is_the_callers_own_and_begins_nothing_after_a_failure() -> None:
    begun: list[int] = []

    def work(each: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        begun.append(each)
        if each == 1:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), hands(1) as one:
        list(one.map(work, range(5)))
    assert begun == [0, 1]


@pytest.mark.parametrize("things", [0, 1, 3, 4, 5, 250])
@pytest.mark.parametrize("number", [1, 4, 16])
def test_what_hands_do_by_shares_comes_back_in_order(number: int, things: int) -> None:
    assert by_hands(number, str, range(things)) == [str(thing) for thing in range(things)]


def test_what_fails_in_a_share_is_raised() -> None:
    def fail(thing: int) -> int:
        return 1 // thing

    with pytest.raises(ZeroDivisionError):
        by_hands(2, fail, [2, 1, 0, 1])

"""Tags: of a file, of a person, of a reply, of a strategy's own conditions; and what a strategy makes of them."""

from datetime import timedelta

import pytest

from cobranza.ledger.standing import MOST_TAGS, Action, Standing, Word, hear
from cobranza.policy.due import due_on, next_look
from cobranza.policy.strategy import Between, Conditions, Rule, Step, Strategy, Tagged
from tests.unit.books import LONG_AGO, TODAY, borrower, debt, ladder

LEGAL = Rule(name="legal", when=Conditions(tags=("legal",)), steps=())
GENTLE = Rule(
    name="gentle", when=Conditions(tags=("problema",)), steps=(Step(days=1, template="opciones_de_pago"),)
)
NOT_VIP = Rule(
    name="not vip", when=Conditions(without_tags=("vip",)), steps=(Step(days=1, template="saldo_vencido"),)
)
LARGE = Tagged(tag="alto", when=Conditions(balance=Between(min=50)))  # pyright: ignore[reportArgumentType]
OF_LARGE = Rule(name="large", when=Conditions(tags=("alto",)), steps=(Step(days=1, template="saldo_vencido"),))


def governing(strategy: Strategy, *, tags: tuple[str, ...] = (), of: tuple[str, ...] = ()) -> str:
    """The rule of a debt that is a day late."""
    found = due_on(borrower(tags=of), [debt(1, tags=tags)], [], lambda _: strategy, TODAY)
    return found[0].rule.name if found else ""


def test_the_tags_of_a_file_and_those_of_the_person_are_asked_alike() -> None:
    strategy = ladder(rules=(LEGAL, GENTLE, NOT_VIP))
    assert governing(strategy) == "not vip"
    assert governing(strategy, of=("problema",)) == governing(strategy, tags=("problema",)) == "gentle"
    assert governing(strategy, tags=("legal",), of=("problema",)) == ""  # its ladder has no step
    assert governing(strategy, of=("vip",)) == ""


def test_a_strategy_gives_tags_by_its_own_conditions() -> None:
    rules = (OF_LARGE, NOT_VIP)
    assert governing(ladder(rules=rules, tags=(LARGE,))) == "large"
    small = Tagged(tag="alto", when=Conditions(balance=Between(min=5_000_000)))  # pyright: ignore[reportArgumentType]
    assert governing(ladder(rules=rules, tags=(small,))) == "not vip"


def test_a_tag_may_ask_for_those_before_it() -> None:
    chained = (LARGE, Tagged(tag="vip", when=Conditions(tags=("alto",))))
    assert governing(ladder(rules=(NOT_VIP, OF_LARGE), tags=chained)) == "large"


@pytest.mark.parametrize("condition", [Conditions(segment=("unknown",)), Conditions(last_message=("none",))])
def test_what_the_borrower_may_still_do_leaves_no_step_unlooked_at(condition: Conditions) -> None:
    """A tag by behaviour may come or go until the day: both rules may govern then."""
    later = Rule(
        name="later", when=Conditions(without_tags=("a",)), steps=(Step(days=9, template="saldo_vencido"),)
    )
    sooner = Rule(name="sooner", steps=(Step(days=3, template="saldo_vencido"),))
    strategy = ladder(rules=(later, sooner), tags=(Tagged(tag="a", when=condition),))
    look = next_look(borrower(), [debt(1)], lambda _: strategy, first=TODAY)
    assert look is not None
    assert look.at.date() == TODAY + timedelta(days=2)


def test_a_tag_stands_until_a_later_word_with_a_source_takes_it_away() -> None:
    def tags(*said: tuple[Action, int, str]) -> tuple[str, ...]:
        standing = Standing()
        for action, days, source in said:
            standing = hear(standing, action, Word(LONG_AGO + timedelta(days=days), "vip", source))
        return standing.tags

    assert tags((Action.TAG, 0, "crm")) == ("vip",)
    assert tags((Action.TAG, 0, "crm"), (Action.UNTAG, 1, "crm")) == ()
    assert tags((Action.UNTAG, 1, "crm"), (Action.TAG, 0, "crm")) == ()
    assert tags((Action.TAG, 0, "crm"), (Action.UNTAG, 1, "")) == ("vip",)


def test_the_newest_tags_are_kept() -> None:
    standing = Standing()
    for number in range(MOST_TAGS + 5):
        standing = hear(standing, Action.TAG, Word(LONG_AGO + timedelta(days=number), f"t{number:02}", "crm"))
    assert standing.tags == tuple(f"t{number:02}" for number in range(5, MOST_TAGS + 5))


def test_turning_days_know_the_conditions_of_tags() -> None:
    tagged = Tagged(tag="old", when=Conditions(days_past_due=Between(min=31)))  # pyright: ignore[reportArgumentType]
    assert 31 in ladder(tags=(tagged,)).turning_days

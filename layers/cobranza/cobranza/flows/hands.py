"""By how many hands a flow works."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor


class OneHand(Executor):
    """Does at once, in the caller's thread, what it is given: what fails is raised there, and nothing more begins.
    A thread for each of a replay's many ticks would take most of its time."""

    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        done = Future[R]()
        done.set_result(fn(*args, **kwargs))
        return done


def hands(number: int) -> Executor:
    return ThreadPoolExecutor(number) if number > 1 else OneHand()


def by_hands[T, R](number: int, do: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """What `do` makes of each thing, in their order, by at most so many hands. Each has its share from the
    beginning: handing over one thing after the other took two fifths of a body's processor time."""
    number = max(1, min(number, len(things)))
    with hands(number) as threads:
        shares = [*threads.map(lambda first: [do(each) for each in things[first::number]], range(number))]
    return [shares[place % number][place // number] for place in range(len(things))]

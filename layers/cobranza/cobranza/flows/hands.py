"""By how many hands a flow works."""

from collections.abc import Callable
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

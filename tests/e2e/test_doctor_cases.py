"""`cobranza doctor` on the API of cases of the running stack: a red line for each thing that is broken in it."""

import pytest

from local.simulator import issuer
from local.stack import Stack
from tests.e2e.broken import no_route, open_route, parameter, throttled
from tests.e2e.test_doctor import Breaks, look, reds


def named(stack: Stack, path: str) -> str:
    """An address of the issuer's machine, as the parameter."""
    return f"{stack.simulator_url}{path}"


# How it is broken; the red line with its sentence; what is to be done, or a part of it.
BROKEN: dict[str, tuple[Breaks, tuple[str, str], str]] = {
    "issuer gone": (
        lambda stack: parameter(stack, "CasesIssuer", named(stack, "/nobody")),
        ("cases issuer", "It shows no OpenID configuration."),
        "see that CasesIssuer is its address",
    ),
    "issuer by another name": (
        lambda stack: parameter(stack, "CasesIssuer", named(stack, f"{issuer.PATH}/")),
        ("cases issuer", "It calls itself "),
        "deploy with CasesIssuer=http://127.0.0.1:",
    ),
    "no address of cases": (
        lambda stack: no_route(stack, "GET /cases"),
        ("cases", "It answers with 404 where there is no token, not 401."),
        "deploy it again",
    ),
    "nobody checks tokens": (
        lambda stack: open_route(stack, "GET /cases"),
        ("cases", "Its gateway checks no token: nobody is let in."),
        "see who changed the API of cases",
    ),
    "function throttled": (
        lambda stack: throttled(stack, "cases"),
        ("cases function", "It may not run: no execution at all is reserved for it."),
        "take its reserved concurrency away",
    ),
}


def test_what_is_right_is_green(stack: Stack) -> None:
    _, found, _ = look()
    assert {name: told[0] for name, told in found.items() if name.startswith("cases")} == {
        "cases issuer": "ok",
        "cases keys": "ok",
        "cases": "ok",
    }


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_is_red_and_says_what_to_do(stack: Stack, broken: str) -> None:
    breaks, (name, sentence), do = BROKEN[broken]
    with breaks(stack):
        code, found, told = look()
    of_cases = {each: said for each, said in reds(found).items() if each.startswith("cases")}
    assert of_cases.keys() == {name}
    assert of_cases[name].startswith(sentence)
    assert do in told
    assert code == 1


def test_all_is_right_again(stack: Stack) -> None:
    assert not [name for name in reds(look()[1]) if name.startswith("cases")]

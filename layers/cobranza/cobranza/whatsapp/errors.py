"""What each of Meta's error codes asks us to do next: the table is `error_codes.yaml`.

Source: Meta, WhatsApp Cloud API, "Error codes". Meta asks to decide on the code alone; titles and HTTP statuses
change. A code nobody knows is given up with its own number and words kept.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

from cobranza import yaml_files
from cobranza.policy.breaker import EVERY_NUMBER, is_scope, of_number, of_template
from cobranza.policy.outcomes import Sentence

# Meta did not take the token: it may have been changed since we read it.
TOKEN_REFUSED = frozenset({0, 190})


class Action(StrEnum):
    """RETRY: surely not accepted, try again later. UNCLEAR: it may have left, only a status tells; never again.
    GIVE_UP: not this message, not to this person. OTHER_PHONE: the same, and never again to this phone. OUR_BUG:
    as GIVE_UP, and the request has to be mended. The others: surely not accepted, and nothing else of the
    template, the number, the account will be until a person mends it.
    """

    RETRY = "RETRY"
    UNCLEAR = "UNCLEAR"
    GIVE_UP = "GIVE_UP"
    OTHER_PHONE = "OTHER_PHONE"
    OUR_BUG = "OUR_BUG"
    STOP_TEMPLATE = "STOP_TEMPLATE"
    STOP_NUMBER = "STOP_NUMBER"
    STOP_ACCOUNT = "STOP_ACCOUNT"

    @property
    def stops(self) -> bool:
        return self in (Action.STOP_TEMPLATE, Action.STOP_NUMBER, Action.STOP_ACCOUNT)


@dataclass(frozen=True, slots=True)
class ProviderError:
    """Meta's own words on what went wrong. `code` is 0 when it cannot be read."""

    code: int
    title: str
    details: str
    trace: str = ""

    @property
    def reason(self) -> dict[str, int | str]:
        """As it is kept beside the message."""
        return asdict(self)

    @property
    def is_of_phone(self) -> bool:
        """Whether the phone that the message went to cannot be reached on WhatsApp."""
        return rule_for(self.code).action is Action.OTHER_PHONE


class Rule(NamedTuple):
    """What is to be done about the codes from `code` to `last`. `retry_after` are seconds, 0 for all but RETRY;
    `remedy` is for a person."""

    code: int
    last: int
    title: str
    action: Action
    retry_after: int
    remedy: Sentence


@cache
def rules() -> tuple[Rule, ...]:
    """The whole table, by code."""
    file = resources.files("cobranza") / "whatsapp" / "error_codes.yaml"
    table = yaml_files.own(file)
    return tuple(
        Rule(
            code=told["code"],
            last=told.get("to", told["code"]),
            title=told["title"],
            action=Action(told["do"]),
            retry_after=told.get("after", 0),
            remedy=Sentence(**table["remedies"][told["remedy"]]),
        )
        for told in table["codes"]
    )


@cache
def _by_code() -> Mapping[int, Rule]:
    return MappingProxyType({code: rule for rule in rules() for code in range(rule.code, rule.last + 1)})


def is_known(code: int) -> bool:
    return code in _by_code()


def rule_for(code: int) -> Rule:
    """The code's rule; for one that nobody knows, to give up and to look it up."""
    return _by_code().get(code) or Rule(code, code, "", Action.GIVE_UP, 0, _UNKNOWN)


def scope_of(stop: Action, phone_number_id: str, template: str) -> str:
    """What a stop stops, by its breaker's name; all numbers where Meta does not say which."""
    scopes = {Action.STOP_TEMPLATE: of_template(template), Action.STOP_NUMBER: of_number(phone_number_id)}
    scope = scopes.get(stop, EVERY_NUMBER)
    return scope if is_scope(scope) else EVERY_NUMBER


_UNKNOWN = Sentence(
    "Nadie conoce aún este código; búsquelo en la lista de errores de Meta y avise a quien mantiene el sistema",
    "Nobody knows this code yet; look it up in Meta's list of errors, and tell whoever maintains the system",
)

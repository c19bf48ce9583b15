"""What Meta has registered, as sender and plans obey it: read once a batch of reminders, and once a plan."""

from collections.abc import Callable, Mapping

from cobranza.policy.portfolio import Portfolio
from cobranza.store.templates import Templates
from cobranza.whatsapp.templates import button_bases, languages, unsendable

type Faults = Callable[[], Mapping[tuple[str, str], str]]


def nobody_knows() -> Mapping[tuple[str, str], str]:
    return {}


def faults_of(templates: Templates, *, is_needed: bool = False) -> Faults:
    """By (name, language), read whenever it is asked. `is_needed`: what nobody has read of Meta cannot be sent."""
    return lambda: unsendable(templates.register(is_needed=is_needed))


def with_registered_button(
    read: Callable[[str], Portfolio | None], templates: Templates
) -> Callable[[str], Portfolio | None]:
    """What `read` tells of a portfolio, without its `button_base` where Meta has registered another one in any
    language: what the button would lead to is not the link, so the text without a button goes."""

    def get(portfolio_id: str) -> Portfolio | None:
        portfolio = read(portfolio_id)
        if not portfolio or not portfolio.button_base:
            return portfolio
        register = templates.register()
        others = {base for language in languages() for base in button_bases(register, language)}
        others -= {portfolio.button_base}
        return portfolio.model_copy(update={"button_base": ""}) if others else portfolio

    return get

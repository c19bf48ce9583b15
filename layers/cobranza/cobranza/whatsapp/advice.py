"""What a person does about a message that WhatsApp did not deliver."""

from cobranza.policy.outcomes import Sentence
from cobranza.whatsapp.errors import Action, rule_for


def advice(outcome: str) -> Sentence | None:
    """For FAILED_<code>; None for every other outcome."""
    kind, _, code = outcome.partition("_")
    return rule_for(int(code)).remedy if kind == "FAILED" else None


def is_of_phone(outcome: str) -> bool:
    """Whether it is a failure because the phone cannot be reached on WhatsApp."""
    kind, _, code = outcome.partition("_")
    return kind == "FAILED" and rule_for(int(code)).action is Action.OTHER_PHONE

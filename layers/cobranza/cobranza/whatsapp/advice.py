"""What a person does about a message that WhatsApp did not deliver."""

from cobranza.policy.outcomes import Sentence
from cobranza.whatsapp.errors import rule_for


def advice(outcome: str) -> Sentence | None:
    """For FAILED_<code>; None for every other outcome."""
    kind, _, code = outcome.partition("_")
    return rule_for(int(code)).remedy if kind == "FAILED" else None

"""What becomes of a claim, of a reminder as of a confirmation: by what Meta answers, or by its worker's death."""

from dataclasses import replace
from datetime import datetime

from cobranza.policy.message import MOST_ATTEMPTS, Message, State
from cobranza.store.keys import MessageKey
from cobranza.store.messages import Advanced, Claim, Messages
from cobranza.store.words import Words
from cobranza.whatsapp.client import Accepted, Answer, Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError

_DIED = ProviderError(0, "Worker died", "the claim was left without a result")


def settle(messages: Messages, words: Words, claim: Claim, answer: Answer, now: datetime) -> Message:
    """The message as Meta's answer leaves it, which is written down but for ACCEPTED: that the caller does. RETRY:
    Meta surely did not accept it, and it may be tried again."""
    match answer:
        case Accepted():
            return replace(claim.message, state=State.ACCEPTED)
        case Unclear():
            messages.advance(claim.key, State.UNKNOWN, {"unclear_for": answer.error.reason})
            return replace(claim.message, state=State.UNKNOWN)
        case Refused() if answer.action.stops or _may_try_again(claim, answer):
            messages.retry(claim, answer.error.reason)
            return replace(claim.message, state=State.RETRY)
        case Refused(error=error):
            if error.is_of_phone:  # before the claim ends: nobody comes back to one that has failed
                words.not_reached(claim.key.borrower, claim.message.phone_ref, now, error.code)
            messages.failed(claim.key, error.reason, now, unreached=error.is_of_phone)
            return replace(claim.message, state=State.FAILED, failed_for=error.code, unreached=error.is_of_phone)


def settle_dead(messages: Messages, key: MessageKey) -> Advanced:
    """Whether the call of a worker that died has left, nobody knows: never again, and a status may tell."""
    return messages.advance(key, State.UNKNOWN, {"unclear_for": _DIED.reason})


def _may_try_again(claim: Claim, answer: Refused) -> bool:
    return answer.action is Action.RETRY and claim.message.attempts < MOST_ATTEMPTS

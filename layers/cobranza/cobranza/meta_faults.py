"""Which of Meta's errors a person has to mend: they are counted, and errors in the log."""

from cobranza import telemetry
from cobranza.whatsapp.errors import Action, is_known, rule_for


def tell_fault(message: str, code: int, *, borrower: str, trace: str) -> bool:
    """Of a request that is wrong, and of a code that nobody knows; whether it was one. Meta's own words may name
    people: they are in no log."""
    rule = rule_for(code)
    if is_known(code) and rule.action is not Action.OUR_BUG:
        return False
    telemetry.count("RequestsAtFault" if is_known(code) else "UnknownErrorCodes")
    remedy = rule.remedy.en
    telemetry.logger.error(message, code=code, remedy=remedy, borrower=borrower, trace=trace)
    return True

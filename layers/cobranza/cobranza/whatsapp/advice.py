"""What a person does about a message that WhatsApp did not deliver. Source: Meta, Cloud API, "Error codes"."""

from cobranza.policy.outcomes import Sentence
from cobranza.whatsapp.errors import Action, action_for

_BY_CODE = {
    131026: Sentence(
        "Ese teléfono no recibe WhatsApp: pida otro a la persona y envíelo en su próximo archivo",
        "That phone gets no WhatsApp: ask the borrower for another one and send it with your next file",
    ),
    131049: Sentence(
        "Meta limitó los mensajes a esa persona: no haga nada, el próximo paso se intenta solo",
        "Meta limits what this person gets: do nothing, the next step is tried by itself",
    ),
    131050: Sentence(
        "La persona bloqueó los mensajes de empresas: búsquela por otro medio",
        "The person has stopped messages of businesses: reach them in another way",
    ),
}
_BY_ACTION = {
    Action.RETRY: Sentence(
        "No haga nada: se intentó varias veces y el próximo paso sale solo",
        "Do nothing: it was tried several times, and the next step goes by itself",
    ),
    Action.UNCLEAR: Sentence(
        "No lo repita: pudo haber llegado. Pregunte a la persona si hace falta",
        "Do not repeat it: it may have arrived. Ask the borrower if you must know",
    ),
    Action.STOP: Sentence(
        "Avise a operaciones: la cuenta de WhatsApp necesita arreglo antes de enviar más",
        "Tell operations: the WhatsApp account has to be mended before more is sent",
    ),
    Action.GIVE_UP: Sentence(
        "Busque el código en la lista de errores de Meta; si se repite, avise a operaciones",
        "Look the code up in Meta's list of errors; where it comes again, tell operations",
    ),
}


def advice(outcome: str) -> Sentence | None:
    """For FAILED_<code>; None for every other outcome."""
    kind, _, code = outcome.partition("_")
    if kind != "FAILED":
        return None
    return _BY_CODE.get(int(code)) or _BY_ACTION[action_for(int(code))]

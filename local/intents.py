"""Writes the table of intents in the conversation page from the phrases: python -m local.intents"""

from collections.abc import Iterator
from pathlib import Path

from cobranza.conversation.intent import Intent
from local import marked

PAGE = Path(__file__).parents[1] / "docs" / "conversation.md"
BEGIN = "<!-- intents: written by `python -m local.intents` -->"
END = "<!-- end of intents -->"

MEANS = {
    Intent.STOP: ("wants no more messages", "no me escriban más", "me tira da lista"),
    Intent.WRONG_PERSON: ("somebody else has this number", "número equivocado", "não sou essa pessoa"),
    Intent.DECEASED: ("the borrower has died", "la señora falleció", "ele faleceu"),
    Intent.DISPUTE: ("contests the debt or its amount", "me cobran de más", "não reconheço essa dívida"),
    Intent.PAID: ("says that they have paid", "ya cancelé la factura", "já fiz o pix"),
    Intent.PROMISE: ("will pay, with a day where one is told", "pago el viernes", "vou pagar dia 10"),
    Intent.COMPLAINT: ("names a lawyer, an authority, harassment", "esto es acoso", "vou no procon"),
    Intent.PERSON: ("wants a person", "quiero hablar con un asesor", "atendente"),
    Intent.PROBLEM: ("cannot pay now, or wants other terms", "no tengo trabajo", "quero parcelar"),
    Intent.CHANNEL: ("wants to be reached in another way", "llámenme", "prefiro por email"),
    Intent.STATUS: ("asks what became of a payment", "¿recibieron mi comprobante?", "o pix caiu?"),
    Intent.PAY: ("wants to pay, or asks how", "link de pago", "manda o boleto"),
    Intent.BALANCE: ("asks what is owed", "cuánto debo", "quanto devo"),
    Intent.START: ("wants messages again", "quiero recibir avisos", "quero voltar a receber mensagens"),
    Intent.CANCEL_ASK: ("may mean to pay or to stop: ask", "cancelar", "quero cancelar"),
    Intent.RIGHT_PERSON: ("is the one we look for", "sí, soy yo", "sou eu"),
    Intent.HELP: ("greets or asks for help, and no more", "ayuda", "oi"),
    Intent.THANKS: ("thanks, and no more", "ok gracias", "valeu"),
    Intent.UNKNOWN: ("anything else", "jajaja", "não"),
}


def renewed(page: str) -> str:
    """The page with its table as the code is now. Raises ValueError where the marks are missing."""
    return marked.renewed(page, BEGIN, "\n".join(_rows()), END)


def _rows() -> Iterator[str]:
    yield "| intent | the borrower | like | like |"
    yield "|---|---|---|---|"
    for intent in Intent:
        meaning, spanish, portuguese = MEANS[intent]
        yield f"| `{intent}` | {meaning} | {spanish} | {portuguese} |"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))

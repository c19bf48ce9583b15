"""What becomes of a due debt on a day: the closed set of outcomes, each with a sentence for people."""

from typing import NamedTuple


class Sentence(NamedTuple):
    es: str
    en: str

    def __str__(self) -> str:
        return f"{self.es} · {self.en}"


# What a plan says of a debt that is told of.
SEND = "SEND"
TOLD_ELSEWHERE = "TOLD_ELSEWHERE"
PLANNED = {
    SEND: Sentence("Sale un mensaje", "A message goes out"),
    TOLD_ELSEWHERE: Sentence(
        "La dice el mensaje de otra cartera a la misma persona",
        "Another portfolio's message to the borrower tells of it",
    ),
}
SKIPPED = {
    "PAID": Sentence("Ya no se debe nada de lo que vencía", "Nothing of what was due is owed any more"),
    "RECALLED": Sentence(
        "El acreedor retiró la deuda: vendida, retirada, en agencia o en juicio",
        "The creditor took the debt back: sold, withdrawn, with an agency or in court",
    ),
    "OPTED_OUT": Sentence(
        "La persona, o alguien con su mismo teléfono, pidió que no escribamos",
        "The borrower, or somebody with the same phone, asked us to stop",
    ),
    "WRONG_NUMBER": Sentence(
        "Otra persona tiene ese número y no conocemos otro", "Somebody else has this number, and we know no other"
    ),
    "UNREACHABLE": Sentence(
        "Ningún teléfono suyo que conozcamos recibe WhatsApp", "No phone of theirs that we know gets WhatsApp"
    ),
    "NO_PHONE": Sentence("Nadie nos ha dicho su teléfono", "Nobody has told us a phone"),
    "SHARED_PHONE": Sentence(
        "Dos o más personas con deuda tienen ese número: nadie debe leer la deuda de otro",
        "Two or more borrowers have this number: nobody may read another's debt",
    ),
    "DISPUTED": Sentence("La persona no reconoce la deuda", "The borrower contests the debt"),
    "HELD": Sentence("El acreedor pidió esperar hasta una fecha", "The creditor asked us to wait until a date"),
    "PROMISED": Sentence(
        "La persona prometió pagar y aún no se puede saber si cumplió",
        "The borrower promised to pay, and nobody can tell yet whether it was kept",
    ),
    "OTHER_CHANNEL": Sentence(
        "La persona prefiere otro medio de contacto", "The borrower wants to be reached in another way"
    ),
    "RECEIPT_PENDING": Sentence(
        "La persona envió un comprobante que nadie ha verificado",
        "The borrower sent a receipt that nobody has verified yet",
    ),
    "OPEN_CASE": Sentence(
        "Alguien del equipo está atendiendo lo que la persona escribió, o un pago que no se pudo aplicar",
        "Somebody of the team is looking into what the borrower wrote, or into a payment that could not be booked",
    ),
    "ROW_REFUSED": Sentence(
        "El archivo más reciente trae la deuda en una fila que no se puede leer",
        "The newest file lists the debt in a row that cannot be read",
    ),
    "TOO_LATE": Sentence(
        "El día de ese paso quedó demasiado atrás para su texto", "The step's day is too long ago for its text"
    ),
    "NO_PORTFOLIO": Sentence(
        "La cartera no tiene un portfolio.yaml válido", "The portfolio has no valid portfolio.yaml"
    ),
    "NO_CONSENT": Sentence(
        "No tenemos consentimiento para escribirle por WhatsApp",
        "We have no consent to write to this borrower on WhatsApp",
    ),
    "TEST_STAGE": Sentence(
        "Esta instalación es de prueba y solo escribe a los teléfonos de su lista",
        "This stack is for tests and writes to the phones on its list alone",
    ),
    "COUNTRY_OFF": Sentence(
        "La cartera o la instalación no tienen activado el país de la persona, o no conocemos sus reglas",
        "The portfolio or the stack has not switched on the borrower's country, or we know no rules for it",
    ),
    "HOLD_OUT": Sentence(
        "Pertenece al grupo de control, al que nunca se le recuerda",
        "The borrower belongs to the hold-out group, which is never reminded",
    ),
    "STALE_DATA": Sentence(
        "No llegó ningún archivo en el plazo que la cartera permite",
        "No file has come for longer than the portfolio allows",
    ),
    "CREDIT_COVERS": Sentence(
        "El saldo a favor de la persona cubre lo que vencía",
        "What the creditor owes the borrower covers what was due",
    ),
    "FREQUENCY_CAP": Sentence(
        "La persona ya recibió tantos mensajes como permiten las reglas",
        "The borrower has had as many messages as the rules allow",
    ),
    "JUST_PAID": Sentence("La persona acaba de hacer un pago", "The borrower has just paid something"),
    "NO_WAY_TO_PAY": Sentence(
        "La cartera exige una forma de pago: la deuda no tiene enlace aprobado ni la cartera opciones de pago",
        "The portfolio asks for a way to pay: the debt has no approved link, and the portfolio no pay options",
    ),
    "NO_TEMPLATE": Sentence(
        "No hay plantilla para este paso en el idioma de la persona, o su texto no sería cierto hoy",
        "There is no template for this step in the borrower's language, or its text would not be true today",
    ),
    "NO_DOCUMENT": Sentence(
        "El texto lleva la factura adjunta, y no hay un PDF aprobado que se pueda enviar",
        "The text has the invoice attached, and there is no approved PDF that can be sent",
    ),
    "NOT_IDENTIFIED": Sentence(
        "Se preguntó en ese teléfono si es de la persona, y aún nadie lo confirma",
        "It was asked at this phone whether it is the borrower's, and nobody has said so yet",
    ),
    "NOT_FILLED_IN": Sentence(
        "Al texto le falta un dato, o trae uno sin llenar, como {{nombre}}",
        "The text lacks a value, or has one that was not filled in, like {{name}}",
    ),
    "SUPERSEDED": Sentence(
        "El paso no salió en su día y un paso posterior ocupa su lugar",
        "The step was not sent on its day, and a later one takes its place",
    ),
    "NOT_LOOKED_AT": Sentence(
        "Nadie miró la deuda ese día: algo se detuvo, y hubo una alarma",
        "Nobody looked at the debt on that day: something stood still, and an alarm was raised",
    ),
}
DEFERRED = {
    "STALE_DATA": Sentence(
        "Los datos son viejos; se espera un archivo hasta que cierre el horario",
        "The data is old; a file is waited for until the day's hours end",
    ),
    "PAUSED": Sentence("Alguien pausó la cartera, o todas", "Somebody has paused the portfolio, or all of them"),
    "BREAKER": Sentence(
        "WhatsApp detuvo la cuenta, el número o la plantilla; alguien debe arreglarlo y reanudar",
        "WhatsApp has stopped the account, the number or the template; somebody has to mend it and resume",
    ),
    "TEMPLATE": Sentence(
        "WhatsApp no tiene aprobada la plantilla como la necesitamos; alguien debe arreglarlo",
        "WhatsApp has not approved the template as we need it; somebody has to mend it",
    ),
    "APPROVAL": Sentence("El plan espera la aprobación de una persona", "The plan waits for a person's approval"),
    "GAP": Sentence(
        "Aún no pasa el tiempo mínimo desde el último mensaje o pago",
        "The minimum time since the last message or payment has not passed",
    ),
    "JUST_HEARD": Sentence(
        "La persona escribió; se espera a entender lo que dijo",
        "The borrower has written; what they said is to be understood first",
    ),
    "WINDOW": Sentence(
        "Fuera del horario en que se le puede contactar", "Outside the hours in which a borrower may be contacted"
    ),
    "HOLIDAY": Sentence("Es feriado donde vive la persona", "A holiday where the borrower lives"),
    "LIMIT": Sentence(
        "Se alcanzó el máximo de personas por día", "As many people as one day allows have been written to"
    ),
    "RATE": Sentence("El número envía a su ritmo máximo", "The number is sending as fast as it may"),
}

SENT = {
    "SENT": Sentence("WhatsApp aceptó el mensaje", "WhatsApp took the message"),
    "DELIVERED": Sentence("El mensaje llegó al teléfono", "The message reached the phone"),
    "READ": Sentence("La persona leyó el mensaje", "The borrower read the message"),
    "UNKNOWN": Sentence(
        "El mensaje pudo salir o no; no se repite",
        "The message may or may not have left; it is not sent again",
    ),
}
FAILED = Sentence(
    "WhatsApp no entregó el mensaje: código {code} de Meta", "WhatsApp did not deliver: Meta's {code}"
)


def sentence(outcome: str) -> Sentence:
    """What an outcome means (SENT, SKIPPED_PAID, DEFERRED_WINDOW, FAILED_131026; of a plan SEND, TOLD_ELSEWHERE).
    Raises KeyError for what is none."""
    kind, _, code = outcome.partition("_")
    if outcome in PLANNED:
        return PLANNED[outcome]
    match kind:
        case "SKIPPED":
            return SKIPPED[code]
        case "DEFERRED":
            return DEFERRED[code]
        case "FAILED":
            return Sentence(*(text.format(code=int(code)) for text in FAILED))
        case _:
            return SENT[outcome]

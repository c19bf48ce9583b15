"""Every code with which a file or a row is refused, or a part of a row left out, in both languages of the guides.

The tables of docs/files.md and docs/es/archivos.md are written from here by `python -m local.codes`.
"""

from cobranza.errors import InvalidInput
from cobranza.files.file_codes import FILE_CODES, Code

ROW_CODES = {
    "RAGGED_ROW": Code(
        "La fila no tiene tantas celdas como el encabezado",
        "The row has not as many cells as the header",
        "ponga entre comillas el valor que contiene un separador; agregue lo que falta",
        "put quotes around the value that holds a separator; add what is missing",
    ),
    "TOTALS_ROW": Code(
        "Es una fila de totales, no una deuda",
        "This is a row of totals, not a debt",
        "nada; o quítela de la exportación",
        "nothing; or leave it out of the export",
    ),
    "BAD_JSON": Code(
        "La línea no es un objeto JSON de valores simples",
        "The line is no JSON object of plain values",
        "escriba un objeto por línea, sin listas ni objetos dentro",
        "write one object a line, without lists or objects inside",
    ),
    "DUPLICATE_ROW": Code(
        "El archivo tiene dos veces esta deuda",
        "The file has this debt twice",
        "deje la fila correcta; el motivo dice la línea de la otra",
        "keep the row that is right; the reason tells the line of the other",
    ),
    "BAD_PLAN": Code(
        "Las cuotas del plan no son lo pactado",
        "The instalments of the plan are not what was agreed",
        "liste todas las cuotas, cada una con el mismo `plan_total`; sus `amount` deben sumarlo exacto",
        "list all instalments, each with the same `plan_total`; their `amount` must add up to it exactly",
    ),
    "MISSING_VALUE": Code(
        "Un valor obligatorio está vacío", "A required value is empty", "complételo", "fill it in"
    ),
    "BAD_ID": Code(
        "El identificador no se puede usar",
        "The id cannot be used",
        "escríbalo con 64 caracteres visibles como máximo, sin `#`; si dice `5.25E+11`, búsquelo en su sistema",
        "write it with at most 64 visible characters, without `#`; for `5.25E+11` take it from your system",
    ),
    "BAD_DOCUMENT": Code(
        "El documento de identidad no se puede usar",
        "The identity document cannot be used",
        "escriba tipo y número, cada uno con 40 caracteres como máximo",
        "write type and number, each with at most 40 characters",
    ),
    "BAD_NAME": Code(
        "El nombre no se puede usar",
        "The name cannot be used",
        "escriba el nombre de la persona, sin saltos de línea",
        "write the person's name, without line breaks",
    ),
    "BAD_PHONE": Code(
        "No es un teléfono utilizable",
        "This is not a usable phone number",
        "escriba un solo número con su código de país; los dígitos que `5.25E+11` perdió "
        "búsquelos en su sistema, no se pueden adivinar",
        "write one number with its country code; take digits lost to `5.25E+11` "
        "from your system, they cannot be guessed",
    ),
    "LANDLINE": Code(
        "Es el número de un teléfono fijo",
        "This is the number of a landline",
        "pida un celular; en Argentina escriba `+54 9 …`",
        "ask for a mobile; in Argentina write `+54 9 …`",
    ),
    "BAD_COUNTRY": Code(
        "No se conoce el país",
        "The country is unknown",
        "`MX`, no `México` ni `MEX`",
        "`MX`, not `México` or `MEX`",
    ),
    "BAD_REGION": Code(
        "La región no se puede usar",
        "The region cannot be used",
        "`BCN`, no `MX-BCN` ni el nombre completo",
        "`BCN`, not `MX-BCN` or the full name",
    ),
    "BAD_LANGUAGE": Code(
        "El idioma no se puede usar",
        "The language cannot be used",
        "`es`, `es-MX`, `pt-BR` o `en`",
        "`es`, `es-MX`, `pt-BR` or `en`",
    ),
    "BAD_AMOUNT": Code(
        "El importe no se puede leer",
        "The amount cannot be read",
        "`1234.50`; sin decimales en `CLP`; un saldo a favor va en la columna `credit`, sin signo",
        "`1234.50`; without decimals for `CLP`; what you owe them goes into the column `credit`, without sign",
    ),
    "BAD_CURRENCY": Code(
        "No se conoce la moneda",
        "The currency is unknown",
        "`MXN`, no `$` ni `pesos`",
        "`MXN`, not `$` or `pesos`",
    ),
    "BAD_DATE": Code(
        "La fecha no se puede leer",
        "The date cannot be read",
        "`2026-01-31`, o el orden que el archivo entero sigue; entre 2000 y 2100, sin nombres de meses",
        "`2026-01-31`, or the order that the whole file follows; between 2000 and 2100, without names of months",
    ),
    "BAD_TAGS": Code(
        "Las etiquetas no se pueden usar",
        "The tags cannot be used",
        "10 como máximo, de 30 caracteres cada una, separadas por `;` `,` o `|`",
        "at most 10 of 30 characters each, separated by `;` `,` or `|`",
    ),
    "BAD_RISK": Code(
        "El riesgo no se puede leer",
        "The risk cannot be read",
        "una letra de `A` a `E`",
        "a letter from `A` to `E`",
    ),
    "BAD_ANSWER": Code(
        "La respuesta no es ni sí ni no",
        "The answer is neither yes nor no",
        "`sí`, `no` o vacío",
        "`yes`, `no` or empty",
    ),
    "BAD_EXTRA": Code(
        "Un dato adicional no se puede usar",
        "An extra value cannot be used",
        "200 caracteres como máximo, sin saltos de línea",
        "at most 200 characters, without line breaks",
    ),
    "BAD_ACTION": Code(
        "No se conoce la acción",
        "The action is unknown",
        "una de las que dice el motivo",
        "one of those in the reason",
    ),
    "BAD_PROMISE": Code(
        "El día de la promesa está en el pasado o a más de 30 días",
        "The day of the promise is in the past, or more than 30 days ahead",
        "ponga en `until` el día prometido, a 30 días o menos de `at`",
        "put the promised day into `until`, 30 days or less after `at`",
    ),
    "BAD_CHANNEL": Code(
        "No se conoce el canal",
        "The channel is unknown",
        "`whatsapp`, `correo`, `llamada`, `sms`, `carta` o `visita`",
        "`whatsapp`, `email`, `call`, `sms`, `letter` or `visit`",
    ),
    "BAD_TEXT": Code(
        "Un texto no se puede usar",
        "A text cannot be used",
        "más corto y en una sola línea; el motivo dice el máximo",
        "shorter, and in one line; the reason tells the most",
    ),
    "FUTURE_MOMENT": Code(
        "El momento está en el futuro",
        "The moment is in the future",
        "la fecha en que ocurrió; vea si día y mes están en su orden",
        "the date on which it happened; see whether day and month are in their order",
    ),
    "UNKNOWN_BORROWER": Code(
        "Nadie tiene este número de cliente",
        "No borrower has this id",
        "corríjalo, o cargue antes el archivo de sus deudas",
        "mend it, or load the file of their debts first",
    ),
    "ERASED": Code(
        "Los datos de esta persona se borraron porque así lo pidió",
        "This person's data was erased because they asked for it",
        "quítela de sus archivos; nada de ella se guarda otra vez",
        "leave them out of your files; nothing of them is kept again",
    ),
    "UNKNOWN_DEBT": Code(
        "La persona no tiene esta deuda en la cartera",
        "The borrower has no such debt in the portfolio",
        "corríjala, o cargue antes el archivo de deudas",
        "mend it, or load the file of debts first",
    ),
    "UNMATCHED_PAYMENT": Code(
        "El dinero no es de nadie que conozcamos",
        "The money belongs to nobody we know",
        "complete cliente o deuda en `unmatched.csv` y déjelo en `payments/`",
        "fill in borrower or debt in `unmatched.csv` and drop it in `payments/`",
    ),
    "NUMBER_TAKEN": Code(
        "Este número ya es de otro pago",
        "This number is another payment's",
        "dé a cada pago, y a cada parte de uno que es de varias deudas, un número propio",
        "give each payment, and each part of one that is for several debts, a number of its own",
    ),
    "BAD_DECISION": Code(
        "No se conoce la decisión",
        "The decision is unknown",
        "`aceptado`, `rechazado`, o vacío mientras nadie haya decidido",
        "`accepted`, `rejected`, or empty while nobody has decided",
    ),
    "UNKNOWN_RECEIPT": Code(
        "La persona no envió este comprobante, o no es de esta cartera",
        "The borrower sent no such receipt, or it is not of this portfolio",
        "tome la fila de `receipts.csv`; el pago de quien no se conoce va en `payments/`",
        "take the row from `receipts.csv`; the payment of somebody unknown goes into `payments/`",
    ),
    "ALREADY_DECIDED": Code(
        "Este comprobante ya se aceptó",
        "This receipt was accepted before",
        "nada, si es el mismo pago; el saldo de un pago que no existió se corrige en el archivo de deudas",
        "nothing, if it is the same payment; the balance of one that never was is put right in the file of debts",
    ),
    "OPERATION_KNOWN": Code(
        "Esta operación ya se aplicó, por otro comprobante o como pago",
        "This operation was booked before, by another receipt or as a payment",
        "rechace el comprobante si es el mismo dinero; si es otro, deje `operation` vacía",
        "reject the receipt if it is the same money; leave `operation` empty if it is other money",
    ),
    "BAD_CLOSE": Code(
        "No se entiende si el caso se cierra",
        "Whether the case is closed cannot be read",
        "`sí`, o vacío mientras siga abierto",
        "`yes`, or empty while it stays open",
    ),
    "BAD_RESULT": Code(
        "No se conoce el resultado",
        "The result is unknown",
        "`resuelto` si se puede volver a recordar, `procede` si lo que la persona dijo sigue en pie",
        "`resolved` where reminders may go again, `stands` where what the borrower said does",
    ),
    "BAD_HOLD": Code(
        "El último día de la pausa ya pasó",
        "The last day of the hold is over",
        "escriba hoy o un día posterior, o déjelo vacío",
        "write today or a later day, or leave it empty",
    ),
    "UNKNOWN_CASE": Code(
        "No hay un caso con este número en la cartera",
        "The portfolio has no such case",
        "tome la fila de `cases.csv`",
        "take the row from `cases.csv`",
    ),
    "ALREADY_CLOSED": Code(
        "Este caso ya se cerró de otra manera",
        "This case was closed before, in another way",
        "nada; lo que haya que cambiar va en `contacts/`",
        "nothing; what has to change goes into `contacts/`",
    ),
    "BAD_CONSENT": Code(
        "El consentimiento no se puede leer",
        "The consent cannot be read",
        "`sí` o `no`; su fecha como `2025-11-20`",
        "`yes` or `no`; its date as `2025-11-20`",
    ),
    "OTHER_PURPOSE": Code(
        "El sí es a otra cosa, no a recordatorios de pago",
        "The yes is to something else than payment reminders",
        "pregunte a la persona; si los aceptó, `recordatorios de pago` en `consent_purpose`",
        "ask the person; if they agreed to those, `payment reminders` in `consent_purpose`",
    ),
}

# Of a row that is used all the same, without what they are about.
WARNING_CODES = {
    "OTHER_PURPOSE": ROW_CODES["OTHER_PURPOSE"],
    "BAD_LINK": Code(
        "El enlace no se usa",
        "The link is not used",
        "una dirección `https://` completa de 500 caracteres como máximo, bajo una `link_bases` de la cartera",
        "a whole `https://` address of at most 500 characters, under one of the portfolio's `link_bases`",
    ),
}

CODES = FILE_CODES | ROW_CODES | WARNING_CODES


def refuse(code: str, detail: str, column: str = "", *, es: str = "") -> InvalidInput:
    """The error to raise: the code's sentence in Spanish and English, then what is wrong here.

    `detail` is in English, or in no language (`MXN 2`); `es` says it in Spanish where words are needed.
    """
    sentence = CODES[code]
    spanish = f"{sentence.es}: {es}" if es else sentence.es
    return InvalidInput(code, f"{spanish} · {sentence.en}: {detail}", column)

"""The names that people and programs give to columns, in Spanish, Portuguese and English.

A name stands under two columns where it is used for both (`Cliente` is a number here and a name there): a file
with such a header is refused until its mapping tells. What would change an amount by being misread has no synonyms
at all: nobody knows from the name alone whether `Saldo` holds the `Mora` beside it.
"""

DROPPED = frozenset(
    {
        *(
            "a",
            "and",
            "as",
            "da",
            "das",
            "de",
            "del",
            "do",
            "dos",
            "e",
            "el",
            "em",
            "en",
            "for",
            "la",
            "las",
            "lo",
        ),
        *("los", "o", "of", "os", "para", "por", "seu", "su", "the", "to", "y"),
    }
)

# Words that mean the same in a header, each by one of them. `no` is the number's abbreviation.
SAME = {
    word: same
    for same, words in {
        "id": "id n no nr nro nbr num numb numero number codigo cod code clave cve identificador identifier",
        "fecha": "fecha fch fec f data dt date dta",
        "vto": "vto vcto venc vencim vencimiento vencimento vence vncto",
        "tel": "tel telef telefono telefone fone phone telephone tfno tlf tlfno fono",
        "cel": "cel celular movil mobile cell cellphone telemovel mobil",
        "whatsapp": "whatsapp wpp wsp whats whatsap wapp",
        "cliente": "cliente customer client clientes customers",
        "deudor": "deudor devedor debtor borrower prestatario acreditado",
        "factura": "factura fatura invoice fact fra facturas",
        "documento": "documento document doc docto dcto",
        "importe": "importe monto valor amount montante vlr",
        "saldo": "saldo balance bal",
        "parcela": "parcela installment instalment mensualidad prestacao",
        "moneda": "moneda divisa moeda currency mon",
        "pago": "pago pagamento payment",
        "link": "link liga enlace url",
        "pendiente": "pendiente outstanding aberto abierto open adeudado insoluto",
        "nombre": "nombre nome name nombres",
        "contrato": "contrato contract",
        "credito": "credito prestamo loan emprestimo",
        "consentimiento": "consentimiento consentimento consent optin",
        "pais": "pais country",
        "original": "original inicial",
    }.items()
    for word in words.split()
}

DEBT_NAMES: dict[str, tuple[str, ...]] = {
    "borrower_id": (
        *("id cliente", "id deudor", "id cuenta cliente", "account id", "contact id", "partner id", "id socio"),
        *("id titular", "id alumno", "matricula", "id persona", "cliente", "deudor"),
    ),
    "document_type": (
        "tipo documento",
        "tipo documento identidad",
        "tipo identificacion",
        "tipo id",
        "document type",
    ),
    "document_id": (
        *("cedula", "dni", "rfc", "curp", "cpf", "cnpj", "cpf cnpj", "cuit", "cuil", "rut", "ruc", "nit", "rg"),
        *("identificacion", "id identificacion", "documento identidad", "id documento identidad", "documento"),
        *("id documento", "tax id", "national id", "ssn", "id fiscal"),
    ),
    "document_last4": ("ultimos 4 documento", "ultimos cuatro documento", "document last 4", "ultimos 4 cpf"),
    "name": (
        *(
            "nombre",
            "nombre cliente",
            "nombre completo",
            "full name",
            "nombre deudor",
            "nombre titular",
            "titular",
        ),
        *("nombre apellido", "nombre apellidos", "apellido nombre", "apellidos nombre", "razon social"),
        *("razao social", "contact name", "nombre contacto", "nombre socio", "partner name", "account name"),
        *("cliente", "deudor", "nombre 1", "nombre alumno"),
    ),
    "phone": (
        *("tel", "cel", "tel cel", "whatsapp", "tel id", "cel id", "whatsapp id", "tel cel id", "tel whatsapp"),
        *("cel whatsapp", "tel cliente", "cel cliente", "tel contacto", "cel contacto", "contact phone"),
        *("tel deudor", "cel deudor", "tel titular", "cel titular", "tel 1", "cel 1", "tel principal"),
    ),
    "country": ("pais", "id pais", "pais cliente", "pais residencia", "pais iso", "country region"),
    "region": ("region id", "uf", "state code", "province code", "codigo estado", "codigo provincia"),
    "language": ("idioma", "lengua", "lingua", "lang", "id idioma", "language code"),
    "debt_id": (
        *("factura", "id factura", "folio", "id folio", "folio factura", "id deuda", "deuda id", "id debito"),
        *("credito id", "id operacion", "operacion", "id obligacion", "obligacion", "contrato", "id contrato"),
        *("titulo", "id titulo", "nota fiscal", "id nota fiscal", "id nf", "duplicata", "id duplicata"),
        *("comprobante", "id comprobante", "pagare", "id pagare", "poliza", "id poliza", "nosso id"),
        *("documento", "id documento", "credito", "fatura id", "documento factura"),
    ),
    "instalment": ("id cuota", "parcela", "id parcela", "cuota actual", "cuota"),
    "amount": (
        *(
            "importe",
            "importe original",
            "saldo original",
            "importe total",
            "total",
            "total factura",
            "grand total",
        ),
        *(
            "importe factura",
            "invoice total",
            "importe titulo",
            "importe nominal",
            "importe cuota",
            "importe documento",
        ),
        *("importe credito", "importe deuda", "importe parcela", "cuota", "credito"),
    ),
    "balance": (
        *("saldo", "saldo pendiente", "saldo deudor", "saldo actual", "saldo total", "saldo pago", "saldo pagar"),
        *(
            "saldo cliente",
            "saldo factura",
            "saldo deuda",
            "amount due",
            "balance due",
            "total due",
            "importe pendiente",
            "pendiente",
        ),
        *("pendiente pago", "pendiente pagar", "adeudo", "adeudo total", "deuda", "deuda total", "total deuda"),
        *("total pendiente", "cobrar", "importe cobrar", "importe pagar", "importe devido", "saldo devido"),
        *("remaining balance", "amount remaining", "saldo restante", "saldo aberto", "amount owed", "residual"),
        *("amount residual",),
    ),
    "credit": ("saldo a favor", "saldo credor", "credit balance", "credito a favor"),
    "plan_total": ("total plan", "importe plan", "importe total plan"),
    "currency": ("moneda", "id moneda", "tipo moneda", "moneda documento", "iso moneda", "moneda factura"),
    "due_date": (
        *(
            "vto",
            "fecha vto",
            "due",
            "due fecha",
            "fecha pago due",
            "fecha limite",
            "fecha limite pago",
            "limite pago",
        ),
        *(
            "maturity",
            "maturity date",
            "vto neto",
            "fecha vto neto",
            "net due date",
            "vto factura",
            "fecha vto factura",
        ),
        *("vto cuota", "fecha vto cuota", "payment due date", "invoice due date", "fecha maxima pago"),
    ),
    "payment_url": ("link pago", "link boleto", "pago url", "pay link", "link para pagar", "link pagar"),
    "document_url": ("link factura", "url factura", "link documento", "pdf url", "link pdf", "url pdf"),
    "document_name": ("nombre documento", "nombre archivo", "nome arquivo", "file name"),
    "disputed": ("en disputa", "disputada", "disputado", "contestado", "contestada"),
    "tags": ("etiquetas", "etiqueta", "labels", "marcadores"),
    "consent": (
        *("consentimiento", "consentimiento whatsapp", "opt in", "whatsapp opt in", "acepta whatsapp"),
        *("autoriza whatsapp", "aceita whatsapp", "autorizacion whatsapp", "acepta mensajes whatsapp"),
    ),
    "consent_at": ("fecha consentimiento", "fecha optin", "fecha consentimiento whatsapp"),
    "consent_source": (
        "origen consentimiento",
        "fuente consentimiento",
        "origem consentimento",
        "medio consentimiento",
    ),
    "consent_purpose": ("finalidad consentimiento", "proposito consentimiento", "finalidade consentimento"),
    "consent_text": ("texto consentimiento", "texto consentimiento whatsapp"),
}

"""What we answer, by template language. No figure, no promise."""

RECEIPT_RECEIVED = {
    "es": "Gracias, recibimos su comprobante. Lo revisaremos; todavía no confirma el pago.",
    "es_AR": "Gracias, recibimos tu comprobante. Lo revisaremos; todavía no confirma el pago.",
    "pt_BR": "Obrigado, recebemos o seu comprovante. Vamos conferir; ele ainda não confirma o pagamento.",
    "en": "Thank you, we have your receipt. We will check it; it does not confirm the payment yet.",
}
RECEIPT_UNREADABLE = {
    "es": "No pudimos abrir ese archivo. Por favor envíe su comprobante como foto o PDF; una persona lo revisará.",
    "es_AR": "No pudimos abrir ese archivo. Enviá tu comprobante como foto o PDF; una persona lo revisará.",
    "pt_BR": "Não conseguimos abrir o arquivo. Envie o comprovante como foto ou PDF; uma pessoa vai conferir.",
    "en": "We could not open that file. Please send your receipt as a photo or PDF; a person will check it.",
}

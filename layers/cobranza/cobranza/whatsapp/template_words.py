"""The words by which a template is judged: what may never be said and what has to be, in each language."""

import re
from collections.abc import Mapping
from types import MappingProxyType


def _words(*patterns: str) -> re.Pattern[str]:
    """Whole words, also between the signs that make WhatsApp's bold and italic text."""
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])", re.IGNORECASE)


# In whatever language a text is: what labels, threatens or presses the person who reads it.
FORBIDDEN = _words(
    r"deudas?|deudor(?:es|as?)?|moros[oa]s?|morosidad|mora|cobranzas?|cobros?|cobrador(?:es|as?)?|carteras?",
    r"cr[oóô]nic[oa]s?|embarg\w*|[uú]ltimo aviso|hoy mismo|abogad\w*|jur[ií]dic\w*|bur[oó] de cr[eé]dito",
    r"d[ií]vidas?|devedor(?:es|as?)?|inadimpl\w*|cobranças?|carteiras?|penhor\w*|hoje mesmo|advogad\w*|serasa",
    r"debts?|debtors?|delinquen\w*|arrears|default\w*|collections?|collectors?|portfolios?|chronic|garnish\w*",
    r"seiz\w*|(?:last|final) (?:notice|warning)|today only|immediately|lawyers?|lawsuits?|court",
    r"judicial\w*|legal\w*|urgent\w*|inmediat\w*|imediat\w*",
)
THANKS = _words(r"gracias|agrade\w*|obrigad[oa]|thank\w*|puntual\w*|pontual\w*|punctual\w*")
CHARGES = _words(
    r"(?:re)?cargos? adicional(?:es)?|encargos? adiciona(?:l|is)|(?:additional|extra) (?:fees?|charges?)"
)
# What a text that somebody else may read says nothing of.
MONEY = _words(
    r"pag(?:o|os|ar|ue|ó|a|amento|amentos)|saldos?|facturas?|faturas?|vencid[oa]s?|vencimi?entos?|vence",
    r"payments?|pay|balances?|invoices?|overdue|due|amounts?|importes?|montos?|valor(?:es)?",
)

# By the language without its country.
STOP: Mapping[str, str] = MappingProxyType({"es": "BAJA", "pt": "SAIR", "en": "STOP"})
PERSON: Mapping[str, str] = MappingProxyType({"es": "persona", "pt": "pessoa", "en": "person"})
IF_PAID = MappingProxyType(
    {
        "es": re.compile(r"si ya pag(?:ó|aste), ignor[eá] este aviso", re.IGNORECASE),
        "pt": re.compile(r"se já pagou, desconsidere este aviso", re.IGNORECASE),
        "en": re.compile(r"if you have already paid, (?:please )?ignore this notice", re.IGNORECASE),
    }
)
# What follows once the due date may be behind.
OR_RECEIPT = MappingProxyType(
    {
        "es": re.compile(r"ignor[eá] este aviso o env[ií][ae]nos el comprobante", re.IGNORECASE),
        "pt": re.compile(r"desconsidere este aviso ou envie-nos o comprovante", re.IGNORECASE),
        "en": re.compile(r"ignore this notice or send us the receipt", re.IGNORECASE),
    }
)

"""Every shipped text as borrowers of eight places read it: python -m tests.unit.golden_texts writes golden/."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.debt import Debt
from cobranza.ledger.money import totals
from cobranza.policy.decision import Send
from cobranza.policy.due import Due
from cobranza.policy.portfolio import TemplateLanguage
from cobranza.whatsapp.kinds import Fact, parameters
from cobranza.whatsapp.messages import reminder_facts
from cobranza.whatsapp.templates import Template, shipped_templates
from tests.unit.books import LADDER, borrower, debt, portfolio

FOLDER = Path(__file__).parent / "golden"
DUE = date(2026, 11, 5)


@dataclass(frozen=True, slots=True)
class Locale:
    country: str
    language: TemplateLanguage
    currency: str
    balance: str = "1234.50"
    pays_at: str = "https://pagos.example.com/"


LOCALES = {
    "es-MX": Locale("MX", "es", "MXN"),
    "es-AR": Locale("AR", "es_AR", "ARS"),
    "es-CO": Locale("CO", "es", "COP", "1234567"),
    "es-CL": Locale("CL", "es", "CLP", "1234567"),
    "es-PY": Locale("PY", "es", "PYG", "1234567"),
    "es-PE": Locale("PE", "es", "PEN"),
    "pt-BR": Locale("BR", "pt_BR", "BRL", pays_at="https://pagamentos.example.com/"),
    "en-US": Locale("US", "en", "USD", pays_at="https://pay.example.com/"),
}


def page(locale: Locale) -> str:
    """All texts of one place, in the order of their names."""
    of_language = [each for (_, language), each in shipped_templates().items() if language == locale.language]
    return "\n".join(
        f"=== {template.name} {template.language}\n{shown(template, locale)}" for template in of_language
    )


def shown(template: Template, locale: Locale) -> str:
    """A message as the phone shows it: its document, the text, a line for each button."""
    facts = facts_of(template.name, locale)
    lines = [f"[{facts['document_name']}]"] if "document" in template.kind.facts else []
    lines.append(template.render(parameters(template.kind, facts)))
    lines += [f"( {each.text}{_target(each.url, facts)} )" for each in template.buttons]
    return "\n".join(lines) + "\n"


def facts_of(template: str, locale: Locale) -> dict[Fact, str]:
    """What a reminder knows, of six debts in a statement and else of one; and beside it what other texts take."""
    number = 6 if template == "estado_de_cuenta" else 1
    send = _send(template, locale, [_debt(f"F-{100 + n}", locale) for n in range(number)])
    known = reminder_facts(send, borrower(name="PEREZ GARCIA, JUAN", country=locale.country))
    beside: dict[Fact, str] = {
        "check_at": send.portfolio.creditor.complaints_channel,
        "link": f"{locale.pays_at}a1b2",
        "document": "MEDIA_ID",
        "document_name": "F-100.pdf",
        "paid": known["owed"],
        "paid_on": known["due_date"],
        "promised_day": known["due_date"],
    }
    return known | beside


def _debt(number: str, locale: Locale) -> Debt:
    balance = Decimal(locale.balance)
    link = f"{locale.pays_at}a1b2"
    return debt(
        debt_id=number, amount=balance, balance=balance, currency=locale.currency, due_date=DUE, payment_url=link
    )


def _send(template: str, locale: Locale, debts: list[Debt]) -> Send:
    rule = LADDER.rules[0]
    dues = tuple(
        Due(debt=each, rule=rule, due_date=DUE, days_past_due=0, step=0, template=template) for each in debts
    )
    return Send(
        day=DUE,
        lead=dues[0],
        dues=dues,
        template=template,
        language=locale.language,
        portfolio=portfolio(link_bases=(locale.pays_at,)),
        strategy="standard@1",
        totals=totals(each.owed for each in debts),
    )


def _target(url: str, facts: dict[Fact, str]) -> str:
    return f" → {facts['link']}" if url else ""


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, locale in LOCALES.items():
        (FOLDER / f"{name}.txt").write_text(page(locale), encoding="utf-8")

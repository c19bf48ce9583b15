"""Sample files: about 200 invented borrowers in Mexico, Colombia and Brazil, with due dates around a given day.

python -m local.samples FOLDER [YYYY-MM-DD]
"""

import csv
import io
import random
import sys
from datetime import date, timedelta
from pathlib import Path

from cobranza.files.columns import DEBTS
from local.stack import PHONE_NUMBER_ID

PORTFOLIO = "aurora"
BORROWERS = 190

PORTFOLIO_YAML = f"""\
# On whose behalf we write, from which number, with whose consent, and to which pages we may link.
creditor:
  legal_name: Muebles Aurora S.A. de C.V.
  shown_name: Muebles Aurora
  complaints_channel: quejas@aurora.example.com
creditor_type: first_party
phone_number_id: "{PHONE_NUMBER_ID}"
countries: [MX, CO, BR]
language: es
consent:
  text: Acepto recibir por WhatsApp recordatorios de mis pagos con Muebles Aurora.
  source: solicitud de crédito
numbers_given_by_borrower: [solicitud de crédito]
link_bases: ["https://pagos.aurora.example.com/"]
"""

# The standard ladder without what protects a first day: nobody has to agree, and all are written to at once.
STRATEGY_YAML = """\
name: demo
approval: never
ramp: []
due_day: as_given
rules:
  - name: everyone
    steps:
      - {days: -3, template: recordatorio_previo}
      - {days: 0, template: vence_hoy, past_due_template: saldo_vencido}
      - {days: 3, template: saldo_vencido}
      - {days: 7, template: factura_vencida}
      - {days: 15, template: opciones_de_pago}
"""

_COUNTRIES = {
    # phone pattern, currency, language, region
    "MX": ("+52 55 5555 {:04d}", "MXN", "es-MX", "CMX"),
    "CO": ("+57 300 555 {:04d}", "COP", "es-CO", ""),
    "BR": ("+55 11 95555 {:04d}", "BRL", "pt-BR", "SP"),
}
_FIRST = (
    *("Lucía", "Mateo", "Valentina", "Tomás", "Renata", "Emilio", "Camila", "Bruno"),
    *("Inês", "Caio", "Marina", "Davi", "Abril", "Julián", "Noa", "Iker"),
)
_LAST = ("Ejemplo", "Muestra", "Prueba", "Modelo", "Exemplo", "Amostra", "Demo", "Ficticia")
NAMES = tuple(f"{first} {last}" for first in _FIRST for last in _LAST)
# Days from the due date to today; a step is on for those on the ladder, the others rest.
_LADDER = (-3, 0, 3, 7, 15)
_OTHERS = (-20, -9, 60)

# What goes wrong in real exports: the columns to overwrite in an otherwise good row.
BAD_ROWS: tuple[dict[str, str], ...] = (
    {"phone": "5.25555E+11"},
    {"phone": "12345"},
    {"phone": "+57 601 555 0100"},
    {"phone": ""},
    {"amount": "1.2.3"},
    {"amount": "mil pesos"},
    {"currency": "PESOS"},
    {"due_date": "fin de mes"},
    {"due_date": "2026-02-30"},
    {"country": "México"},
    {"name": ""},
    {"consent": "tal vez"},
)


def debts_csv(today: date, seed: int = 7) -> str:
    """The debts file of a day: good rows with a dozen bad ones strewn in."""
    return csv_of(debts(today, seed, BORROWERS))


def debts(today: date, seed: int, borrowers: int) -> list[dict[str, str]]:
    """Its rows, of so many borrowers and a dozen whose row is bad."""
    chance = random.Random(seed)
    rows = [row for number in range(borrowers) for row in _borrower(number, today, chance)]
    for number, fault in enumerate(BAD_ROWS, start=borrowers):
        rows.insert(chance.randrange(len(rows)), _borrower(number, today, chance)[0] | fault)
    return rows


def undeclared_csv(today: date, seed: int = 8) -> str:
    """A few debts of a portfolio that nobody has declared."""
    chance = random.Random(seed)
    return csv_of([row for number in range(300, 305) for row in _borrower(number, today, chance)])


def write(folder: Path, today: date) -> dict[str, Path]:
    """Writes the sample files; where each is to be dropped, in order."""
    files = {
        f"portfolios/{PORTFOLIO}/portfolio.yaml": PORTFOLIO_YAML,
        f"strategies/{PORTFOLIO}/strategy.yaml": STRATEGY_YAML,
        f"debts/{PORTFOLIO}/cartera {today:%Y-%m-%d}.csv": debts_csv(today),
        f"debts/por-declarar/cartera {today:%Y-%m-%d}.csv": undeclared_csv(today),
    }
    for key, text in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {key: folder / key for key in files}


def _borrower(number: int, today: date, chance: random.Random) -> list[dict[str, str]]:
    country = ("MX", "CO", "BR")[number % 3]
    phone, currency, language, region = _COUNTRIES[country]
    person = {
        "borrower_id": f"C-{number:04d}",
        "name": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
        "phone": phone.format(100 + number),
        "country": country,
        "region": region,
        "language": language,
        "consent": "no" if number % 17 == 5 else "sí",
    }
    several = 3 if number % 19 == 0 else 1
    return [person | _debt(number, n, currency, today, chance) for n in range(several)]


def _debt(number: int, n: int, currency: str, today: date, chance: random.Random) -> dict[str, str]:
    days = chance.choice(_LADDER) if chance.random() < 0.7 else chance.choice(_OTHERS)
    amount = chance.randrange(150, 9000)
    return {
        "debt_id": f"F-{number:04d}-{n + 1}",
        "amount": f"{amount}.{chance.randrange(100):02d}" if currency != "COP" else f"{amount}000",
        "balance": "0" if number % 23 == 4 else "",
        "currency": currency,
        "due_date": (today - timedelta(days=days)).isoformat(),
        "payment_url": f"https://pagos.aurora.example.com/p/{number:04d}{n}" if number % 5 else "",
    }


def csv_of(rows: list[dict[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list[str](DEBTS.names), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    day = date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else date.today()  # noqa: DTZ011
    for written in write(Path(sys.argv[1]), day).values():
        print(written)

"""Days in the life of borrowers, from the creditor's files to the day's books: what each is told, and what not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from cobranza.policy.portfolio import parse_portfolio
from tests.integration.replies import say
from tests.integration.rows import results, run, table
from tests.integration.world import PORTFOLIO_YAML, World, debts
from tests.unit.books import MEXICO

type Drop = Callable[..., dict[str, Any]]
type Cells = dict[str, str]

LUCIA, BRUNO = "Lucía Ejemplo", "Bruno Ejemplo"
HOME, OWN = "+525555550101", "+525555550102"
SECOND = {"borrower_id": "C2", "name": BRUNO, "debt_id": "F-2", "amount": "80.00"}

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


class Told(NamedTuple):
    """What a message said to whom."""

    to: str
    name: str
    template: str
    owed: str
    due: str


class Life:
    """Files come and days go by, at moments of Mexico City; each night the day that is over is closed."""

    def __init__(self, world: World, drop: Drop) -> None:
        self._world, self._drop = world, drop

    def declare(self, portfolio: str, yaml: str = PORTFOLIO_YAML) -> None:
        self._world.ledger.save_portfolio(parse_portfolio(yaml.encode(), portfolio), self._world.now)

    def file(self, moment: str, kind: str, *rows: Cells, portfolio: str = "tienda") -> None:
        """A file of the moment at which it comes. Nobody is looked at between the last moment and this one."""
        self._world.now = at(moment)
        name = moment.replace(":", "")
        text = debts(*rows) if kind == "debts" else table(*rows)
        assert self._drop(f"{kind}/{portfolio}/{name}.csv", text)["refused"] == 0

    def until(self, moment: str) -> list[str]:
        """Scheduler and sender until then; the outcomes of the looks."""
        found: list[str] = []
        while (night := _night_after(self._world.now)) <= at(moment):
            found += run(self._world, night)
            while list(self._world.reports.close_days(night)):
                pass
        return found + run(self._world, at(moment))

    def says(self, moment: str, text: str) -> list[str]:
        """Somebody writes from HOME while the reminders of that moment wait on the queue; their outcomes."""
        self._world.now = at(moment)
        queued = self._world.tick()
        say(self._world, text, sender=HOME[1:])
        return [self._world.sender.remind(each, self._world.now).code for each in queued]

    @property
    def told(self) -> list[Told]:
        """All reminders that have left."""
        return [_told(message) for message in self._world.whatsapp.sent if "template" in message]

    def outcomes(self, day: str, portfolio: str = "tienda") -> Cells:
        """The outcome of each debt and step in the book of a day that is over."""
        rows = results(self._world, f"outcomes/dt={day}/outcomes.csv", portfolio)
        return {f"{row['debt_id']} {row['step']}": row["outcome"] for row in rows}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=MEXICO)


def _night_after(now: datetime) -> datetime:
    """An hour into the next local day."""
    local = now.astimezone(MEXICO)
    night = local.replace(hour=1, minute=0, second=0)
    return night if local < night else night + timedelta(days=1)


def _told(message: dict[str, Any]) -> Told:
    template = message["template"]
    name, _, owed, due, _ = (each["text"] for each in template["components"][0]["parameters"])
    return Told(message["to"], name, template["name"], owed, due)


@pytest.fixture
def life(world: World, drop: Drop, portfolio: None) -> Life:
    return Life(world, drop)


def test_a_due_date_on_a_holiday_monday(life: Life) -> None:
    """The first Monday of February is a holiday in Mexico: what falls due on it is due on Tuesday, and whoever is
    late hears on Tuesday since when."""
    life.file("2027-01-29T11:00", "debts", {"due_date": "2027-02-01"})
    assert life.until("2027-02-01T10:00") == []
    life.file("2027-02-01T10:00", "debts", SECOND | {"due_date": "2027-01-29", "phone": OWN})
    assert life.until("2027-02-02T06:00") == []
    holiday = {"F-1 -3": "DEFERRED_HOLIDAY", "F-2 3": "DEFERRED_HOLIDAY"}
    assert life.outcomes("2027-02-01") == holiday

    assert life.until("2027-02-03T02:00") == ["SENT", "SENT"]
    assert sorted(life.told) == [
        Told(HOME, LUCIA, "vence_hoy", "$1,234.50", "2 de febrero de 2027"),
        Told(OWN, BRUNO, "saldo_vencido", "$80.00", "29 de enero de 2027"),
    ]
    superseded = dict.fromkeys(("F-1 -3", "F-2 -3", "F-2 0"), "SKIPPED_SUPERSEDED")
    assert life.outcomes("2027-02-02") == {"F-1 0": "SENT", "F-2 3": "SENT"} | superseded


def test_a_daily_file_that_comes_after_the_hours(life: Life) -> None:
    life.file("2026-11-24T22:30", "debts", {"due_date": "2026-11-24"})
    assert life.until("2026-11-25T06:00") == ["DEFERRED_WINDOW"]
    assert life.outcomes("2026-11-24") == {"F-1 0": "DEFERRED_WINDOW"}

    assert life.until("2026-11-26T02:00") == ["SENT"]
    assert life.told == [Told(HOME, LUCIA, "saldo_vencido", "$1,234.50", "24 de noviembre de 2026")]
    assert life.outcomes("2026-11-25") == {"F-1 0": "SENT", "F-1 -3": "SKIPPED_SUPERSEDED"}


def test_a_daily_file_that_comes_three_days_late(life: Life) -> None:
    """Without a fresh file nothing is sent, the due date goes by, and one message stands for what was missed."""
    life.declare("tienda", PORTFOLIO_YAML.replace("freshness_hours: 240", "freshness_hours: 36"))
    life.file("2026-11-24T11:00", "debts", {"due_date": "2026-11-27"})
    assert life.until("2026-11-24T12:00") == ["SENT"]

    assert set(life.until("2026-11-30T11:30")) == {"DEFERRED_STALE_DATA", "SKIPPED_STALE_DATA"}
    life.file("2026-11-30T11:40", "debts", {"due_date": "2026-11-27"})
    assert life.until("2026-12-01T02:00") == ["SENT"]

    assert [told.template for told in life.told] == ["recordatorio_previo", "saldo_vencido"]
    assert life.outcomes("2026-11-27") == {"F-1 0": "SKIPPED_STALE_DATA"}
    assert life.outcomes("2026-11-30") == {"F-1 3": "SENT", "F-1 0": "SKIPPED_SUPERSEDED"}


def test_a_couple_on_one_phone(life: Life) -> None:
    """Neither of two who owe reads what the other owes: each hears of their own once nobody else's is there."""
    life.declare("otra")
    life.file("2026-11-24T10:00", "debts", {"due_date": "2026-11-24"})
    life.file("2026-11-24T10:30", "debts", SECOND | {"due_date": "2026-11-24"}, portfolio="otra")
    assert life.until("2026-11-24T15:00") == ["SKIPPED_SHARED_PHONE"] * 2

    paid = {"payment_id": "P-1", "borrower_id": "C2", "amount": "80.00", "currency": "MXN"}
    life.file("2026-11-24T15:00", "payments", paid | {"paid_at": "2026-11-24T14:00"}, portfolio="otra")
    assert sorted(life.until("2026-11-26T00:00")) == ["SENT", "SKIPPED_PAID"]
    assert life.told == [Told(HOME, LUCIA, "saldo_vencido", "$1,234.50", "24 de noviembre de 2026")]
    assert life.outcomes("2026-11-24") == {"F-1 0": "SKIPPED_SHARED_PHONE"}

    life.file("2026-11-26T10:00", "debts", SECOND | {"debt_id": "F-3", "due_date": "2026-11-27"}, portfolio="otra")
    assert set(life.until("2026-11-27T12:00")) == {"SKIPPED_SHARED_PHONE"}
    moved = {"borrower_id": "C2", "action": "telefono", "phone": OWN, "source": "sucursal"}
    life.file("2026-11-27T12:00", "contacts", moved | {"at": "2026-11-27T11:30"}, portfolio="otra")
    assert life.until("2026-11-28T00:00") == ["SENT"]
    assert life.told[1:] == [Told(OWN, BRUNO, "vence_hoy", "$80.00", "27 de noviembre de 2026")]
    assert life.until("2026-12-01T00:00") == ["SENT", "SENT"]  # her look of Friday comes again on Monday
    assert sorted(life.told[2:]) == [
        Told(HOME, LUCIA, "saldo_vencido", "$1,234.50", "24 de noviembre de 2026"),
        Told(OWN, BRUNO, "saldo_vencido", "$80.00", "27 de noviembre de 2026"),
    ]


def test_a_couple_on_one_phone_of_whom_one_says_stop(life: Life) -> None:
    """Nobody knows which one: the phone is silent for both, and whoever has another one is reminded there."""
    due = {"due_date": "2026-11-24"}
    life.file("2026-11-24T10:00", "debts", due, SECOND | due)
    assert life.says("2026-11-24T11:00", "BAJA") == ["SKIPPED_OPTED_OUT"] * 2

    gave = {"phone": OWN, "consent_at": "2026-11-25T10:00:00-06:00"}
    life.file("2026-11-25T10:00", "debts", due, SECOND | due | gave)
    assert set(life.until("2026-12-05T00:00")) == {"SENT", "SKIPPED_OPTED_OUT"}
    assert {(told.to, told.name) for told in life.told} == {(OWN, BRUNO)}
    assert life.outcomes("2026-11-25").items() >= {"F-1 0": "SKIPPED_OPTED_OUT", "F-2 0": "SENT"}.items()


def test_three_debts_in_two_portfolios(life: Life) -> None:
    """One message, with one total for each currency; the oldest debt sets its step, and each portfolio's book
    knows of it."""
    life.declare("otra")
    dollars = {"debt_id": "F-2", "amount": "20.20", "currency": "USD", "due_date": "2026-11-23"}
    life.file("2026-11-24T10:00", "debts", {"amount": "1000.10", "due_date": "2026-11-20"}, dollars)
    other = {"debt_id": "G-1", "amount": "500.05", "due_date": "2026-11-23"}
    life.file("2026-11-24T10:30", "debts", other, portfolio="otra")
    assert life.until("2026-11-25T02:00") == ["SENT"]

    owed = "$1,500.15 y USD20.20 (3 conceptos)"
    due = "20 de noviembre de 2026 (la primera fecha)"
    assert life.told == [Told(HOME, LUCIA, "saldo_vencido", owed, due)]
    sent = {"F-1 3": "SENT", "F-2 0": "SENT"}
    assert life.outcomes("2026-11-24").items() >= sent.items()
    assert life.outcomes("2026-11-24", "otra")["G-1 0"] == "SENT"
    assert life.until("2026-11-25T23:00") == []


def test_a_promise_that_is_kept_in_part(life: Life) -> None:
    """Nobody asks while a promise may still be kept; once a later file shows that it was not, one message asks
    for exactly what is left."""
    life.file("2026-11-24T10:00", "debts", {"due_date": "2026-11-17"})
    promise = {"borrower_id": "C1", "debt_id": "F-1", "action": "promesa", "promise_amount": "600.00"}
    promise |= {"until": "2026-11-26", "at": "2026-11-24T10:15", "source": "call centre"}
    life.file("2026-11-24T10:30", "contacts", promise)
    assert life.until("2026-11-26T15:00") == ["SKIPPED_PROMISED"] * 3

    paid = {"payment_id": "P-1", "borrower_id": "C1", "debt_id": "F-1", "amount": "100.50", "currency": "MXN"}
    life.file("2026-11-26T15:00", "payments", paid | {"paid_at": "2026-11-26T14:00"})
    assert set(life.until("2026-12-01T08:00")) == {"SKIPPED_PROMISED"}
    life.file("2026-12-01T08:00", "debts", {"debt_id": "F-9", "due_date": "2027-03-01"})
    assert life.until("2026-12-01T12:00") == ["SENT"]
    assert life.told == [Told(HOME, LUCIA, "factura_vencida", "$1,134.00", "17 de noviembre de 2026")]
    assert life.outcomes("2026-11-30") == {"F-1 7": "SKIPPED_PROMISED"}

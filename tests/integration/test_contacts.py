"""What people say to the creditor's other desks holds at once, in any order, and no daily file lifts it."""

import json
from collections.abc import Callable
from itertools import islice, permutations
from typing import Any

import pytest

from cobranza.policy.portfolio import parse_portfolio
from cobranza.whatsapp.events import parse
from tests.integration.replies import queued
from tests.integration.rows import (
    apply,
    assert_survives_any_death,
    book,
    codes,
    interrupt,
    keys_of,
    refused,
    writes_of,
)
from tests.integration.world import PORTFOLIO_YAML, World, debts

type Drop = Callable[..., dict[str, Any]]

BEFORE = "2026-11-23T10:00:00-06:00"
SAID = {"borrower_id": "C1", "at": "2026-11-24T09:00:00-06:00", "source": "call centre"}
NEW_PHONE, OLD_PHONE = "+525555550109", "+525555550101"

pytestmark = [pytest.mark.usefixtures("portfolio"), pytest.mark.in_memory]


def load(drop: Drop, *rows: dict[str, str], as_of: str = BEFORE) -> None:
    assert drop("debts/tienda/a.csv", debts(*rows or ({},)), metadata={"as-of": as_of})["refused"] == 0


def told(world: World, action: str, **cells: str) -> dict[str, int]:
    return apply(world, "contacts", SAID | {"action": action} | cells).changes


def say(world: World, text: str, sender: str = "525555550101") -> None:
    message = {"id": f"wamid.{text}", "from": sender, "timestamp": str(int(world.now.timestamp()))}
    value = {"messages": [message | {"type": "text", "text": {"body": text}}]}
    body = {"entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}
    world.recorder.record(parse(json.dumps(body).encode()), world.now, "trace")


# What stops, stops what is queued already.


@pytest.mark.parametrize(
    ("kind", "stop", "lift"), [("contacts", "baja", "alta"), ("recalls", "vendida", "devuelta")]
)
def test_a_stop_counts_in_a_file_whose_dates_can_be_read_in_two_ways(
    world: World, drop: Drop, kind: str, stop: str, lift: str
) -> None:
    load(drop, {}, {"borrower_id": "C2", "phone": "+525555550102"})
    rows = f"C1,F-1,{stop},05/11/2026,call centre\nC2,F-1,{lift},05/11/2026,call centre\n"
    summary = drop(f"{kind}/tienda/said.csv", "borrower_id,debt_id,action,at,source\n" + rows)
    assert (summary["created"], summary["refused_by_code"], summary["error"]) == (1, {"BAD_DATE": 1}, None)
    assert "date_order: DMY | MDY" in summary["warnings"][-1]
    assert sorted(codes(world)) == ["SENT", "SKIPPED_OPTED_OUT" if kind == "contacts" else "SKIPPED_RECALLED"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"action": "baja"}, "OPTED_OUT"),
        ({"action": "equivocado"}, "WRONG_NUMBER"),
        ({"action": "disputa"}, "DISPUTED"),
        ({"action": "disputa", "debt_id": "F-1"}, "DISPUTED"),
        ({"action": "pausa", "until": "2026-11-24"}, "HELD"),
        ({"action": "pausa", "until": "2026-11-24", "debt_id": "F-1"}, "HELD"),
        ({"action": "canal", "channel": "correo"}, "OTHER_CHANNEL"),
        ({"consent": "no"}, "NO_CONSENT"),
        ({"action": "llamada"}, "FREQUENCY_CAP"),
        ({"action": "visita", "at": "2026-11-24"}, "FREQUENCY_CAP"),
        ({"action": "borrar"}, "OPTED_OUT"),
    ],
)
def test_what_stops_a_reminder_stops_one_that_is_queued(
    world: World, drop: Drop, row: dict[str, str], code: str
) -> None:
    load(drop)
    (reminder,) = world.tick()
    assert apply(world, "contacts", SAID | row).changes == {"created": 1}
    assert world.sender.remind(reminder, world.now).code == f"SKIPPED_{code}"
    assert world.whatsapp.sent == []


@pytest.mark.parametrize(
    ("stop", "lift"),
    [
        ({"action": "baja"}, {"action": "alta"}),
        ({"action": "equivocado"}, {"action": "telefono", "phone": NEW_PHONE}),
        ({"action": "disputa"}, {"action": "resuelta"}),
        ({"action": "disputa", "debt_id": "F-1"}, {"action": "resuelta", "debt_id": "F-1"}),
        ({"action": "pausa", "until": "2026-12-24"}, {"action": "liberar"}),
        ({"action": "canal", "channel": "correo"}, {"action": "canal", "channel": "whatsapp"}),
        ({"consent": "no"}, {"consent": "sí"}),
    ],
)
def test_a_later_word_lifts_a_stop_and_the_borrower_is_looked_at_today(
    world: World, drop: Drop, stop: dict[str, str], lift: dict[str, str]
) -> None:
    load(drop)
    apply(world, "contacts", SAID | stop | {"at": "2026-11-24T08:00:00-06:00"})
    (skipped,) = codes(world)
    assert skipped.startswith("SKIPPED_")
    assert codes(world) == []
    apply(world, "contacts", SAID | lift)
    assert codes(world) == ["SENT"]


def test_an_older_word_lifts_nothing(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "baja")
    assert told(world, "alta", at="2026-11-24T08:00:00-06:00") == {"created": 1}
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_of_one_day_the_stop_wins(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "alta", at="2026-11-24")
    told(world, "baja", at="2026-11-24")
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


@pytest.mark.parametrize("until", ["05/12/2026", "", "fin de mes", "2026-13-01"])
def test_a_hold_whose_last_day_cannot_be_read_lasts_until_it_is_released(
    world: World, drop: Drop, until: str
) -> None:
    load(drop)
    header = "borrower_id,action,at,source,until\n"
    summary = drop("contacts/tienda/said.csv", f"{header}C1,pausa,2026-11-23,call centre,{until}\n")
    assert (summary["created"], summary["refused"]) == (1, 0)
    assert summary["warnings"][-1].startswith("NO_LAST_DAY: ")
    assert summary["warnings"][-1].endswith(": 1")
    assert codes(world) == ["SKIPPED_HELD"]
    world.later(days=60)
    assert codes(world) == ["SKIPPED_HELD"]
    told(world, "liberar", at="2027-01-22")
    assert book(world).borrower.held_until is None


# Stops from WhatsApp.


def test_an_opt_in_lifts_what_the_borrower_said_on_whatsapp_before(world: World, drop: Drop) -> None:
    load(drop)
    say(world, "BAJA")
    for asked in queued(world):
        world.answers.answer(asked, world.now)
    world.later(hours=1)
    told(world, "alta", at="2026-11-24T11:30:00-06:00")
    assert book(world).borrower.opted_out_at is None
    assert codes(world) == ["SENT"]


def test_a_stop_after_the_opt_in_counts_although_there_was_one_before(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "alta", at="2026-11-24T10:30:00-06:00")
    say(world, "BAJA")
    assert book(world).borrower.opted_out_at == world.now
    world.later(minutes=10)
    told(world, "alta", at="2026-11-24T11:05:00-06:00")
    assert book(world).borrower.opted_out_at is None
    world.later(minutes=10)
    say(world, "baja")
    assert book(world).borrower.opted_out_at == world.now


def test_who_opted_in_stays_so_when_a_file_brings_them_back_to_the_stopped_phone(world: World, drop: Drop) -> None:
    load(drop)
    say(world, "BAJA")
    world.later(hours=1)
    told(world, "alta", at="2026-11-24T11:30:00-06:00")
    load(drop, {"phone": NEW_PHONE}, as_of="2026-11-24T11:40:00-06:00")
    load(drop, {}, as_of="2026-11-24T11:50:00-06:00")
    assert book(world).borrower.opted_out_at is None


def test_an_opt_in_is_of_one_person_and_not_of_who_shares_the_phone(world: World, drop: Drop) -> None:
    load(drop, {}, {"borrower_id": "C2"})
    say(world, "BAJA")
    world.later(hours=1)
    told(world, "alta", at="2026-11-24T11:30:00-06:00")
    load(drop, {"borrower_id": "C3"}, as_of="2026-11-24T11:40:00-06:00")
    stopped = {name: bool(book(world, name).borrower.opted_out_at) for name in ("C1", "C2", "C3")}
    assert stopped == {"C1": False, "C2": True, "C3": True}


# Phones.


def test_a_new_phone_is_where_messages_go_and_a_stop_from_it_counts(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "telefono", phone=NEW_PHONE)
    assert codes(world) == ["SENT"]
    assert world.whatsapp.sent[0]["to"] == NEW_PHONE
    say(world, "BAJA", sender=NEW_PHONE[1:])
    assert book(world).borrower.opted_out_at


def test_a_second_phone_gets_no_message_and_a_stop_from_it_counts(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "segundo telefono", phone=NEW_PHONE)
    assert book(world).borrower.phone == OLD_PHONE
    say(world, "BAJA", sender=NEW_PHONE[1:])
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


@pytest.mark.parametrize("action", ["telefono", "segundo telefono"])
def test_a_phone_whose_owner_has_stopped_brings_the_stop_along(world: World, drop: Drop, action: str) -> None:
    load(drop)
    say(world, "BAJA", sender=NEW_PHONE[1:])
    told(world, action, phone=NEW_PHONE)
    assert codes(world) == ["SKIPPED_OPTED_OUT"]


def test_a_phone_without_country_code_is_of_the_portfolios_only_country(world: World, drop: Drop) -> None:
    load(drop)
    assert refused(apply(world, "contacts", SAID | {"action": "telefono", "phone": "5555550109"})) == {
        2: "BAD_PHONE"
    }
    yaml = PORTFOLIO_YAML.replace("[MX, CO, BR]", "[MX]").encode()
    world.ledger.save_portfolio(parse_portfolio(yaml, "tienda"), world.now)
    assert told(world, "telefono", phone="5555550109") == {"created": 1}
    assert book(world).borrower.phone == NEW_PHONE


# The daily file lifts nothing.


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"action": "baja"}, "OPTED_OUT"),
        ({"action": "equivocado"}, "WRONG_NUMBER"),
        ({"action": "disputa", "debt_id": "F-1"}, "DISPUTED"),
        ({"action": "pausa", "until": "2026-12-31"}, "HELD"),
        ({"action": "canal", "channel": "carta"}, "OTHER_CHANNEL"),
        ({"consent": "no"}, "NO_CONSENT"),
        ({"action": "borrar"}, "OPTED_OUT"),
    ],
)
@pytest.mark.parametrize("kind", ["debts", "snapshots"])
def test_a_daily_file_lifts_nothing(world: World, drop: Drop, row: dict[str, str], code: str, kind: str) -> None:
    load(drop)
    apply(world, "contacts", SAID | row)
    tomorrow = {"name": "Lucía Nueva", "amount": "99.00", "phone": NEW_PHONE, "consent": "sí"}
    summary = drop(f"{kind}/tienda/b.csv", debts(tomorrow), metadata={"as-of": "2026-11-24T10:30:00-06:00"})
    assert summary["updated"] == 1
    assert codes(world) == [f"SKIPPED_{code}"]


def test_a_daily_file_that_repeats_the_old_phone_does_not_bring_it_back(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "telefono", phone=NEW_PHONE)
    load(drop, {"name": "Lucía Nueva"}, as_of="2026-11-24T10:00:00-06:00")
    assert (book(world).borrower.name, book(world).borrower.phone) == ("Lucía Nueva", NEW_PHONE)
    load(drop, {"phone": "+525555550108"}, as_of="2026-11-24T10:30:00-06:00")  # that one is news
    assert book(world).borrower.phone == "+525555550108"


def test_consent_that_was_given_after_the_withdrawal_counts_also_in_a_file(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "", consent="no")
    later = {"consent": "sí", "consent_at": "2026-11-24T10:00:00-06:00", "consent_source": "sucursal"}
    load(drop, later | {"consent_at": "2026-11-24T08:00:00-06:00"}, as_of="2026-11-24T10:10:00-06:00")
    assert book(world).borrower.consent is None
    load(drop, later, as_of="2026-11-24T10:20:00-06:00")
    consent = book(world).borrower.consent
    assert consent
    assert consent.source == "sucursal"


def test_consent_that_contacts_brought_survives_a_file_that_repeats_its_no(world: World, drop: Drop) -> None:
    load(drop, {"consent": "no"})
    told(world, "", consent="sí", consent_text="Sí quiero")
    load(drop, {"consent": "no", "name": "Lucía Nueva"}, as_of="2026-11-24T10:00:00-06:00")
    consent = book(world).borrower.consent
    assert consent
    assert (consent.text, consent.source) == ("Sí quiero", "call centre")
    load(drop, {"consent": "sí"}, as_of="2026-11-24T10:10:00-06:00")
    load(drop, {"consent": "no"}, as_of="2026-11-24T10:20:00-06:00")  # a new "no"
    assert book(world).borrower.consent is None


def test_who_agreed_elsewhere_is_no_longer_listed_as_without_consent(world: World, drop: Drop) -> None:
    silent = {"consent": ""}
    load(drop, silent)
    told(world, "", consent="sí")
    file = debts(silent, silent | {"borrower_id": "C2", "phone": NEW_PHONE})
    summary = drop("debts/tienda/b.csv", file, metadata={"as-of": "2026-11-24T10:00:00-06:00"})
    assert (summary["readiness"]["messageable"], summary["readiness"]["no_consent"]) == (1, 1)


# Strangers.


def test_only_a_stop_is_kept_of_who_is_no_borrower_yet(world: World, drop: Drop) -> None:
    rows = [
        SAID | {"action": "baja"},
        SAID | {"borrower_id": "C2", "action": "borrar"},
        SAID | {"borrower_id": "C3", "consent": "no"},
        SAID | {"borrower_id": "C4", "action": "liberar"},
        SAID | {"borrower_id": "C4", "action": "alta"},
        SAID | {"borrower_id": "C4", "action": "telefono", "phone": NEW_PHONE},
        SAID | {"borrower_id": "C1", "action": "alta", "at": "2026-11-24T10:00:00-06:00"},
    ]
    applied = apply(world, "contacts", *rows)
    assert applied.changes == {"created": 3}
    assert refused(applied) == dict.fromkeys((5, 6, 7, 8), "UNKNOWN_BORROWER")
    (warning,) = applied.warnings
    assert warning.startswith("UNKNOWN_BORROWER: ")
    assert warning.endswith(": 3")
    load(drop, *({"borrower_id": f"C{n}", "phone": f"+52555555010{n}"} for n in range(1, 5)))
    stopped = {"SKIPPED_OPTED_OUT": 2, "SKIPPED_NO_CONSENT": 1, "SENT": 1}
    found = codes(world)
    assert {code: found.count(code) for code in found} == stopped


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"action": "equivocado"}, "WRONG_NUMBER"),
        ({"action": "pausa", "until": "2027-01-01"}, "HELD"),
        ({"action": "pausa", "until": "2027-01-01", "debt_id": "F-1"}, "HELD"),
        ({"action": "disputa"}, "DISPUTED"),
        ({"action": "disputa", "debt_id": "F-1"}, "DISPUTED"),
        ({"action": "canal", "channel": "correo"}, "OTHER_CHANNEL"),
    ],
)
def test_what_stops_somebody_is_kept_although_it_comes_before_their_debts(
    world: World, drop: Drop, row: dict[str, str], code: str
) -> None:
    assert apply(world, "contacts", SAID | row).changes == {"created": 1}
    load(drop)
    assert codes(world) == [f"SKIPPED_{code}"]


def test_a_stop_under_a_mistyped_number_is_told(world: World, drop: Drop) -> None:
    load(drop, {"borrower_id": "00123"})
    header = "borrower_id,action,at,source\n"
    summary = drop("contacts/tienda/said.csv", f"{header}123,baja,2026-11-20,call centre\n")
    assert summary["created"] == 1
    (warning,) = summary["warnings"]
    assert warning.startswith("UNKNOWN_BORROWER: ")
    assert warning.endswith(": 1")


def test_of_a_debt_that_nobody_has_only_what_stops_is_kept(world: World, drop: Drop) -> None:
    load(drop)
    row = SAID | {"debt_id": "F-9", "until": "2026-12-01"}
    actions = ("disputa", "pausa", "resuelta", "liberar", "promesa")
    applied = apply(world, "contacts", *(row | {"action": action} for action in actions))
    assert refused(applied) == dict.fromkeys((4, 5, 6), "UNKNOWN_DEBT")
    (warning,) = applied.warnings
    assert warning.startswith("UNKNOWN_DEBT: ")
    assert warning.endswith(": 2")


def test_an_erasure_opens_one_case_for_a_person(world: World, drop: Drop) -> None:
    load(drop)
    for _ in range(2):
        told(world, "borrar")
    (case,) = world.cases.waiting("tienda")
    assert (case.borrowers, case.topic) == ((world.ref(),), "ERASE")
    assert book(world).borrower.channel == "none"


# Calls and visits.


def test_calls_count_for_thirty_days_and_are_then_forgotten(world: World, drop: Drop) -> None:
    load(drop)
    told(world, "llamada", at="2026-11-20T20:00:00-06:00")
    told(world, "visita", at="2026-11-21")
    assert [str(day) for day in book(world).touches] == ["2026-11-20", "2026-11-21"]
    assert told(world, "llamada", at="2026-10-20T20:00:00-06:00") == {"unchanged": 1}
    world.later(days=27)
    told(world, "llamada", at="2026-12-20T10:00:00-06:00")
    assert [str(day) for day in book(world).touches] == ["2026-11-21", "2026-12-20"]
    world.later(days=27)
    told(world, "llamada", at="2027-01-15T10:00:00-06:00")
    assert [str(day) for day in book(world).touches] == ["2026-12-20", "2027-01-15"]


# Once, in any order, whoever dies.

ROWS = [
    SAID | {"action": "baja", "at": "2026-11-24T08:00:00-06:00"},
    SAID | {"action": "alta", "at": "2026-11-24T08:30:00-06:00"},
    SAID | {"action": "telefono", "phone": NEW_PHONE},
    SAID | {"action": "disputa", "debt_id": "F-1", "at": "2026-11-24T09:30:00-06:00"},
    SAID | {"action": "resuelta", "debt_id": "F-1", "at": "2026-11-24T09:30:00-06:00", "consent": "sí"},
]


def test_files_in_any_order_end_in_the_same_book(world: World, drop: Drop) -> None:
    load(drop)
    before = world.kept()
    ends: list[Any] = []
    # Every seventh of all orders: each row stands before and after each other one in many of them.
    for order in islice(permutations(ROWS), 0, None, 7):
        world.restore(before)
        for row in order:
            assert apply(world, "contacts", row).changes == {"created": 1}
        kept = [
            {name: value for name, value in item.items() if name not in ("rev", "source")}
            for item in world.items()
        ]
        ends.append((book(world), kept))
    assert all(end == ends[0] for end in ends)
    borrower, (debt,) = ends[0][0].borrower, ends[0][0].debts
    assert (borrower.opted_out_at, borrower.phone, debt.disputed) == (None, NEW_PHONE, True)


def test_the_same_file_again_writes_nothing(world: World, drop: Drop) -> None:
    load(drop)
    rows = [*ROWS, SAID | {"action": "llamada"}, SAID | {"borrower_id": "C9", "action": "borrar"}]
    assert apply(world, "contacts", *rows).changes == {"created": 7}
    before = world.kept()
    assert writes_of(world, "contacts", *rows) == 0
    assert apply(world, "contacts", *rows).changes == {"unchanged": 7}
    assert world.kept() == before


def test_a_worker_that_dies_anywhere_leaves_nothing_half_said(world: World, drop: Drop) -> None:
    load(drop, {}, {"borrower_id": "C2", "phone": "+525555550102"})
    apply(world, "contacts", SAID | {"action": "baja", "at": "2026-11-24T07:00:00-06:00"})
    codes(world)  # looked at today, and not due again before tomorrow
    rows = [*ROWS[1:3], SAID | {"action": "pausa", "debt_id": "F-1", "until": "2026-12-01"}]
    assert_survives_any_death(world, "contacts", *rows, SAID | {"borrower_id": "C2", "action": "borrar"})


def test_two_who_speak_of_a_borrower_at_once_are_both_heard(
    world: World, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(drop)
    told(world, "baja")

    def meanwhile() -> None:
        told(world, "pausa", until="2026-12-01")

    interrupt(monkeypatch, meanwhile)
    assert told(world, "canal", channel="correo") == {"created": 1}
    borrower = book(world).borrower
    assert (str(borrower.held_until), borrower.channel) == ("2026-12-01", "email")
    assert borrower.opted_out_at


def test_no_key_names_anybody(world: World, drop: Drop) -> None:
    load(drop)
    apply(world, "contacts", SAID | {"action": "telefono", "phone": NEW_PHONE}, SAID | {"action": "borrar"})
    assert not any(word in keys_of(world) for word in ("C1", "5550101", "5550109"))

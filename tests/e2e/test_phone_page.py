"""The simulator's page in a browser, against the whole stack: what people do there is what the tables say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from local import drive
from local.stack import ACCESS_TOKEN, PHONE_NUMBER_ID, Stack
from tests.e2e.browser import NEEDED, Phones
from tests.e2e.steps import drop, fault, move_clock, say, states, todays

pytestmark = NEEDED

ANA, BRUNO = "+525555550971", "+573005550972"
PDF = b"%PDF-1.4\n% a receipt from this disk\n%%EOF\n"


def test_a_borrower_reads_answers_presses_pays_and_leaves(
    stack: Stack, today: datetime, phones: Phones, tmp_path: Path
) -> None:
    others = {f"X{number}": f"+5255555509{80 + number}" for number in range(4)}
    remind(stack, today, {"A1": ANA, "B1": BRUNO} | others)
    assert states(stack, today) == ["DELIVERED"] * 6
    phones.until(lambda: phones.unread(ANA) == "1", "an unread message")

    phones.open(ANA)
    phones.until(lambda: phones.ticks() == ["read"], "blue ticks")
    assert phones.colour("#bubbles .ticks", "stroke") == "rgb(29, 155, 209)"
    phones.until(lambda: not phones.unread(ANA), "nothing unread")
    settled(stack, lambda: sorted(states(stack, today)) == ["DELIVERED"] * 5 + ["READ"])

    phones.answer("Pago el *viernes*")
    phones.until_seen("#bubbles .mine strong", "viernes")
    settled(stack, lambda: [item["text"] for item in heard(stack)] == ["Pago el *viernes*"])

    phones.press("Ya pagué")
    phones.until_seen("#bubbles .mine blockquote", "Hola, Lucía Ejemplo")
    settled(stack, lambda: sorted(item["type"] for item in heard(stack)) == ["button", "text"])

    # Who was written to just now is answered seconds later, by another try.
    move_clock(stack, today + timedelta(minutes=5))
    phones.attach("photo")
    phones.until_seen("#bubbles .theirs", "todavía no confirma el pago")
    move_clock(stack, today + timedelta(minutes=10))
    file = tmp_path / "comprobante.pdf"
    file.write_bytes(PDF)
    phones.attach_file(file)
    phones.until_seen("#bubbles .mine .file", f"PDF · {len(PDF)} B")
    settled(
        stack, lambda: sorted(kept(stack, item)[:4] for item in receipts(stack)) == [PDF[:4], b"\xff\xd8\xff\xe0"]
    )
    assert [item["receipt"] for item in receipts(stack)] == ["TO_VERIFY", "TO_VERIFY"]
    assert PDF in [kept(stack, item) for item in receipts(stack)]
    phones.until(lambda: set(phones.ticks()) == {"read"}, "all to be read")

    phones.answer("BAJA")
    settled(stack, lambda: len(opted_out(stack)) == 1)
    phones.open(BRUNO)
    phones.until(lambda: phones.ticks() == ["read"], "the other phone to be untouched")


def test_a_fault_that_is_switched_on_fires_and_shows_as_refused(
    stack: Stack, today: datetime, phones: Phones
) -> None:
    phones.go("faults")
    phones.until_seen("#faults", "Nothing goes wrong.")
    phones.fill("#fault", kind="error", code="131026", count="1", to=ANA)
    phones.until_seen("#fault-rows", "131026")
    remind(stack, today, {"A1": ANA})
    (failed,) = todays(stack, today)
    assert (failed["state"], failed["reason"]["code"]) == ("FAILED", 131026)
    fired, left = 5, 6
    phones.until(lambda: phones.texts("#fault-rows td")[fired : left + 1] == ["1", "0"], "the fault to have fired")
    phones.find("#clear").click()
    phones.until_seen("#faults", "Nothing goes wrong.")

    phones.go("refused")
    phones.until_seen("#refused-codes li", "131026 × 1")
    (shown,) = phones.texts("#refused-rows tbody tr")
    assert ANA in shown
    assert "Message undeliverable" in shown


def test_a_message_that_fails_on_the_way_shows_its_code(stack: Stack, today: datetime, phones: Phones) -> None:
    fault(stack, "undeliverable", code=131026, count=1)
    remind(stack, today, {"A1": ANA})
    phones.open(ANA)
    phones.until(lambda: phones.ticks() == ["failed: 131026"], "the code")
    assert states(stack, today) == ["FAILED"]


def test_the_page_fits_a_narrow_screen_and_keeps_what_is_being_typed(
    stack: Stack, today: datetime, phones: Phones
) -> None:
    phones.resize(390, 800)
    remind(stack, today, {"A1": ANA, "B1": BRUNO})
    assert not phones.is_shown("#chat")
    assert not phones.is_wider_than_the_window()
    phones.open(ANA)
    assert not phones.is_shown("#chats")
    assert not phones.is_wider_than_the_window()
    phones.type("A medio escri")
    say(stack, ANA, text="Desde otro lado")
    phones.until_seen("#bubbles .mine", "Desde otro lado")
    assert phones.typed() == "A medio escri"
    phones.back()
    phones.open(BRUNO)
    assert phones.typed() == ""
    phones.back()
    phones.open(ANA)
    assert phones.typed() == "A medio escri"


def test_somebody_whom_nobody_wrote_to_can_write_first(stack: Stack, today: datetime, phones: Phones) -> None:
    phones.find("#number").send_keys("+52 1 55 5555 0979")
    phones.find("#start button").click()
    phones.until_seen("#chat-number", "+525555550979")
    phones.answer("<b>Hola</b>")
    phones.until_seen("#bubbles .mine", "<b>Hola</b>")
    settled(stack, lambda: len(heard(stack)) == 1)
    assert [item["text"] for item in heard(stack)] == ["<b>Hola</b>"]
    assert phones.texts("#bubbles b") == []  # shown as words, not as markup


def test_a_list_opens_and_a_row_can_be_chosen(stack: Stack, today: datetime, phones: Phones) -> None:
    say(stack, ANA, text="hola")
    rows = [{"id": "friday", "title": "Viernes", "description": "20 de noviembre"}, {"id": "no", "title": "Nunca"}]
    action = {"button": "Ver fechas", "sections": [{"rows": rows}]}
    send(stack, ANA, {"type": "list", "body": {"text": "Elija una fecha"}, "action": action})
    phones.open(ANA)
    phones.choose("Ver fechas", "Viernes")
    phones.until_seen("#bubbles .mine blockquote", "Elija una fecha")
    settled(stack, lambda: len(heard(stack)) == 2)
    assert {item["type"]: item["text"] for item in heard(stack)} == {"text": "hola", "interactive": "Viernes"}


def send(stack: Stack, to: str, interactive: dict[str, Any]) -> None:
    """What our own functions do not send yet."""
    body = {"messaging_product": "whatsapp", "to": to, "type": "interactive", "interactive": interactive}
    url = f"{stack.simulator_url}/v25.0/{PHONE_NUMBER_ID}/messages"
    headers = {"Authorization": f"Bearer {ACCESS_TOKEN}"}
    requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()


def remind(stack: Stack, today: datetime, people: dict[str, str]) -> None:
    drop(stack, today - timedelta(days=3), people)
    assert drive.tick(stack) == len(people)
    drive.settle(stack)


def settled(stack: Stack, condition: Callable[[], bool]) -> None:
    """Waits until all that was said on the page is in the tables, as the condition wants it."""
    drive.settle(stack)
    drive.wait_until(condition, "the ledger to agree with the page", 60)


def heard(stack: Stack) -> list[dict[str, Any]]:
    """What borrowers said, in no order: Meta tells whole seconds."""
    return [item for item in drive.items(stack, "ledger") if item.get("direction") == "in"]


def receipts(stack: Stack) -> list[dict[str, Any]]:
    return [item for item in heard(stack) if "receipt" in item]


def kept(stack: Stack, receipt: dict[str, Any]) -> bytes:
    return drive.read_object(stack, "receipts", receipt.get("object", "none")) or b""


def opted_out(stack: Stack) -> list[dict[str, Any]]:
    profiles = (item for item in drive.items(stack, "ledger") if item["sk"] == "PROFILE")
    return [profile for profile in profiles if "opted_out_at" in profile]

"""Who asks what is kept of them reads all of it, and nothing of anybody else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cobranza.whatsapp.events import parse as read
from local import personal
from tests.integration.place import cobranza, stand
from tests.integration.receipts import desk, send_pictures
from tests.integration.replies import PHONE, say
from tests.integration.test_erase import BRUNO, OWN, erase, live
from tests.integration.world import World, debts

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _place(world: World, portfolio: None, monkeypatch: pytest.MonkeyPatch) -> None:
    world.s3.create_bucket(Bucket="receipts")
    stand(world, monkeypatch)


@pytest.fixture
def lived(world: World, drop: Drop, portfolio: None) -> None:
    live(world, drop)


def exported(folder: Path, whom: str) -> dict[str, Any]:
    file = folder / "told.json"
    result = cobranza("export", whom, "--to", str(file))
    assert result.exit_code == 0, result.output
    return json.loads(file.read_text())


def wrote(told: dict[str, Any]) -> list[str]:
    return [word["text"] for word in told["words"] if word.get("direction") == "in"]


@pytest.mark.usefixtures("lived")
def test_all_that_is_kept_of_a_person_is_written_for_them(world: World, tmp_path: Any) -> None:
    file = tmp_path / "c1.json"
    assert cobranza("export", "C1", "--portfolio", "tienda", "--to", str(file)).exit_code == 0
    told = json.loads(file.read_text())
    (profile,) = told["profile"]
    assert (profile["name"], profile["phone"], profile["consent"]["text"]) == (
        "Lucía Ejemplo",
        "+525555550101",
        "Acepto recibir recordatorios de pago por WhatsApp",
    )
    assert [debt["amount"] for debt in told["debts"]] == ["1234.50"]
    words = [each["text"] for each in told["words"] if each.get("text")]
    assert "pago el viernes" in words
    assert "hola, quién es?" in words
    assert any("le escribe Muebles Aurora" in text for text in words)
    assert [each["payment_id"] for each in told["payments"]] == ["tx-1"]
    assert len(told["receipts"]) == 1
    assert told["said"][-1]["phone"][1] == "+525555550109"
    assert {each["topic"] for each in told["cases"]} >= {"DISPUTE"}
    assert {line["event"] for line in told["journal"]} >= {
        "outcome",
        "reply",
        "payment.applied",
        "promise",
        "receipt",
    }
    assert "Bruno" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("lived")
def test_one_portfolio_is_told_nothing_of_another(world: World, tmp_path: Any) -> None:
    debt = {"portfolio": "otra", "debt_id": "G-1", "amount": "9.00"}
    world.table.put({"pk": f"B#{world.ref()}", "sk": "DEBT#otra#G-1#", **debt})
    world.journal.append(f"B#{world.ref()}", world.now, "call", "G-1", {"portfolio": "otra"})
    told: list[set[str]] = []
    for portfolio in ("tienda", "otra", ""):
        file = tmp_path / f"{portfolio}.json"
        assert cobranza("export", "C1", "--portfolio", portfolio, "--to", str(file)).exit_code == 0
        told.append({debt["debt_id"] for debt in json.loads(file.read_text())["debts"]})
        assert ("G-1" in file.read_text()) == (portfolio != "tienda")
    assert told == [{"F-1"}, {"G-1"}, {"F-1", "G-1"}]


@pytest.mark.usefixtures("lived")
def test_of_who_was_erased_the_journal_alone_is_left_to_tell(world: World, tmp_path: Any) -> None:
    erase(world)
    file = tmp_path / "c1.json"
    assert cobranza("export", "C1", "--to", str(file)).exit_code == 0
    told = json.loads(file.read_text())
    assert {name for name, part in told.items() if isinstance(part, list) and part} == {"journal"}
    assert personal.find(file.read_text()) == []
    assert cobranza("export", "C9", "--to", str(file)).exit_code == 1


# Two borrowers with one phone.


@pytest.fixture
def couple(world: World, drop: Drop, portfolio: None) -> None:
    """C1 and C2 have one phone. She wrote before his file came; since then nobody knows who of them does."""
    drop("debts/tienda/a.csv", debts({}))
    say(world, "pago el viernes")
    world.later(minutes=1)
    drop("debts/tienda/b.csv", debts(BRUNO | {"phone": f"+{PHONE}"}))
    say(world, "me están acosando, los voy a denunciar")
    world.later(minutes=1)
    for asked in send_pictures(world, PHONE):
        desk(world).fetch(asked, world.now)


@pytest.mark.usefixtures("couple")
def test_what_was_said_at_a_phone_of_two_is_told_to_neither_and_counted(tmp_path: Path) -> None:
    hers, his = exported(tmp_path, "C1"), exported(tmp_path, "C2")
    assert (wrote(hers), wrote(his)) == (["pago el viernes"], [])
    assert (hers["receipts"], his["receipts"]) == ([], [])
    assert [each["left_out"] for each in (hers, his)] == [{"words_of_several": 2}] * 2
    assert "acosando" not in json.dumps([hers, his])


@pytest.mark.usefixtures("couple")
def test_a_case_of_two_is_told_to_each_without_the_other(world: World, tmp_path: Path) -> None:
    for mine, debt, other, others_debt in (("C1", "F-1", "C2", "F-2"), ("C2", "F-2", "C1", "F-1")):
        told = exported(tmp_path, mine)
        shared = [case for case in told["cases"] if case.get("is_shared")]
        assert [(case["borrowers"], case["debts"]) for case in shared] == [
            ([world.ref(mine)], [f"tienda#{debt}#"])
        ]
        text = json.dumps(told)
        assert world.ref(other) not in text
        assert f"tienda#{others_debt}#" not in text


@pytest.mark.usefixtures("lived")
def test_of_what_nobody_could_read_and_may_name_anybody_it_is_told_that_it_is_there(
    world: World, tmp_path: Path
) -> None:
    body = f'{{"entry": [{{"from": "{PHONE}"}}, {{"from": "{OWN}"'.encode()
    world.recorder.record(read(body), world.now, "trace")
    told = exported(tmp_path, "C1")
    assert "NEWS#unreadable" in {each["pk"] for each in told["other"]}
    assert OWN not in json.dumps(told)


# Who is no borrower.


def test_who_is_no_borrower_is_told_what_they_wrote_by_their_phone(world: World, tmp_path: Path) -> None:
    say(world, "¿quién es?", sender="5215555550155")
    say(world, "otra persona", sender="5215555550156")
    for phone in ("+525555550155", "+52 1 55 5555 0155"):
        told = exported(tmp_path, phone)
        assert wrote(told) == ["¿quién es?"]
        assert {line["event"] for line in told["journal"]} == {"reply", "answer", "case.opened"}
    assert cobranza("export", "+525555550199", "--to", str(tmp_path / "x.json")).exit_code == 1


@pytest.mark.usefixtures("lived")
def test_a_borrowers_phone_tells_whose_number_to_give(tmp_path: Path) -> None:
    result = cobranza("export", "+525555550109", "--to", str(tmp_path / "x.json"))
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "a borrower has this phone: give the number C1" in result.output


def test_who_has_a_wrong_number_is_told_what_they_wrote_since_and_nothing_of_the_borrower(
    world: World, drop: Drop, tmp_path: Path
) -> None:
    drop("debts/tienda/a.csv", debts({}))
    say(world, "hola")
    world.later(minutes=1)
    say(world, "número equivocado")
    world.later(minutes=1)
    say(world, "no me escriban más por favor")
    told = exported(tmp_path, f"+{PHONE}")
    assert wrote(told) == ["número equivocado", "no me escriban más por favor"]
    assert world.ref() not in json.dumps(told)

"""A reply's way: told by the webhook, understood, kept and answered once; nobody is reminded meanwhile."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cobranza.errors import MissingSetting
from cobranza.flows.say_once import TryLater
from cobranza.policy.portfolio import parse_portfolio
from cobranza.queues import REPLIES_RECEIVED, ReplyToAnswer
from cobranza.store.table import utc
from cobranza.whatsapp.client import Answer, Refused, Unclear
from cobranza.whatsapp.errors import Action, ProviderError
from tests.integration.fakes import FakeContext
from tests.integration.replies import Drop, ask, cases, lines, queued, say, texts
from tests.integration.rows import apply, book, codes, refused, results
from tests.integration.world import PORTFOLIO_YAML, World, debts, function

pytestmark = pytest.mark.in_memory


@pytest.fixture(autouse=True)
def _a_borrower(world: World, drop: Drop, portfolio: None) -> None:
    world.begin("a borrower", lambda: drop("debts/tienda/a.csv", debts({})))


# What a strategy may ask for later.


def test_what_somebody_writes_leaves_a_tag_until_a_file_takes_it_away(world: World) -> None:
    say(world, "tengo un problema, quiero hablar con una persona")
    assert tags(world) == ("pide_persona", "problema")
    row = {"borrower_id": "C1", "action": "quitar etiqueta", "text": "Problema", "source": "mesa"}
    world.now += timedelta(minutes=1)
    assert refused(apply(world, "contacts", row | {"at": world.now.isoformat()})) == {}
    assert tags(world) == ("pide_persona",)
    assert "tag" in lines(world)


def tags(world: World) -> tuple[str, ...]:
    loaded = world.ledger.load(world.ref())
    assert loaded
    return loaded.book.borrower.tags


# What is owed.


@pytest.mark.parametrize("text", ["SALDO", "ESTADO", "cuánto debo?", "link de pago"])
def test_who_asks_is_told_the_exact_figure_the_date_and_the_link(world: World, text: str) -> None:
    assert say(world, text) == "OWED"
    (told,) = texts(world)
    assert told.splitlines() == [
        "Respuesta automática. Esto es lo que tenemos pendiente:",
        "F-1: $1,234.50, fecha de pago 24 de noviembre de 2026",
        "Pague aquí: https://pagos.example.com/f1",
    ]


def test_currencies_are_never_added_up(world: World, drop: Drop) -> None:
    other = {"debt_id": "F-2", "amount": "10", "due_date": "2026-12-01"}
    drop("debts/tienda/b.csv", debts(other, other | {"debt_id": "F-3", "currency": "USD"}))
    say(world, "SALDO")
    assert "Total: $1,244.50 y USD" in texts(world)[0]


def test_without_a_link_the_portfolios_own_words_tell_how_to_pay(world: World, drop: Drop) -> None:
    told = parse_portfolio((PORTFOLIO_YAML + "pay_options: [Banco Ejemplo 123]\n").encode(), "tienda")
    world.ledger.save_portfolio(told, world.now)
    drop("debts/tienda/b.csv", debts({"payment_url": ""}))
    say(world, "PAGAR")
    assert texts(world)[0].splitlines()[-1] == "Puede pagar así: Banco Ejemplo 123 (referencia F-1)"


def test_a_link_that_leads_elsewhere_is_not_repeated(world: World) -> None:
    told = PORTFOLIO_YAML.replace("https://pagos.example.com/", "https://otra.example.com/")
    world.ledger.save_portfolio(parse_portfolio(told.encode(), "tienda"), world.now)
    say(world, "PAGAR")
    assert "http" not in texts(world)[0]


def test_of_a_debt_that_the_creditor_took_back_no_figure_is_told(world: World) -> None:
    at = (world.now - timedelta(hours=1)).isoformat()
    apply(world, "recalls", {"borrower_id": "C1", "debt_id": "F-1", "action": "sold", "at": at})
    assert say(world, "SALDO") == "RECALLED"
    assert texts(world) == [
        "Respuesta automática. Esa cuenta ya no la gestionamos por este medio; le atiende una persona."
    ]
    assert cases(world) == ["RECALLED"]


def test_what_was_paid_between_the_question_and_the_answer_is_not_asked_for(world: World) -> None:
    world.later(minutes=5)
    asked = ask(world, "SALDO")
    paid = {"payment_id": "P1", "borrower_id": "C1", "debt_id": "F-1", "amount": "1234.50", "currency": "MXN"}
    apply(world, "payments", paid | {"paid_at": world.now.isoformat()})
    assert world.answers.answer(asked, world.now) == "NOTHING_OWED"


def test_amounts_go_to_nobody_of_whom_it_is_not_known_who_answers(world: World) -> None:
    told = PORTFOLIO_YAML.replace("numbers_given_by_borrower: [solicitud, sucursal]", "")
    world.ledger.save_portfolio(parse_portfolio(told.encode(), "tienda"), world.now)
    assert [say(world, text) for text in ("SALDO", "pago el viernes")] == ["NOT_IDENTIFIED", "KEPT"]
    assert not any(character.isdigit() for told in texts(world) for character in told)
    assert cases(world) == ["NOT_IDENTIFIED"] * 2


# Once.


def test_a_message_is_answered_once_however_often_it_comes(world: World) -> None:
    asked = ask(world, "SALDO")
    assert world.answers.answer(asked, world.now) == "OWED"
    assert ask(world, "SALDO") == asked
    assert world.answers.answer(asked, world.now) == "DONE"
    assert len(texts(world)) == 1


def test_the_first_answer_alone_says_that_a_machine_gives_it(world: World) -> None:
    say(world, "SALDO")
    say(world, "ya pagué")
    assert [text.startswith("Respuesta automática.") for text in texts(world)] == [True, False]


def test_after_the_service_window_nothing_is_said_and_all_is_kept(world: World) -> None:
    asked = ask(world, "no reconozco esa deuda")
    assert world.answers.answer(asked, world.now + timedelta(hours=24)) == "KEPT"
    assert texts(world) == []
    assert cases(world) == ["DISPUTE"]


def test_without_a_token_nothing_is_claimed(world: World) -> None:
    class NoToken:
        def access_token(self) -> str:
            raise MissingSetting("none")

    asked = ask(world, "SALDO")
    whatsapp = NoToken()
    desk = replace(world.answers, whatsapp=whatsapp)  # pyright: ignore[reportArgumentType]
    with pytest.raises(MissingSetting):
        desk.answer(asked, world.now)
    assert world.answers.answer(asked, world.now) == "OWED"


@pytest.mark.parametrize(("phones", "answers"), [(frozenset({"+525555550101"}), 1), (frozenset[str](), 0)])
def test_a_stack_for_tests_answers_the_phones_on_its_list_alone(
    world: World, phones: frozenset[str], answers: int
) -> None:
    came = replace(world.answers, only_to=phones).answer(ask(world, "SALDO"), world.now)
    assert (came, len(texts(world))) == ("OWED" if answers else "TEST_STAGE", answers)


def test_the_queue_carries_references_alone(world: World) -> None:
    asked = ask(world, "SALDO")
    assert asked == ReplyToAnswer(world.ref(), asked.event, "trace", utc(world.now))
    assert "wamid" not in asked.event


# Stops.


def test_a_stop_is_confirmed_once_and_tells_how_to_come_back(world: World) -> None:
    assert say(world, "BAJA") == "STOPPED"
    assert say(world, "BAJA", wamid="wamid.again") == "KEPT"
    (told,) = texts(world)
    assert "ALTA" in told


def test_a_stop_on_another_day_is_confirmed_again(world: World) -> None:
    say(world, "BAJA")
    world.later(days=1)
    assert say(world, "BAJA", wamid="wamid.again") == "STOPPED"


def test_a_stop_that_says_more_is_confirmed_once_as_well(world: World) -> None:
    assert say(world, "No por WhatsApp") == "STOPPED"
    assert say(world, "BAJA") == "KEPT"
    assert cases(world) == ["CHANNEL"]


def test_what_was_asked_before_a_stop_is_not_answered_after_it(world: World) -> None:
    asked = ask(world, "SALDO")
    world.later(minutes=1)
    say(world, "BAJA")
    assert world.answers.answer(asked, world.now) == "KEPT"
    assert len(texts(world)) == 1


# In the borrower's words, and when WhatsApp does not take them.


@pytest.mark.parametrize(
    ("country", "phone", "language", "words"),
    [
        ("BR", "+5511955550101", "pt-BR", "Resposta automática. Isto é o que temos em aberto:"),
        ("MX", "+525555550102", "es-AR", "Respuesta automática. Esto es lo que tenemos pendiente:"),
        ("MX", "+525555550102", "en", "Automatic reply. This is what is open:"),
    ],
)
def test_an_answer_is_in_the_borrowers_language(
    world: World, drop: Drop, country: str, phone: str, language: str, words: str
) -> None:
    drop(
        "debts/tienda/b.csv",
        debts({"borrower_id": "C2", "country": country, "phone": phone, "language": language}),
    )
    assert say(world, "SALDO", sender=phone[1:]) == "OWED"
    assert texts(world)[0].splitlines()[0] == words


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Refused(Action.GIVE_UP, ProviderError(131026, "Undeliverable", "")), "FAILED_131026"),
        (Unclear(ProviderError(0, "Timed out", "")), "UNKNOWN"),
    ],
)
def test_what_whatsapp_did_not_take_is_noted_and_not_said_again(world: World, answer: Answer, state: str) -> None:
    world.whatsapp.answers.append(answer)
    asked = ask(world, "SALDO")
    assert [world.answers.answer(asked, world.now) for _ in range(2)] == ["OWED", "DONE"]
    assert texts(world) == []
    assert (world.conversations.inbound(asked.borrower, asked.event) or {})["answer_state"] == state
    (line,) = [item for item in world.items("journal") if item["event"] == "answer"]
    assert (line["code"], line["type"]) == (state, "OWED")


def test_what_whatsapp_surely_did_not_take_is_said_a_little_later(world: World) -> None:
    too_fast = ProviderError(131056, "Pair rate limit hit", "")
    world.whatsapp.answers.append(Refused(Action.RETRY, too_fast, 6))
    asked = ask(world, "pago el viernes")
    with pytest.raises(TryLater):
        world.answers.answer(asked, world.now)
    assert world.answers.answer(asked, world.now) == "PROMISED"
    assert world.answers.answer(asked, world.now) == "DONE"
    (told,) = texts(world)
    assert told.startswith("Respuesta automática.")
    assert len(world.item("STANDING")["promises"]) == 1


# The function.


def test_a_reply_that_fails_comes_back_alone(world: World) -> None:
    answer = function("answer")
    asked = ask(world, "SALDO")
    bodies = ["{", json.dumps({"borrower": asked.borrower, "event": asked.event, "trace": "t", "v": 1})]
    world.replies.put([asked])
    (message,) = world.sqs.receive_message(QueueUrl=world.replies_url)["Messages"]
    records = [
        {"messageId": str(n), "receiptHandle": message["ReceiptHandle"], "body": body, **_received(1)}
        for n, body in enumerate(bodies)
    ]
    deps = answer.Deps(world.answers, world.replies, world.clock)
    assert answer.handler({"Records": records}, FakeContext(), deps=deps) == {
        "batchItemFailures": [{"itemIdentifier": "0"}]
    }
    assert len(texts(world)) == 1
    assert queued(world) == []


@pytest.mark.parametrize(("times", "topics"), [(REPLIES_RECEIVED - 1, []), (REPLIES_RECEIVED, ["UNANSWERED"])])
def test_a_person_reads_a_reply_before_it_is_a_dead_letter(world: World, times: int, topics: list[str]) -> None:
    answer, asked = function("answer"), ask(world, "SALDO")
    world.whatsapp.answers.append(Refused(Action.RETRY, ProviderError(131056, "Pair rate limit hit", ""), 6))
    world.replies.put([asked])
    (message,) = world.sqs.receive_message(QueueUrl=world.replies_url)["Messages"]
    record = {"messageId": "1", "receiptHandle": message["ReceiptHandle"], "body": message["Body"]}
    deps = answer.Deps(world.answers, world.replies, world.clock)
    told = answer.handler({"Records": [record | _received(times)]}, FakeContext(), deps=deps)
    assert told == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert cases(world) == topics
    told = [item["code"] for item in world.items("journal") if item["event"] == "case.opened"]
    assert told == topics
    world.later(minutes=30)
    assert codes(world) == ["SKIPPED_OPEN_CASE" if topics else "DEFERRED_JUST_HEARD"]


def test_what_a_try_that_died_may_have_said_is_not_said_again_and_a_person_reads_it(world: World) -> None:
    asked = ask(world, "SALDO")
    assert world.conversations.claim_answer(asked.borrower, asked.event, world.now, {"answer": "OWED"})
    with pytest.raises(TryLater):
        world.answers.answer(asked, world.now + timedelta(seconds=29))
    world.later(seconds=30)
    assert [world.answers.answer(asked, world.now) for _ in range(2)] == ["DONE", "DONE"]
    assert (texts(world), cases(world)) == ([], ["UNANSWERED"])
    assert codes(world) == ["SKIPPED_OPEN_CASE"]
    (line,) = [item for item in world.items("journal") if item["event"] == "answer"]
    assert (line["code"], line["type"]) == ("UNKNOWN", "OWED")


def test_what_may_have_been_said_is_given_up_to_a_person_as_well(world: World) -> None:
    asked = ask(world, "SALDO")
    assert world.conversations.claim_answer(asked.borrower, asked.event, world.now, {"answer": "OWED"})
    world.answers.give_up(asked, world.now)
    assert cases(world) == ["UNANSWERED"]


def test_who_was_answered_meanwhile_is_not_given_up(world: World) -> None:
    asked = ask(world, "SALDO")
    world.answers.answer(asked, world.now)
    world.answers.give_up(asked, world.now)
    assert cases(world) == []


def _received(times: int) -> dict[str, dict[str, str]]:
    return {"attributes": {"ApproximateReceiveCount": str(times)}}


# Another way.


@pytest.mark.parametrize("text", ["no me llamen más", "dejen de llamarme", "no me llamen, escriban por acá"])
def test_who_wants_no_calls_is_not_taken_to_want_one(world: World, text: str) -> None:
    assert say(world, text) == "LOOKED_INTO"
    assert cases(world) == ["CHANNEL"]
    assert "channel" not in world.item("STANDING")


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("llámenme", "call"),
        ("mejor por correo", "email"),
        ("prefiero un sms", "sms"),
        ("no me llamen, mándenme una carta", "letter"),
        ("prefiro por email", "email"),
        ("call me", "call"),
        ("by email please", "email"),
    ],
)
def test_the_way_that_was_asked_for_is_kept_and_told(world: World, text: str, channel: str) -> None:
    assert say(world, text) == "OTHER_CHANNEL"
    assert book(world).borrower.channel == channel
    (line,) = [item for item in world.items("journal") if item["event"] == "channel"]
    assert line["to"] == channel
    world.later(days=1)
    list(world.reports.close_days(world.now))
    assert [row["channel"] for row in results(world, "book/dt=2026-11-24/book.csv")] == [channel]


# What a machine answers alone.


def test_the_share_of_replies_that_no_person_had_to_see_is_told_of_the_day(world: World) -> None:
    for text in ("SALDO", "gracias", "no reconozco esa deuda"):
        say(world, text)
        world.later(minutes=1)
    world.later(days=1)
    list(world.reports.close_days(world.now))
    key = "results/tienda/interactions/dt=2026-11-24/summary.json"
    told = json.loads(world.s3.get_object(Bucket="inbox", Key=key)["Body"].read())
    assert told == {
        "v": 1,
        "portfolio": "tienda",
        "day": "2026-11-24",
        "replies": 3,
        "cases": 1,
        "share_without_person": "0.667",
    }

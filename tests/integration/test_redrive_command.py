"""`cobranza redrive`: each dead letter says why it is there, goes back once, and messages nobody twice."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from cobranza.queues import Reminder
from cobranza.store.conversations import Inbound
from cobranza.store.keys import event_key
from cobranza_cli import app, letters, queues, redrive
from tests.integration.place import PlaceWithFunctions
from tests.integration.world import World, debts

type Drop = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.usefixtures("portfolio", "dead")


@dataclass
class Functions:
    """Lambda, which keeps what it was asked to run."""

    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def invoke(self, **asked: Any) -> None:
        self.runs.append(asked)


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def dead(world: World, functions: Functions, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The queues of dead letters, by the queue that they are of."""
    urls = {name: world.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"] for name in queues.GIVEN_UP}
    live = {"files": world.files_url, "reminders": world.queue_url, "media": world.media_url}
    live["replies"] = world.replies_url
    outputs = {"Ledger": "ledger", "Journal": "journal", "Inbox": "inbox", "Reports": "cobranza-Reports-1"}
    outputs |= {f"{name.title()}DeadLettersUrl": url for name, url in urls.items()}
    outputs |= {f"{name.title()}QueueUrl": url for name, url in live.items()}
    monkeypatch.setattr(app.Where, "place", lambda _: PlaceWithFunctions(outputs, {}, world, functions))
    monkeypatch.setattr(redrive, "LOOKS", 0)
    monkeypatch.setattr(app, "console", Console(highlight=False, width=250))
    return urls


def put(world: World, url: str, body: Any, **attributes: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    told = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    world.sqs.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=told)


def waiting(world: World, url: str) -> list[dict[str, Any]]:
    answer = world.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )
    return answer.get("Messages", [])


def run(*words: str) -> Result:
    return CliRunner().invoke(app.app, ["redrive", *words])


def told(*words: str) -> dict[str, Any]:
    return json.loads(run(*words, "--json").stdout)


@pytest.fixture
def reminder(world: World, drop: Drop) -> Reminder:
    """Of a borrower who is due: nobody has looked yet."""
    drop("debts/tienda/a.csv", debts({}))
    (reminder,) = world.tick()
    return reminder


def test_what_is_told_stays_where_it_is(world: World, dead: dict[str, str], reminder: Reminder) -> None:
    put(world, dead["reminders"], asdict(reminder))
    found = told("reminders")
    (letter,) = found["letters"]
    assert (found["sent"], letter["is_sent"], letter["subject"]) == (0, False, reminder.borrower)
    assert letter["why"][0].startswith("its lease is still held")
    assert letter["why"][-1] == "no look of it ended: the log of send has its trace"
    assert len(waiting(world, dead["reminders"])) == 1
    assert waiting(world, world.queue_url) == []


def test_a_reminder_goes_back_and_is_sent_once_however_often(
    world: World, dead: dict[str, str], reminder: Reminder
) -> None:
    put(world, dead["reminders"], asdict(reminder))
    put(world, dead["reminders"], asdict(reminder))
    result = run("reminders", "--yes")
    assert result.exit_code == 0, result.output
    assert waiting(world, dead["reminders"]) == []
    outcomes = [world.sender.remind(each, world.now).code for each in world.received()]
    assert len(outcomes) == 2
    assert len(world.whatsapp.sent) == 1
    put(world, dead["reminders"], asdict(reminder))
    assert run("reminders", "--yes").exit_code == 0
    for each in world.received():
        world.sender.remind(each, world.now)
    assert len(world.whatsapp.sent) == 1


def test_who_was_written_to_meanwhile_is_told_so(world: World, dead: dict[str, str], reminder: Reminder) -> None:
    assert world.sender.remind(reminder, world.now).code == "SENT"
    put(world, dead["reminders"], asdict(reminder))
    (letter,) = told("reminders")["letters"]
    assert any(why.startswith("its tick noted SENT at ") for why in letter["why"])
    assert any("was queued anew: it will be let go" in why for why in letter["why"])
    assert any(why.startswith("the message of 2026-11-24 is ") for why in letter["why"])


def test_what_was_sent_back_once_is_not_sent_again_in_silence(
    world: World, dead: dict[str, str], reminder: Reminder
) -> None:
    put(world, dead["reminders"], asdict(reminder))
    assert run("reminders", "--yes").exit_code == 0
    (back,) = waiting(world, world.queue_url)
    moment = back["MessageAttributes"][letters.REDRIVEN]["StringValue"]
    put(world, dead["reminders"], back["Body"], redriven=moment)  # as SQS moves it
    world.received()
    again = run("reminders", "--yes")
    assert again.exit_code == 1
    assert "--again" in again.stdout
    assert waiting(world, world.queue_url) == []
    assert run("reminders", "--yes", "--again").exit_code == 0
    assert len(waiting(world, world.queue_url)) == 1
    assert waiting(world, dead["reminders"]) == []


def test_no_more_than_asked_for_are_sent_back(world: World, dead: dict[str, str], reminder: Reminder) -> None:
    for _ in range(12):
        put(world, dead["reminders"], asdict(reminder))
    assert told("reminders", "--yes", "--most", "11")["sent"] == 11
    assert len(waiting(world, dead["reminders"])) == 1


def test_a_file_tells_how_far_its_import_is(world: World, dead: dict[str, str], drop: Drop) -> None:
    drop("debts/tienda/a.csv", debts({}))
    body = {"v": 1, "bucket": "inbox", "version": ""}
    put(world, dead["files"], body | {"key": "debts/tienda/a.csv"})
    put(world, dead["files"], body | {"key": "debts/tienda/b.csv"})
    put(world, dead["files"], {"v": 1, "bucket": "inbox", "part": "tienda/an-import/3"})
    letters = {each["subject"]: each["why"] for each in told("files")["letters"]}
    assert letters == {
        "debts/tienda/a.csv": ["its import is DONE: 1 of 1 parts"],
        "debts/tienda/b.csv": ["no import of it has begun: the log of ingest has the reason"],
        "tienda/an-import/3": ["its import is not known any more: drop the file again"],
    }


ORDER = {
    "requestPayload": {"bucket": "inbox", "key": "control/all/PAUSE"},
    "requestContext": {"condition": "RetriesExhausted"},
}


def test_an_order_that_was_given_up_cannot_go_back(world: World, dead: dict[str, str]) -> None:
    put(world, dead["files"], ORDER)
    found = told("files", "--yes")
    (letter,) = found["letters"]
    assert (found["sent"], letter["subject"], letter["can_go"]) == (0, "control/all/PAUSE", False)
    assert letter["why"][0] == "it came past the queue, and ended with RetriesExhausted"
    assert run("files", "--yes").exit_code == 1
    assert len(waiting(world, dead["files"])) == 1


def test_a_letter_that_cannot_go_is_taken_away_by_its_id_and_no_other(world: World, dead: dict[str, str]) -> None:
    for body in (ORDER, {"detail": {"object": {"key": "debts/tienda/a.csv"}}}, "junk"):
        put(world, dead["files"], body)
    unwanted = next(each["id"] for each in told("files")["letters"] if each["subject"])
    asked = told("files", "--drop", unwanted)
    assert (asked["dropped"], [each["subject"] for each in asked["letters"]]) == (0, ["control/all/PAUSE"])
    assert len(waiting(world, dead["files"])) == 3
    done = run("files", "--drop", unwanted, "--yes")
    assert (done.exit_code, "control/all/PAUSE" in done.stdout, "taken away" in done.stdout) == (0, True, True)
    assert unwanted not in {each["id"] for each in told("files")["letters"]}
    assert len(waiting(world, dead["files"])) == 2
    assert waiting(world, world.files_url) == []


def test_a_letter_that_there_is_not_is_told_and_nothing_is_taken_away(world: World, dead: dict[str, str]) -> None:
    put(world, dead["files"], ORDER)
    result = run("files", "--drop", "another", "--yes")
    assert (result.exit_code, "'another' is none of the 1 letters of files" in result.output) == (2, True)
    assert len(waiting(world, dead["files"])) == 1


def test_each_letter_is_shown_with_its_id(world: World, dead: dict[str, str]) -> None:
    put(world, dead["files"], ORDER)
    (letter,) = told("files")["letters"]
    assert letter["id"] in run("files").stdout


def test_a_receipt_and_a_reply_tell_what_became_of_their_message(world: World, dead: dict[str, str]) -> None:
    content = {"type": "text", "receipt": "TO_FETCH"}
    world.conversations.record_inbound([Inbound("CHATREF", world.now, "WAMIDREF", content)])
    event = event_key(world.now, "WAMIDREF")
    body = {"v": 1, "borrower": "CHATREF", "event": event, "trace": "t"}
    put(world, dead["media"], body)
    put(world, dead["replies"], body)
    world.later(days=2)
    (receipt,) = told("media")["letters"]
    assert receipt["why"] == ["the receipt is TO_FETCH", "it came 2 days ago: Meta keeps it for seven"]
    (reply,) = told("replies")["letters"]
    assert reply["why"] == ["nobody has read what it means", "nobody has answered it"]
    assert told("replies", "--yes")["sent"] == 1
    assert len(waiting(world, world.replies_url)) == 1


# What AWS itself gives up: a run of a function, and lines of a stream.


def failed_run(world: World, url: str, **asked: str) -> None:
    """As Lambda leaves it there after its retries."""
    body = {"v": 1, "source": "schedule"} | asked
    put(world, url, body, RequestID="run-1", ErrorCode="200", ErrorMessage="AccessDenied: PutObject")


def test_a_run_of_reports_tells_how_it_ended(world: World, dead: dict[str, str], functions: Functions) -> None:
    failed_run(world, dead["reports"])
    put(world, dead["reports"], {"v": 1, "source": "schedule"})
    first, second = sorted(told("reports")["letters"], key=lambda each: -len(each["subject"]))
    assert first["subject"] == "schedule run-1"
    assert first["why"] == ["it ended with AccessDenied: PutObject", "the next hour catches up by itself"]
    assert second["why"][0] == "the log of reports has its end"
    assert functions.runs == []


def test_runs_of_reports_go_back_as_one_that_is_live(
    world: World, dead: dict[str, str], functions: Functions
) -> None:
    for _ in range(3):
        failed_run(world, dead["reports"])
    assert told("reports", "--yes")["sent"] == 3
    (asked,) = functions.runs
    assert (asked["FunctionName"], asked["Qualifier"]) == ("cobranza-Reports-1", "live")
    assert asked["InvocationType"] == "Event"
    assert waiting(world, dead["reports"]) == []


def test_a_run_that_went_back_and_failed_again_stays(
    world: World, dead: dict[str, str], functions: Functions
) -> None:
    failed_run(world, dead["reports"])
    assert run("reports", "--yes").exit_code == 0
    failed_run(world, dead["reports"], **json.loads(functions.runs[0]["Payload"]))
    again = run("reports", "--yes")
    assert again.exit_code == 1
    assert "--again" in again.stdout
    assert len(functions.runs) == 1
    assert run("reports", "--yes", "--again").exit_code == 0
    assert len(functions.runs) == 2


@pytest.mark.parametrize("table", ["journal", "ledger"])
def test_lines_that_others_did_not_hear_tell_which_and_stay(
    world: World, dead: dict[str, str], functions: Functions, table: str
) -> None:
    batch = {
        "shardId": "shardId-1",
        "batchSize": 7,
        "approximateArrivalOfFirstRecord": "2026-11-24T17:00:00Z",
        "approximateArrivalOfLastRecord": "2026-11-24T17:00:09Z",
        "streamArn": f"arn:aws:dynamodb:us-east-1:111122223333:table/{table}/stream/2026-11-22T00:00:00.000",
    }
    context = {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 101}
    put(world, dead["events"], {"version": "1.0", "requestContext": context, "DDBStreamBatchInfo": batch})
    (letter,) = told("events")["letters"]
    assert (letter["subject"], letter["can_go"]) == (table, False)
    assert letter["why"][0] == (
        "others have not heard of 7 of its lines, from 2026-11-24T17:00:00Z to 2026-11-24T17:00:09Z: "
        "RetryAttemptsExhausted"
    )
    assert "docs/runbook.md#eventsgivenup" in letter["why"][1]
    assert run("events", "--yes", "--again").exit_code == 1
    assert len(waiting(world, dead["events"])) == 1
    assert functions.runs == []


@pytest.mark.parametrize("queue", ["reports", "events"])
def test_what_nobody_of_aws_has_put_there_says_so(world: World, dead: dict[str, str], queue: str) -> None:
    put(world, dead[queue], [])
    put(world, dead[queue], "junk")
    assert [each["can_go"] for each in told(queue)["letters"]] == [False, False]


@pytest.mark.parametrize("queue", ["ledger", ""])
def test_a_queue_that_there_is_not_is_refused(queue: str) -> None:
    result = run(queue)
    assert result.exit_code == 2
    assert "name one of files, reminders, media, replies, reports, events" in " ".join(result.output.split())


def test_an_empty_queue_says_so() -> None:
    assert "no dead letters" in run("replies", "--yes").stdout


def test_status_counts_the_letters_of_every_queue(world: World, dead: dict[str, str]) -> None:
    for url in dead.values():
        put(world, url, {})
    result = CliRunner().invoke(app.app, ["status", "--json"])
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)["queues"]
    assert [name.removesuffix(" given up") for name, count in counts.items() if count] == [*letters.READERS]
    assert [*counts][:4] == ["files", "reminders", "media", "replies"]

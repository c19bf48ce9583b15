"""SQS files → ledger and results. One dropped file, or one part of a large one, a message.

Files in control/, and approvals beside plans, come straight from their rules, so that neither a stop nor a yes
waits behind imports."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.errors import NotFound
from cobranza.files.results import Summary
from cobranza.flows.applied import Rooms
from cobranza.flows.apply_control import ControlDesk
from cobranza.flows.apply_rows import RowDesk
from cobranza.flows.approve_plan import ApprovalDesk
from cobranza.flows.drops import CONTROL, RESULTS
from cobranza.flows.import_file import Busy, Importer
from cobranza.flows.import_part import PartImporter
from cobranza.flows.readiness import Judge
from cobranza.flows.results import ResultDesk
from cobranza.queues import SINCE, DroppedFile, FilePart, Queue, failures, parse_file_work
from cobranza.refs import References
from cobranza.settings import IngestSettings
from cobranza.store.aws import client
from cobranza.store.book import Book
from cobranza.store.cases import Cases
from cobranza.store.controls import Controls
from cobranza.store.imports import Imports
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.notices import Notices
from cobranza.store.objects import Bucket
from cobranza.store.payments import Payments
from cobranza.store.plans import Plans
from cobranza.store.portfolios import remembered
from cobranza.store.secrets import Secret, stage_clock
from cobranza.store.table import Table, utc
from cobranza.store.templates import Templates
from cobranza.whatsapp.templates import announced, announcements

# Seconds that a message rests after its first failure, and ten times that after its second. It has three tries.
REST = 60
# When to look again while another import writes the portfolio's book.
BUSY = 20


@dataclass(frozen=True, slots=True)
class Deps:
    importer: Importer
    control: ControlDesk
    approvals: ApprovalDesk
    queue: Queue[DroppedFile | FilePart]
    clock: Clock
    s3: Any


@cache
def wire() -> Deps:
    settings = IngestSettings.from_env()
    dynamodb = client("dynamodb")
    identity = Secret(client("secretsmanager"), settings.identity_secret)()
    references = References(identity["key"])
    table = Table(dynamodb, settings.ledger_table)
    ledger, book, payments = Ledger(table), Book(table), Payments(table)
    work = Bucket(client("s3"), settings.work_bucket)
    strategy_of = remembered(ledger.strategy)
    judge = Judge(book, strategy_of, announced().keys())
    journal = Journal(Table(dynamodb, settings.journal_table))
    results = ResultDesk(journal, work, Notices(client("sns"), settings.notices_topic))
    queue = Queue[DroppedFile | FilePart](client("sqs"), settings.files_queue_url)
    importer = Importer(
        ledger=ledger,
        imports=Imports(table),
        parts=PartImporter(book, ledger, payments, references, strategy_of, judge),
        references=references,
        work=work,
        queue=queue,
        results=results,
        rows=RowDesk(Rooms(book, ledger, payments, Cases(table), journal, references, strategy_of)),
        templates=announcements(),
        countries_on=frozenset(settings.countries_on.split(",")),
        register=Templates(table).register,
    )
    control = ControlDesk(ledger, Controls(table), results)
    approvals = ApprovalDesk(ledger, Plans(table), results)
    clock = stage_clock(settings, lambda: client("ssm"))
    return Deps(importer, control, approvals, queue, clock, client("s3"))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    if "Records" not in event:
        _take(deps, DroppedFile(**event), retried=False)  # what fails here Lambda tries again
        return failures([])
    failed: list[str] = []
    for record in event["Records"]:
        received = int(record["attributes"]["ApproximateReceiveCount"])
        try:
            _do(deps, record, retried=received > 1)
        except NotFound:
            telemetry.logger.warning("file is gone")
            telemetry.count("FilesGone")
        except Exception:
            telemetry.logger.exception("import failed")
            telemetry.count("ImportsFailed")
            failed.append(record["messageId"])
            deps.queue.delay(record["receiptHandle"], REST * 10 ** min(received - 1, 1))
    return failures(failed)


def _do(deps: Deps, record: dict[str, Any], *, retried: bool) -> None:
    work = parse_file_work(record["body"])
    try:
        if isinstance(work, DroppedFile):
            _take(deps, work, retried=retried)
        else:
            _tell(deps.importer.take_part(Bucket(deps.s3, work.bucket), work, deps.clock(), retried=retried))
    except Busy:
        _wait(deps, work, record.get("messageAttributes", {}).get(SINCE, {}).get("stringValue", ""))


def _wait(deps: Deps, work: DroppedFile | FilePart, since: str) -> None:
    """Comes back as a message of its own, which has all its tries and tells since when it waits."""
    now = deps.clock()
    deps.queue.put([work], delay=BUSY, since=since or utc(now))
    telemetry.measure("WaitingFileAge", (now - datetime.fromisoformat(since)).total_seconds() if since else 0)


def _take(deps: Deps, dropped: DroppedFile, *, retried: bool) -> None:
    bucket = Bucket(deps.s3, dropped.bucket)
    if dropped.key.endswith("/"):
        return  # a folder made in the console
    if dropped.key.startswith(f"{CONTROL}/"):
        _tell(deps.control.take(bucket, dropped.key, deps.clock()))
    elif dropped.key.startswith(f"{RESULTS}/"):
        _tell(deps.approvals.take(bucket, dropped.key, deps.clock()))
    else:
        _tell(deps.importer.take(bucket, dropped, deps.clock(), retried=retried))


def _tell(summary: Summary | None) -> None:
    if summary is None:
        return
    telemetry.count("RowsRead", summary.read)
    telemetry.count("RowsRefused", summary.refused)
    telemetry.count("PaymentsApplied", summary.payments)
    telemetry.count("FilesRefused", 1 if summary.error else 0)
    telemetry.count("FilesWaiting", 1 if summary.waiting is not None else 0)
    telemetry.logger.info(
        "imported",
        kind=summary.kind,
        portfolio=summary.portfolio,
        file=summary.digest,
        read=summary.read,
        refused=summary.refused,
        waiting=summary.waiting is not None,
        code=summary.error.code if summary.error else "",
    )

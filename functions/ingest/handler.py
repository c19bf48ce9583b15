"""SQS files → ledger and results. One dropped file a message."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cobranza import telemetry
from cobranza.clock import Clock
from cobranza.errors import NotFound
from cobranza.flows.import_file import Importer
from cobranza.policy.strategy import standard
from cobranza.queues import DroppedFile, failures
from cobranza.refs import References
from cobranza.settings import IngestSettings
from cobranza.store.aws import client
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger
from cobranza.store.objects import Bucket
from cobranza.store.secrets import secret_reader, stage_clock
from cobranza.store.table import Table


@dataclass(frozen=True, slots=True)
class Deps:
    importer: Importer
    clock: Clock
    s3: Any


@cache
def wire() -> Deps:
    settings = IngestSettings.from_env()
    dynamodb = client("dynamodb")
    identity = secret_reader(client("secretsmanager"), settings.identity_secret)()
    importer = Importer(
        ledger=Ledger(Table(dynamodb, settings.ledger_table)),
        journal=Journal(Table(dynamodb, settings.journal_table)),
        references=References(identity["key"]),
        strategy=standard(),
    )
    return Deps(importer, stage_clock(settings, lambda: client("ssm")), client("s3"))


@telemetry.metrics.log_metrics
@telemetry.logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any, *, deps: Deps | None = None) -> dict[str, Any]:
    deps = deps or wire()
    failed: list[str] = []
    for record in event["Records"]:
        try:
            dropped = DroppedFile.parse(record["body"])
            if dropped.key.endswith("/"):
                continue  # a folder made in the console
            bucket = Bucket(deps.s3, dropped.bucket)
            retried = int(record["attributes"]["ApproximateReceiveCount"]) > 1
            summary = deps.importer.import_file(bucket, dropped, deps.clock(), retried=retried)
        except NotFound:
            telemetry.logger.warning("file is gone")
            telemetry.count("FilesGone")
        except Exception:
            telemetry.logger.exception("import failed")
            telemetry.count("ImportsFailed")
            failed.append(record["messageId"])
        else:
            telemetry.count("RowsRead", summary.read)
            telemetry.count("RowsRefused", summary.refused)
            telemetry.count("FilesRefused", 1 if summary.error else 0)
            telemetry.logger.info(
                "imported",
                kind=summary.kind,
                portfolio=summary.portfolio,
                read=summary.read,
                refused=summary.refused,
                code=summary.error.code if summary.error else "",
            )
    return failures(failed)

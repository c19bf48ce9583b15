"""What each function is told by the template. A test compares these classes with the template's Environment."""

import os
import re
from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import Self, get_type_hints

from cobranza.errors import MissingSetting

META = "https://graph.facebook.com"
LOCAL = re.compile(r"http://127\.0\.0\.1:\d{1,5}")
OPTIONAL = {"clock_parameter", "countries_on", "test_phones"}


class Settings:
    """One text for each field. No @dataclass, which writes code for each class, a millisecond of every start: a
    function finds the settings of all others here too."""

    stage: str
    clock_parameter: str

    def __init__(self, **values: str) -> None:
        self.__dict__.update(values)
        self._check()

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    @classmethod
    def from_env(cls) -> Self:
        """Reads one variable per field, upper case. Raises MissingSetting that names all that are absent."""
        values = {name: os.environ.get(name.upper(), "") for name in get_type_hints(cls)}
        missing = [name.upper() for name, value in values.items() if not value and name not in OPTIONAL]
        if missing:
            raise MissingSetting(f"not set: {', '.join(missing)}")
        return cls(**values)

    @property
    def needs_sync(self) -> bool:
        """Whether nothing is sent or planned before `cobranza templates sync` has told what Meta has approved."""
        return self.stage == "prod"

    def _check(self) -> None:
        if self.clock_parameter and self.stage != "local":
            raise MissingSetting("the clock can be moved in stage local alone")


class IngestSettings(Settings):
    """`countries_on` as in the template: MX,CO."""

    ledger_table: str
    journal_table: str
    identity_secret: str
    files_queue_url: str
    work_bucket: str
    notices_topic: str
    countries_on: str


class SchedulerSettings(Settings):
    """`schedule_expression` as in the template: rate(5 minutes). The two figures are whole numbers."""

    ledger_table: str
    reminders_queue_url: str
    schedule_expression: str
    sends_per_second: str
    people_per_day: str

    @property
    def tick(self) -> timedelta:
        """From one tick to the next."""
        return timedelta(minutes=int(re.sub(r"\D", "", self.schedule_expression)))


def phones_of(stage: str, test_phones: str) -> frozenset[str] | None:
    """The only phones (E.164) that may get anything, of the template's TestPhones: +525555550100,+573005550100.
    None, which is all, in stage prod and in that of the simulator. Elsewhere nobody may who is not named."""
    return None if stage in ("prod", "local") else frozenset(filter(None, test_phones.split(",")))


class PhonesSettings(Settings):
    """`test_phones` as in the template: those whom the function may write to, or plan to."""

    test_phones: str

    @property
    def only_to(self) -> frozenset[str] | None:
        return phones_of(self.stage, self.test_phones)


class ProviderSettings(PhonesSettings):
    """Of the functions that call Meta."""

    ledger_table: str
    journal_table: str
    provider_secret: str
    graph_api_url: str
    graph_api_version: str

    def _check(self) -> None:
        super()._check()
        simulated = self.stage == "local" and LOCAL.fullmatch(self.graph_api_url)
        if self.graph_api_url != META and not simulated:
            raise MissingSetting(f"GRAPH_API_URL must be {META} in stage {self.stage}")


class SendSettings(ProviderSettings):
    """`countries_on` as in the template: MX,CO. The two figures are whole numbers."""

    reminders_queue_url: str
    countries_on: str
    people_per_day: str
    send_workers: str


class ReceiptsSettings(ProviderSettings):
    receipts_bucket: str
    media_queue_url: str


class AnswerSettings(ProviderSettings):
    replies_queue_url: str


class CasesSettings(ProviderSettings):
    """`countries_on` as in the template: MX,CO. `people_per_day` is a whole number."""

    identity_secret: str
    countries_on: str
    people_per_day: str


class WebhookSettings(Settings):
    ledger_table: str
    journal_table: str
    media_queue_url: str
    replies_queue_url: str
    webhook_secret: str
    identity_secret: str


class PaymentsSettings(Settings):
    ledger_table: str
    journal_table: str
    gateway_secret: str
    identity_secret: str


class ReportsSettings(PhonesSettings):
    """`countries_on` as in the template: MX,CO."""

    ledger_table: str
    journal_table: str
    inbox_bucket: str
    notices_topic: str
    countries_on: str


class EventsSettings(Settings):
    event_bus: str

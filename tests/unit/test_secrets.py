import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cobranza.clock import real_time
from cobranza.errors import MissingSetting
from cobranza.settings import SchedulerSettings
from cobranza.store.portfolios import remembered
from cobranza.store.secrets import LIFETIME, Secret, stage_clock


class ResourceNotFoundException(Exception):
    pass


class ThrottlingException(Exception):
    pass


@dataclass
class FakeSecretsManager:
    """Answers the value, or raises it."""

    value: str | bytes | Exception
    asked: list[str] = field(default_factory=list[str])
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(ResourceNotFoundException=ResourceNotFoundException)
    )

    def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:
        self.asked.append(SecretId)
        if isinstance(self.value, Exception):
            raise self.value
        return {"SecretBinary" if isinstance(self.value, bytes) else "SecretString": self.value}


@dataclass
class FakeMonotonic:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_secret_is_its_json_object() -> None:
    client = FakeSecretsManager('{"access_token": "EAAG"}')
    assert Secret(client, "provider")() == {"access_token": "EAAG"}
    assert client.asked == ["provider"]


def test_nothing_is_read_before_it_is_needed() -> None:
    client = FakeSecretsManager('{"access_token": "EAAG"}')
    Secret(client, "provider")
    assert client.asked == []


def test_threads_that_ask_at_once_read_it_once() -> None:
    class Slow(FakeSecretsManager):
        def get_secret_value(self, *, SecretId: str) -> dict[str, Any]:
            time.sleep(0.02)
            return super().get_secret_value(SecretId=SecretId)

    client = Slow('{"access_token": "EAAG"}')
    secret = Secret(client, "provider")
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: secret(), range(8)))
    assert told == [{"access_token": "EAAG"}] * 8
    assert client.asked == ["provider"]


def test_what_is_remembered_of_a_portfolio_is_read_once_by_many_threads() -> None:
    asked: list[str] = []

    def read(portfolio_id: str) -> str:
        time.sleep(0.02)
        asked.append(portfolio_id)
        return portfolio_id.upper()

    known = remembered(read)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(known, ["uno", "dos"] * 4)) == ["UNO", "DOS"] * 4
    assert sorted(asked) == ["dos", "uno"]


def test_a_secret_is_read_once_in_five_minutes() -> None:
    client, clock = FakeSecretsManager('{"access_token": "old"}'), FakeMonotonic()
    read = Secret(client, "provider", monotonic=clock)
    assert [read()["access_token"] for _ in range(3)] == ["old"] * 3
    client.value = '{"access_token": "new"}'
    clock.seconds += LIFETIME
    assert read() == {"access_token": "old"}
    assert len(client.asked) == 1
    clock.seconds += 0.1
    assert read() == {"access_token": "new"}
    assert len(client.asked) == 2


def test_two_secrets_are_kept_apart() -> None:
    first, second = FakeSecretsManager('{"key": "one"}'), FakeSecretsManager('{"key": "two"}')
    read_first, read_second = Secret(first, "a"), Secret(second, "b")
    assert (read_first(), read_second(), read_first()) == ({"key": "one"}, {"key": "two"}, {"key": "one"})


NO_VALUE = [
    ResourceNotFoundException("no value for staging label AWSCURRENT"),
    "",
    " ",
    "EAAG-not-json",
    "{",
    b"\x00",
    "null",
    "[]",
    '"EAAG"',
    "1",
]


@pytest.mark.parametrize("value", NO_VALUE, ids=repr)
def test_a_secret_without_a_value_is_a_missing_setting(value: str | bytes | Exception) -> None:
    with pytest.raises(MissingSetting, match="secret provider"):
        Secret(FakeSecretsManager(value), "provider")()


def test_what_stands_in_a_broken_secret_is_not_told() -> None:
    with pytest.raises(MissingSetting) as missing:
        Secret(FakeSecretsManager("EAAG-not-json"), "provider")()
    assert "EAAG" not in str(missing.value)


def test_a_missing_secret_is_asked_for_again_at_once() -> None:
    """An operator who puts the value in does not wait five minutes."""
    client = FakeSecretsManager("")
    read = Secret(client, "provider")
    with pytest.raises(MissingSetting):
        read()
    client.value = '{"access_token": "EAAG"}'
    assert read() == {"access_token": "EAAG"}


def test_a_secret_that_was_emptied_is_not_believed_for_longer() -> None:
    client, clock = FakeSecretsManager('{"access_token": "EAAG"}'), FakeMonotonic()
    read = Secret(client, "provider", monotonic=clock)
    read()
    client.value = ""
    clock.seconds += LIFETIME + 1
    for _ in range(2):
        with pytest.raises(MissingSetting):
            read()


def test_a_secret_asked_for_again_is_as_it_is_now() -> None:
    client, clock = FakeSecretsManager('{"access_token": "old"}'), FakeMonotonic()
    read = Secret(client, "provider", monotonic=clock)
    read()
    client.value = '{"access_token": "new"}'
    assert read.again() == {"access_token": "new"}
    clock.seconds += LIFETIME
    assert read() == {"access_token": "new"}
    assert len(client.asked) == 2


@pytest.mark.parametrize(
    "value", [*NO_VALUE, ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")], ids=repr
)
def test_a_secret_that_cannot_be_asked_for_again_is_as_it_was_known(value: str | bytes | Exception) -> None:
    client = FakeSecretsManager('{"access_token": "old"}')
    read = Secret(client, "provider")
    read()
    client.value = value
    assert read.again() == {"access_token": "old"}


def test_another_fault_of_aws_stays_what_it_is() -> None:
    with pytest.raises(ThrottlingException):
        Secret(FakeSecretsManager(ThrottlingException("rate exceeded")), "provider")()


# The clock of a stage.


@dataclass
class FakeParameters:
    value: str
    asked: list[str] = field(default_factory=list[str])

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        self.asked.append(Name)
        return {"Parameter": {"Name": Name, "Value": self.value}}


def scheduler(stage: str, clock_parameter: str) -> SchedulerSettings:
    return SchedulerSettings(
        stage=stage,
        clock_parameter=clock_parameter,
        ledger_table="ledger",
        reminders_queue_url="https://x",
        schedule_expression="rate(5 minutes)",
        sends_per_second="12",
        people_per_day="250",
    )


def no_parameters() -> FakeParameters:
    raise AssertionError("nobody may read a parameter here")


@pytest.mark.parametrize("stage", ["prod", "staging", "local"])
def test_a_stage_without_a_clock_parameter_lives_in_real_time(stage: str) -> None:
    assert stage_clock(scheduler(stage, ""), no_parameters) is real_time


def test_the_local_clock_is_real_time_moved_by_so_many_seconds() -> None:
    parameters = FakeParameters("86400")
    clock = stage_clock(scheduler("local", "/cobranza/clock"), lambda: parameters)
    assert parameters.asked == []
    ahead = clock() - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < ahead <= timedelta(days=1)
    parameters.value = "-3600.5"
    assert clock() < datetime.now(UTC) - timedelta(minutes=59)
    assert clock().tzinfo is UTC
    assert set(parameters.asked) == {"/cobranza/clock"}

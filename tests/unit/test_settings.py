from dataclasses import FrozenInstanceError
from typing import Any, get_type_hints

import pytest

from cobranza.errors import MissingSetting
from cobranza.settings import (
    META,
    OPTIONAL,
    AnswerSettings,
    CasesSettings,
    EventsSettings,
    IngestSettings,
    PaymentsSettings,
    ProviderSettings,
    ReceiptsSettings,
    ReportsSettings,
    SchedulerSettings,
    SendSettings,
    Settings,
    WebhookSettings,
)

SEND = {
    "STAGE": "prod",
    "CLOCK_PARAMETER": "",
    "LEDGER_TABLE": "ledger",
    "JOURNAL_TABLE": "journal",
    "COUNTRIES_ON": "MX,CO",
    "REMINDERS_QUEUE_URL": "https://sqs.example.com/reminders",
    "PEOPLE_PER_DAY": "250",
    "SEND_WORKERS": "20",
    "PROVIDER_SECRET": "provider",
    "GRAPH_API_URL": META,
    "GRAPH_API_VERSION": "v25.0",
    "TEST_PHONES": "+525555550100,+573005550100",
}
LOCAL = {"STAGE": "local", "CLOCK_PARAMETER": "/cobranza/clock", "GRAPH_API_URL": "http://127.0.0.1:8090"}
CLASSES: list[type[Settings]] = [
    IngestSettings,
    SchedulerSettings,
    SendSettings,
    WebhookSettings,
    ReceiptsSettings,
    PaymentsSettings,
    AnswerSettings,
    CasesSettings,
    ReportsSettings,
    EventsSettings,
]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SEND, "IDENTITY_SECRET", "WEBHOOK_SECRET", "GATEWAY_SECRET"):
        monkeypatch.delenv(name, raising=False)


def send_settings(monkeypatch: pytest.MonkeyPatch, **changes: str) -> SendSettings:
    for name, value in (SEND | changes).items():
        monkeypatch.setenv(name, value)
    return SendSettings.from_env()


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = SendSettings(
        stage="prod",
        clock_parameter="",
        ledger_table="ledger",
        journal_table="journal",
        countries_on="MX,CO",
        reminders_queue_url="https://sqs.example.com/reminders",
        people_per_day="250",
        send_workers="20",
        provider_secret="provider",
        graph_api_url="https://graph.facebook.com",
        graph_api_version="v25.0",
        test_phones="+525555550100,+573005550100",
    )
    assert vars(send_settings(monkeypatch)) == vars(wanted)


@pytest.mark.parametrize("settings_class", CLASSES)
def test_whoever_misses_settings_learns_all_of_them_at_once(settings_class: type[Settings]) -> None:
    with pytest.raises(MissingSetting) as missing:
        settings_class.from_env()
    for name in settings_class.__annotations__.keys() - OPTIONAL:
        assert name.upper() in str(missing.value)
    assert "STAGE" in str(missing.value)
    assert not any(name.upper() in str(missing.value) for name in OPTIONAL)


@pytest.mark.parametrize("name", [name for name in SEND if name.lower() not in OPTIONAL])
def test_an_empty_setting_is_a_missing_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(MissingSetting, match=f"^not set: {name}$"):
        send_settings(monkeypatch, **{name: ""})


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_the_clock_parameter_may_be_absent_and_so_may_countries_and_phones(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    send_settings(monkeypatch)
    monkeypatch.delenv(name.upper())
    assert getattr(SendSettings.from_env(), name) == ""


@pytest.mark.parametrize("stage", ["prod", "staging", "dev", "Local", "local "])
def test_the_clock_moves_in_stage_local_alone(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    with pytest.raises(MissingSetting, match="clock"):
        send_settings(monkeypatch, STAGE=stage, CLOCK_PARAMETER="/cobranza/clock")


@pytest.mark.parametrize("settings_class", CLASSES)
def test_every_function_keeps_the_clock_in_stage_local(settings_class: type[Settings]) -> None:
    values: dict[str, Any] = dict.fromkeys(get_type_hints(settings_class), "x") | {"stage": "prod"}
    values |= {"graph_api_url": META} if issubclass(settings_class, ProviderSettings) else {}
    assert settings_class(**values | {"clock_parameter": ""}).stage == "prod"
    with pytest.raises(MissingSetting, match="clock"):
        settings_class(**values)


def test_stage_local_talks_to_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    local = send_settings(monkeypatch, **LOCAL)
    assert local.graph_api_url == "http://127.0.0.1:8090"
    assert local.clock_parameter == "/cobranza/clock"


def test_stage_local_may_talk_to_meta_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send_settings(monkeypatch, STAGE="local").graph_api_url == META


@pytest.mark.parametrize(
    ("stage", "url"),
    [
        ("prod", "http://127.0.0.1:8090"),
        ("prod", "http://graph.facebook.com"),
        ("prod", "https://graph.facebook.com/"),
        ("prod", "https://graph.facebook.com.example.net"),
        ("prod", "https://graph.example.com"),
        ("staging", "http://127.0.0.1:8090"),
        ("local", "http://localhost:8090"),
        ("local", "http://127.0.0.1:8090/elsewhere"),
        ("local", "http://127.0.0.1:8090@example.net"),
        ("local", "http://127.0.0.1.example.net:8090"),
        ("local", "http://127.0.0.1:8090\n"),
        ("local", "https://graph.example.com"),
    ],
)
def test_the_token_is_sent_to_nobody_else(monkeypatch: pytest.MonkeyPatch, stage: str, url: str) -> None:
    with pytest.raises(MissingSetting, match="GRAPH_API_URL"):
        send_settings(monkeypatch, STAGE=stage, GRAPH_API_URL=url)


@pytest.mark.parametrize("stage", ["prod", "local"])
def test_everybody_may_get_messages_of_prod_and_of_the_simulator(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    assert send_settings(monkeypatch, STAGE=stage).only_to is None


@pytest.mark.parametrize("stage", ["dev", "staging", "Prod", "local "])
@pytest.mark.parametrize(
    ("told", "phones"),
    [("", set[str]()), ("+525555550100", {"+525555550100"}), ("+52555,+57300", {"+52555", "+57300"})],
)
def test_every_other_stage_writes_to_the_phones_on_its_list_alone(
    monkeypatch: pytest.MonkeyPatch, stage: str, told: str, phones: set[str]
) -> None:
    assert send_settings(monkeypatch, STAGE=stage, TEST_PHONES=told).only_to == phones


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = send_settings(monkeypatch)
    with pytest.raises(FrozenInstanceError):
        settings.stage = "local"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("stage", "is_needed"), [("prod", True), ("dev", False), ("local", False)])
def test_only_stage_prod_needs_to_know_what_meta_has_approved(
    monkeypatch: pytest.MonkeyPatch, stage: str, is_needed: bool
) -> None:
    assert send_settings(monkeypatch, STAGE=stage).needs_sync == is_needed

"""A client that others wrote, pywa: the simulator takes what it sends, and it understands what it is told."""

import json
from typing import Any

import httpx
import pytest
from pywa import handlers
from pywa.client import WhatsApp
from pywa.errors import WhatsAppError
from pywa.types.account_update import AccountUpdate, AccountUpdateEvent
from pywa.types.callback import (
    Button,
    CallbackButton,
    CallbackSelection,
    Section,
    SectionList,
    SectionRow,
    URLButton,
)
from pywa.types.message import Message
from pywa.types.message_status import MessageStatus, MessageStatusType
from pywa.types.templates import (
    BodyText,
    QuickReplyButton,
    TemplateCategoryUpdate,
    TemplateLanguage,
    TemplateQualityUpdate,
    TemplateStatus,
    TemplateStatusUpdate,
)
from pywa.types.user_preferences import MarketingPreference, UserMarketingPreferences

from local.simulator import media
from local.simulator.numbers import user_id
from tests.integration.receiver import BORROWER, NUMBER_ID, PARAMETERS, SECRET, TOKEN, Receiver, Simulator

WABA_ID = "100000000000001"
HANDLERS = (
    handlers.MessageHandler,
    handlers.CallbackButtonHandler,
    handlers.CallbackSelectionHandler,
    handlers.MessageStatusHandler,
    handlers.PhoneNumberChangeHandler,
    handlers.TemplateStatusUpdateHandler,
    handlers.TemplateCategoryUpdateHandler,
    handlers.TemplateQualityUpdateHandler,
    handlers.UserMarketingPreferencesHandler,
    handlers.AccountUpdateHandler,
)
PDF = b"".join(media.make("m-1", "document", media.Quirks(), {}).chunks())
JPEG = b"".join(media.make("m-1", "image", media.Quirks(), {}).chunks())


class ToTheSimulator(httpx.HTTPTransport):
    """Whatever is meant for graph.facebook.com goes to the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._target = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = self._target
        request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
        return super().handle_request(request)


class Client:
    """pywa's client, and what it made of the webhooks."""

    def __init__(self, url: str) -> None:
        self.wa = WhatsApp(
            phone_id=NUMBER_ID,
            token=TOKEN,
            session=httpx.Client(transport=ToTheSimulator(url)),
            app_secret=SECRET,
            waba_id=WABA_ID,
            business_portfolio_id=WABA_ID,
            api_version=25.0,
        )
        self.heard: list[Any] = []
        self.raw: list[Any] = []
        for handler in HANDLERS:
            self.wa.add_handlers(handler(lambda _, update: self.heard.append(update)))
        self.wa.add_handlers(handlers.RawUpdateHandler(lambda _, update: self.raw.append(update)))

    def hear(self, receiver: Receiver) -> list[Any]:
        """What pywa makes of each post so far."""
        for post in receiver.posts:
            assert self.wa.webhook_update_validator(post.raw, post.signature) is None
            assert self.wa.webhook_update_handler(post.raw) == ("ok", 200)
        return self.heard


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator.url)


@pytest.fixture
def open_window(simulator: Simulator) -> None:
    simulator.say({"text": "hola"})
    simulator.settle()


def shown(simulator: Simulator, message_id: str) -> dict[str, Any]:
    simulator.settle()
    return next(message for message in simulator.get("/_sim/messages") if message["id"] == message_id)


def test_a_text_is_sent_in_the_service_window_and_refused_outside(simulator: Simulator, client: Client) -> None:
    with pytest.raises(WhatsAppError) as refused:
        client.wa.send_message(BORROWER, "Hola")
    assert refused.value.code == 131047
    question = simulator.say({"text": "hola"})
    sent = client.wa.send_message(BORROWER, "Hola", tracker="m-1", reply_to_message_id=question)
    message = shown(simulator, sent.id)
    assert (message["text"], message["opaque_id"], message["status"]) == ("Hola", "m-1", "read")
    assert message["content"]["quoted"] == question


def test_a_template_is_sent(simulator: Simulator, client: Client) -> None:
    parameters: list[Any] = [*PARAMETERS]  # pywa declares them as something else
    sent = client.wa.send_template(
        BORROWER,
        "saldo_vencido",
        TemplateLanguage.SPANISH,
        [BodyText.params(*parameters), QuickReplyButton.params(callback_data="PAID|m-1", index=0)],
    )
    message = shown(simulator, sent.id)
    assert (message["template"], message["language"]) == ("saldo_vencido", "es")
    assert message["text"].startswith("Hola, Ana Ejemplo")


@pytest.mark.usefixtures("open_window")
def test_buttons_a_list_and_a_link_are_sent(simulator: Simulator, client: Client) -> None:
    buttons = [Button("Ya pagué", "paid"), Button("Mañana", "tomorrow")]
    rows = [SectionRow("Hoy", "today", "antes de las seis"), SectionRow("Mañana", "tomorrow")]
    sent = [
        client.wa.send_message(BORROWER, "¿Cuándo paga?", footer="Gracias", buttons=buttons),
        client.wa.send_message(BORROWER, "¿Cuándo?", buttons=SectionList("Elegir", [Section("Días", rows)])),
        client.wa.send_message(BORROWER, "Pague aquí", buttons=URLButton("Pagar", "https://pagos.example.com/a")),
    ]
    contents = [shown(simulator, one.id)["content"] for one in sent]
    assert [button["text"] for button in contents[0]["buttons"]] == ["Ya pagué", "Mañana"]
    assert contents[1]["list"]["sections"][0]["rows"][0]["title"] == "Hoy"
    assert contents[2]["buttons"][0]["url"] == "https://pagos.example.com/a"


@pytest.mark.usefixtures("open_window")
def test_files_are_uploaded_sent_by_id_or_link_and_fetched(simulator: Simulator, client: Client) -> None:
    uploaded = client.wa.upload_media(PDF, mime_type="application/pdf", filename="estado.pdf")
    assert client.wa.get_media_bytes(client.wa.get_media_url(uploaded.id).url) == PDF
    by_id = client.wa.send_document(BORROWER, uploaded.id, filename="estado.pdf", caption="Su estado")
    by_bytes = client.wa.send_image(BORROWER, JPEG, caption="El recibo", mime_type="image/jpeg")
    by_link = client.wa.send_document(BORROWER, "https://files.example.com/a.pdf", filename="a.pdf")
    headers = [shown(simulator, one.id)["content"]["header"] for one in (by_id, by_bytes, by_link)]
    assert [header["type"] for header in headers] == ["document", "image", "document"]
    assert headers[0]["media_id"] == uploaded.id
    assert headers[2]["link"] == "https://files.example.com/a.pdf"


def test_a_message_is_marked_as_read(simulator: Simulator, client: Client) -> None:
    message_id = simulator.say({"text": "hola"})
    assert client.wa.mark_message_as_read(message_id)
    assert shown(simulator, message_id)["status"] == "read"


def test_templates_are_listed(client: Client) -> None:
    """As they come: pywa's own type wants a date beside each quality score, which is not always there."""
    rows = client.wa.api.get_templates(WABA_ID)["data"]
    assert ("saldo_vencido", "es", "APPROVED") in {(row["name"], row["language"], row["status"]) for row in rows}


def test_words_and_files_are_heard(simulator: Simulator, receiver: Receiver, client: Client) -> None:
    ids = [simulator.say(one) for one in ({"text": "¿Cuánto <debo>?"}, {"image": True, "caption": "Mi pago"})]
    ids.append(simulator.say({"pdf": True}))
    simulator.settle()
    by_id = {message.id: message for message in client.hear(receiver)}
    text, image, document = (by_id[id] for id in ids)
    assert all(isinstance(message, Message) for message in (text, image, document))
    assert (text.text, text.from_user.wa_id, text.from_user.bsuid) == (
        "¿Cuánto <debo>?",
        "5215555550101",
        user_id(BORROWER),
    )
    assert (image.image.mime_type, image.image.caption) == ("image/jpeg", "Mi pago")
    assert image.image.get_bytes().startswith(b"\xff\xd8")
    assert document.document.filename.endswith(".pdf")
    assert document.document.get_bytes().startswith(b"%PDF-")
    assert (text.metadata.phone_number_id, text.metadata.display_phone_number) == (NUMBER_ID, "525555550100")


def test_who_hides_the_number_is_heard_by_user_id(
    simulator: Simulator, receiver: Receiver, client: Client
) -> None:
    simulator.post("/_sim/config", {"hidden": [BORROWER]})
    simulator.say({"text": "hola"})
    simulator.settle()
    (message,) = client.hear(receiver)
    assert (message.from_user.wa_id, message.from_user.bsuid) == (None, user_id(BORROWER))
    assert message.from_user.username.startswith("@")
    assert shown(simulator, message.reply("Hola").id)["to"] == BORROWER


def test_buttons_and_choices_are_heard(simulator: Simulator, receiver: Receiver, client: Client) -> None:
    reminder = simulator.send().json()["messages"][0]["id"]
    simulator.settle()
    simulator.say({"button": "Ya pagué"})
    sent = [
        client.wa.send_message(BORROWER, "¿Paga?", buttons=[Button("Sí, pago", "yes")]),
        client.wa.send_message(
            BORROWER,
            "¿Cuándo?",
            buttons=SectionList("Elegir", [Section("Días", [SectionRow("Hoy", "today", "ya")])]),
        ),
    ]
    for choice in ("Sí, pago", "Hoy"):
        simulator.say({"choose": choice})
    simulator.settle()
    told = [one for one in client.hear(receiver) if isinstance(one, CallbackButton | CallbackSelection)]
    pressed, replied, chosen = sorted(told, key=lambda one: ("Ya pagué", "Sí, pago", "Hoy").index(one.title))
    assert isinstance(pressed, CallbackButton)
    assert isinstance(replied, CallbackButton)
    assert pressed.reply_to_message
    assert replied.reply_to_message
    assert (pressed.data, pressed.is_quick_reply, pressed.reply_to_message.id) == (
        "Ya pagué",
        True,
        reminder,
    )
    assert (replied.data, replied.is_quick_reply, replied.reply_to_message.id) == (
        "yes",
        False,
        sent[0].id,
    )
    assert isinstance(chosen, CallbackSelection)
    assert (chosen.data, chosen.description, chosen.reply_to_message.id) == ("today", "ya", sent[1].id)


def test_statuses_are_heard(simulator: Simulator, receiver: Receiver, client: Client) -> None:
    message_id = simulator.send().json()["messages"][0]["id"]
    simulator.settle()
    told = client.hear(receiver)
    assert all(isinstance(status, MessageStatus) for status in told)
    assert [(status.id, status.status) for status in told] == [
        (message_id, MessageStatusType.SENT),
        (message_id, MessageStatusType.DELIVERED),
        (message_id, MessageStatusType.READ),
    ]
    assert {status.tracker for status in told} == {"m-1"}
    assert [status.pricing is not None for status in told] == [True, True, False]
    assert {status.from_user.bsuid for status in told} == {user_id(BORROWER)}


def test_a_failure_is_heard_once_pywa_is_given_the_contact_it_wants(
    simulator: Simulator, receiver: Receiver, client: Client
) -> None:
    """Meta leaves contacts out of a failed status; pywa 4.4.0 cannot read one without, and says so in its log."""
    simulator.post("/_sim/faults", {"kind": "undeliverable", "code": 131026})
    simulator.send()
    simulator.settle()
    assert client.hear(receiver) == []
    (told,) = client.raw
    value = told["entry"][0]["changes"][0]["value"]
    assert "contacts" not in value

    value["contacts"] = [{"profile": {"name": "Alba Ejemplo"}, "user_id": user_id(BORROWER)}]
    client.wa.webhook_update_handler(json.dumps(told).encode())
    (status,) = client.heard
    assert (status.status, status.error.code) == (MessageStatusType.FAILED, 131026)
    assert status.tracker == "m-1"


def test_news_of_templates_and_the_account_is_heard(
    simulator: Simulator, receiver: Receiver, client: Client
) -> None:
    for order in (
        {"field": "message_template_status_update", "event": "PAUSED", "name": "saldo_vencido"},
        {"field": "message_template_quality_update", "name": "saldo_vencido", "new": "RED"},
        {"field": "template_category_update", "name": "a", "previous": "UTILITY", "new": "MARKETING"},
        {"field": "user_preferences", "to": BORROWER, "preference": "stop"},
        {"field": "account_update", "event": "ACCOUNT_RESTRICTION", "restriction": "RESTRICTED_UTILITY_TEMPLATES"},
        {"field": "account_update", "event": "DISABLED_UPDATE", "ban": "DISABLE"},
    ):
        assert simulator.post("/_sim/news", order).status_code == 200
        simulator.settle()
    status, quality, category, preference, restriction, ban = client.hear(receiver)
    assert isinstance(status, TemplateStatusUpdate)
    assert (status.new_status, status.template_name) == (TemplateStatus.PAUSED, "saldo_vencido")
    assert status.template_language is TemplateLanguage.SPANISH
    assert isinstance(quality, TemplateQualityUpdate)
    assert quality.new_quality_score == "RED"
    assert isinstance(category, TemplateCategoryUpdate)
    assert (category.previous_category, category.new_category) == ("UTILITY", "MARKETING")
    assert isinstance(preference, UserMarketingPreferences)
    assert preference.value is MarketingPreference.STOP
    assert isinstance(restriction, AccountUpdate)
    assert restriction.restriction_info[0].type == "RESTRICTED_UTILITY_TEMPLATES"
    assert isinstance(ban, AccountUpdate)
    assert (ban.event, ban.ban_info and ban.ban_info.state) == (AccountUpdateEvent.DISABLED_UPDATE, "DISABLE")


def test_a_changed_template_is_told_to_who_listens(
    simulator: Simulator, receiver: Receiver, client: Client
) -> None:
    order = {"name": "saldo_vencido", "language": "es", "status": "PAUSED"}
    assert simulator.post("/_sim/templates", order).status_code == 200
    simulator.settle()
    (status,) = client.hear(receiver)
    assert (status.new_status, status.template_name) == (TemplateStatus.PAUSED, "saldo_vencido")


def test_a_wrong_signature_is_refused(simulator: Simulator, receiver: Receiver, client: Client) -> None:
    receiver.strict = True
    simulator.post("/_sim/faults", {"kind": "webhook_changed", "count": 1})
    simulator.say({"text": "hola"})
    simulator.settle()
    damaged, whole = receiver.posts
    assert client.wa.webhook_update_validator(damaged.raw, damaged.signature) == ("Forbidden", 403)
    assert client.wa.webhook_update_validator(whole.raw, whole.signature) is None

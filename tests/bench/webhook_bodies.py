"""Bodies as Meta posts them, of as many updates as one likes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cobranza.store.keys import MessageKey

NUMBER, WABA = "100000000000001", "100000000000002"
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
AT = int(NOON.timestamp())
STATES = ("sent", "delivered", "read")
# Of a thousand updates: three statuses each of 250 messages, 200 texts, 50 reactions.
MESSAGES, TEXTS, REACTIONS = 250, 200, 50

type Json = dict[str, Any]


def statuses_of(of: int, states: Sequence[str]) -> list[Json]:
    opaque = MessageKey(_ref(of), NOON.date()).opaque
    told = {"id": f"wamid.{of:040}", "recipient_id": phone(of), "recipient_user_id": f"MX.{of}"}
    told |= {"biz_opaque_callback_data": opaque}
    pricing = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}
    return [
        {**told, "status": state, "timestamp": str(AT + after), "pricing": pricing}
        for after, state in enumerate(states)
    ]


def _ref(number: int) -> str:
    return f"{number:026}".translate(str.maketrans("0189", "ABCD"))


def phone(number: int) -> str:
    return f"5255{50000000 + number}"


def text_from(of: int) -> Json:
    return _message(of, "text", {"body": "Hola, ¿me pueden decir cuánto debo? Gracias"})


def _message(of: int, kind: str, content: Json) -> Json:
    told = {"from": phone(of), "from_user_id": f"MX.{of}", "id": f"wamid.in.{of:040}", "timestamp": str(AT)}
    return {**told, "type": kind, kind: content}


def message_body(messages: Sequence[Json] = (), statuses: Sequence[Json] = ()) -> Json:
    shown = {"display_phone_number": "525555550000", "phone_number_id": NUMBER}
    value: Json = {"messaging_product": "whatsapp", "metadata": shown}
    people = {each["from"]: each["from_user_id"] for each in messages}
    people |= {each["recipient_id"]: each["recipient_user_id"] for each in statuses}
    value["contacts"] = [_contact(wa_id, user_id) for wa_id, user_id in people.items()]
    value |= {"messages": list(messages)} if messages else {}
    value |= {"statuses": list(statuses)} if statuses else {}
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [change]}]}


def mixed(number: int) -> Json:
    first = number * 1_000
    messages = [text_from(first + place) for place in range(TEXTS)]
    reactions = range(first + TEXTS, first + TEXTS + REACTIONS)
    messages += [_message(of, "reaction", {"message_id": "wamid.0", "emoji": "👍"}) for of in reactions]
    return message_body(messages, _all_statuses(first, MESSAGES))


def thousand(number: int) -> Json:
    return message_body(statuses=_all_statuses(number * 1_000, 334)[:1_000])


def _all_statuses(first: int, messages: int) -> list[Json]:
    return [each for of in range(first, first + messages) for each in statuses_of(of, STATES)]


def _contact(wa_id: str, user_id: str) -> Json:
    return {"profile": {"name": "Lucía"}, "wa_id": wa_id, "user_id": user_id}

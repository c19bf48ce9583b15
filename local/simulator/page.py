"""The conversations as one plain page, readable without any outside address."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from local.simulator.state import Message, iso

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>WhatsApp simulator</title>
<style>
body { font: 16px/1.4 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
article { white-space: pre-line; margin: .5rem 0; padding: .5rem .8rem; border-radius: .5rem; }
.out { background: #e7f7df; margin-left: 4rem; }
.in { background: #eee; margin-right: 4rem; }
small { color: #555; }
</style>
<h1>Conversations</h1>
"""


def render(messages: Iterable[Message]) -> str:
    by_phone = sorted(messages, key=lambda message: message.phone)
    parts = [
        f"<h2>{escape(phone)}</h2>\n" + "".join(map(_bubble, conversation))
        for phone, conversation in groupby(by_phone, key=lambda message: message.phone)
    ]
    return _HEAD + ("".join(parts) or "<p>Nobody has written yet.</p>\n")


def _bubble(message: Message) -> str:
    text = escape(message.text) or f"[{escape(message.type)}]"
    small = escape(f"{iso(message.at)} {message.template} {message.status}")
    return f'<article class="{message.direction}">{text}\n<small>{small}</small></article>\n'

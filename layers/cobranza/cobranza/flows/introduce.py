"""The first answer that somebody gets says that a machine gives it."""

from datetime import UTC, datetime

from cobranza.conversation.answers import Answer, words_for
from cobranza.store.conversations import Conversations

_EVER = datetime.min.replace(tzinfo=UTC)


def introduced(conversations: Conversations, chat: str, event: str, language: str, text: str) -> str:
    """The text of the answer to this message of the conversation, introduced where it is the first."""
    if conversations.takes_turn(chat, "automatic", event, _EVER):
        return f"{words_for(Answer.AUTOMATIC, language)} {text}"
    return text

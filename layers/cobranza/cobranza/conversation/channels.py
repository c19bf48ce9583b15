"""Which other way to be reached somebody asks for, by the names that contacts files have for them."""

from cobranza.conversation.words import sound, words_of

CALL = "call"
# As they are written; "mail" is electronic in the languages of most.
_WAYS = {
    CALL: "llámenme llámeme llámame llamen llame llamada llamarme márquenme márqueme márcame teléfono ligue "
    "liguem liga ligar ligação telefone call calling phone llamarnos marquen marcar marcarme",
    "email": "correo correos e-mail mail email emails",
    "sms": "sms torpedo",
    "letter": "carta cartas letter",
}
_WAY_OF = {sound(word): way for way, words in _WAYS.items() for word in words.split()}
_NOT = frozenset({"no", "nao", "do", "dejen", "deje", "dejar", "paren", "pare", "parem", "para", "stop"})


def channel_asked(decided: str, text: str) -> str:
    """The first way that is named by the words which decided it, or else by the whole text, in which a call is
    asked for unless another way is: words that begin with a no tell what is not wanted. Empty where that is a
    call, and no other way is named."""
    words = _sounds(decided)
    named = [_WAY_OF[word] for word in words if word in _WAY_OF]
    is_refused = bool(words) and words[0] in _NOT
    if named and not is_refused:
        return named[0]
    others = [_WAY_OF[word] for word in _sounds(text) if _WAY_OF.get(word, CALL) != CALL]
    return next(iter(others), "" if CALL in named else CALL)


def _sounds(text: str) -> list[str]:
    return [word.sound for word in words_of(text, {})]

"""What a borrower means.

Only a whole message that is a known phrase counts: a borrower who writes about stopping is not one who asks
us to stop. "Cancelar" alone is not here, since in Spanish it also means to pay.
"""

import re
import unicodedata
from enum import StrEnum

MAX_CHARS = 4096


class Intent(StrEnum):
    STOP = "STOP"
    OTHER = "OTHER"


# Folded, one phrase a line.
_STOP = """
alto
baja
baja para no recibir mas
la baja
mi baja
basta
borren mi numero
cancelar la suscripcion
cancelar los mensajes
cancelar mensajes
cancelar mi suscripcion
cancelar suscripcion
dame de baja
dar baja
dar de baja
dar de baja este numero
dar de baja mi numero
darme de baja
darme de baja de la lista
darme de baja de los mensajes
de baja
deja de escribirme
dejar de recibir mensajes
dejen de escribir
dejen de escribirme
dejen de mandar mensajes
dejen de mandarme mensajes
dejen de molestar
dejen de molestarme
deme de baja
denme de baja
desuscribir
desuscribirme
eliminen mi numero
no deseo recibir mas mensajes
no deseo recibir mensajes
no enviar mas
no enviar mas mensajes
no envien mas mensajes
no escribir
no escribir mas
no escriban mas
no mandar mas mensajes
no manden mas mensajes
no mas
no mas mensajes
no me contacten
no me contacten mas
no me envien mas mensajes
no me envien mensajes
no me escriba mas
no me escriban
no me escriban mas
no me escribas mas
no me manden mas mensajes
no me manden mensajes
no me molesten
no me molesten mas
no molestar
no molesten
no quiero mas mensajes
no quiero que me escriban
no quiero que me escriban mas
no quiero recibir mas mensajes
no quiero recibir mensajes
parar
parar mensajes
pare
pare de escribirme
paren
paren de escribirme
que no me escriban
que no me escriban mas
que ya no me escriban
quitenme de la lista
sacenme de la lista
salir
ya basta
ya no me contacten
ya no me escriba
ya no me escriban
ya no me escriban mas
ya no me manden mensajes
ya no me molesten
ya no quiero mas mensajes
ya no quiero recibir mensajes

cancelar inscricao
cancelar mensagens
descadastrar
descadastre
me descadastre
me remova da lista
me tire da lista
nao envie mais
nao envie mais mensagens
nao enviem mais mensagens
nao me escreva mais
nao me mande mais mensagem
nao me mande mais mensagens
nao me mandem mais mensagens
nao me perturbe
nao perturbe
nao quero mais mensagens
nao quero mais receber mensagens
nao quero receber mais mensagens
nao quero receber mensagens
para de enviar mensagens
para de me mandar mensagem
parar de enviar
parar de enviar mensagens
parar mensagens
pare de enviar
pare de enviar mensagens
pare de me enviar mensagens
pare de me mandar mensagem
pare de me mandar mensagens
parem de enviar mensagens
parem de me mandar mensagens
sair
sair da lista
sair para nao receber mais

do not contact me
do not message me
do not text me
dont contact me
dont message me
dont message me anymore
dont text me
leave me alone
no more messages
opt me out
opt out
optout
quit
remove me
remove me from the list
stop
stop all
stop to receive no more
stop to unsubscribe
stop contacting me
stop it
stop messages
stop messaging me
stop sending messages
stop sending me messages
stop texting me
unsubscribe
unsubscribe me
"""

_POLITE = """
bom dia
boa noite
boa tarde
buen dia
buenas
buenas noches
buenas tardes
buenos dias
deseo
favor
favor de
gostaria de
gracias
hello
hi
hola
i want to
me gustaria
mil gracias
muchas gracias
muito obrigada
muito obrigado
necesito
obrigada
obrigado
oi
ok
ola
please
pls
por favor
porfa
porfavor
quero
quiero
quisiera
reply
responda
responder
responder con
solicito
solicito la
thank you
thanks
ya
ya pague
"""


def understand(text: str) -> Intent:
    """The intent of a message's text; its first 4,096 characters (WhatsApp's limit) are read."""
    return Intent.STOP if _STOP_MESSAGE.fullmatch(_folded(text[:MAX_CHARS]) + " ") else Intent.OTHER


def _folded(text: str) -> str:
    """Lower-case words of plain letters and digits, one space between: accents, invisible marks and
    apostrophes are dropped, everything else parts words."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFKD", text).casefold():
        if char.isalnum():
            kept.append(char)
        elif char not in "'’" and unicodedata.category(char) not in {"Mn", "Me", "Cf"}:
            kept.append(" ")
    return " ".join("".join(kept).split())


def _any_of(table: str) -> str:
    """One phrase of the table and its space. Longest first and never reconsidered (an atomic group), so that
    no message makes the match slow."""
    phrases = sorted(filter(None, table.splitlines()), key=len, reverse=True)
    return f"(?>(?:{'|'.join(phrases)}) )"


_STOP_MESSAGE = re.compile(f"{_any_of(_POLITE)}*+(?:{_any_of(_STOP)}++{_any_of(_POLITE)}*+)++")

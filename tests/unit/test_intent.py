import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.conversation.intent import Intent, understand

TODAY = date(2026, 11, 18)

STOPS = """
baja
BAJA para no recibir más.
Responda BAJA para no recibir más
Responda BAJA
baja ya
Baja, ya pagué
solicito la baja
ya dejen de molestar
Responda SAIR para não receber mais
Reply STOP to receive no more
BAJA
Baja.
«BAJA»
¡Baja!
baja por favor
Por favor, baja
Hola, quiero dar de baja. Gracias
quiero darme de baja
Dar de baja
de baja
stop
STOP
Stop!!!
stop 🛑
🛑 STOP 🛑
S\u200btop
ＳＴＯＰ
stop stop stop
stop, please
alto
ALTO!
parar
pare
Pare, por favor.
cancelar suscripcion
Cancelar suscripción
no me escriban
No me escriban más
no me escriban mas!!! 😡
ya no me escriban
Ya no me escriban más, por favor
NO MAS MENSAJES
no más mensajes, gracias
no quiero recibir más mensajes
No quiero recibir mas mensajes. Muchas gracias.
Buenas tardes, no quiero más mensajes
basta
sair
SAIR
Sair, por favor
descadastrar
parar de enviar
Não quero receber mais mensagens
nao quero receber mais mensagens, obrigado
Bom dia. Não quero receber mais mensagens. Obrigada!
unsubscribe
Unsubscribe, please
Please stop
stop messages
I want to unsubscribe
don't message me
Don’t message me anymore
Stop. No me escriban más.
  b\u0301aja
""".strip().splitlines()

NEAR_MISSES = """
ya pagué
la baja de intereses
voy a parar a pagar mañana
baja los intereses
me bajaron el sueldo
puede dar de baja el recargo?
cancelar
quiero cancelar
Quiero cancelar mi deuda
voy a cancelar hoy
cancelado
ya cancelé
trabaja
bajo
la baja del interés
dieron de baja mi tarjeta
estoy de baja médica
no
no gracias
gracias
por favor
hola
ok
alto costo
el monto es muy alto
no me escriban a este correo sino al otro
no me escriban mañana, hoy pago
no quiero pagar
no quiero recibir la factura en papel
no más recargos
ya no me cobren intereses
parar el cobro automático
pare de cobrar juros
para
para mañana
vou sair mais tarde
sair do vermelho
não quero pagar mais juros
stop charging me interest
can you stop the late fee?
non stop
stopped by the office
bus stop
unsubscribed from cable
la suscripción la quiero cancelar el viernes
no baja
nobaja
¿baja?mos el interés
🛑
...
1
""".strip().splitlines()


@pytest.mark.parametrize("text", STOPS)
def test_who_asks_to_stop_is_understood(text: str) -> None:
    assert understand(text, TODAY).intent is Intent.STOP


@pytest.mark.parametrize("text", ["", " ", "\n", *NEAR_MISSES])
def test_who_writes_of_something_else_is_not_stopped(text: str) -> None:
    assert understand(text, TODAY).intent is not Intent.STOP


@given(st.sampled_from(STOPS), st.sampled_from(["", " ", "\n", "!", " 🙏", "… "]), st.booleans())
def test_case_and_decoration_do_not_matter(text: str, around: str, upper: bool) -> None:
    assert understand(around + (text.upper() if upper else text) + around, TODAY).intent is Intent.STOP


@given(st.text())
def test_any_text_has_an_intent(text: str) -> None:
    assert understand(text, TODAY).intent in Intent


@pytest.mark.parametrize("phrase", ["quiero dar de baja ", "stop messages ", "por favor ", "no mas ", "\u0301"])
def test_no_message_makes_it_slow(phrase: str) -> None:
    started = time.thread_time()
    understand(phrase * 2000, TODAY)
    understand(phrase * 200 + "x", TODAY)
    assert time.thread_time() - started < 0.5

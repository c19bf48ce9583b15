"""The contacts file: what people said to the creditor's other desks, and how they were contacted from there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from cobranza.errors import InvalidInput
from cobranza.files.cells import (
    BORROWER_NAMES,
    DEBT_ID_NAMES,
    MAX_SOURCE,
    MAX_TEXT,
    Cells,
    fold,
    start_of_day,
    words,
)
from cobranza.files.codes import refuse
from cobranza.files.columns import Columns
from cobranza.files.consent import is_to_reminders, other_purpose
from cobranza.files.debts import MAX_TAG
from cobranza.files.synonyms import DEBT_NAMES
from cobranza.ledger.phone import parse_phone
from cobranza.ledger.promise import HORIZON, Promise
from cobranza.ledger.standing import OF_ONE_DEBT, OPEN_END, WHATSAPP, Action, Said, Word

COLUMNS = Columns(
    kind="contacts",
    names=(
        "borrower_id",
        "action",
        "at",
        "source",
        "text",
        "until",
        "debt_id",
        "phone",
        "channel",
        "consent",
        "consent_at",
        "consent_source",
        "consent_text",
        "consent_purpose",
        "promise_amount",
    ),
    required=("borrower_id",),
    one_of=(("action", "consent"),),
    dates=("at", "until", "consent_at"),
    amounts=("promise_amount",),
    keys=("borrower_id",),
    tells_stops=True,
    synonyms={
        "borrower_id": BORROWER_NAMES,
        "action": ("accion", "gestion", "tipo gestion", "evento", "acao", "event"),
        "at": ("fecha", "fecha hora", "momento", "timestamp", "fecha accion", "fecha gestion"),
        "source": ("origen", "fuente", "origem", "fonte"),
        "text": ("texto", "comentario", "observacion", "observaciones", "nota", "observacao", "comment", "note"),
        "until": ("hasta", "fecha hasta", "ate", "hold until", "fecha promesa", "fecha compromiso"),
        "promise_amount": ("monto promesa", "importe promesa", "monto prometido", "valor prometido"),
        "debt_id": DEBT_ID_NAMES,
        "phone": (*DEBT_NAMES["phone"], "tel nuevo", "cel nuevo", "novo tel"),
        "channel": ("canal", "canal preferido", "preferred channel"),
        **{name: names for name, names in DEBT_NAMES.items() if name.startswith("consent")},
    },
)

# What people write, folded: lower case, without accents, words joined by underscores.
ACTIONS: Mapping[str, str] = words(
    opt_out="baja darse_de_baja stop parar sair no_contactar cancelar_envios descadastrar optout unsubscribe",
    opt_in="alta reactivar voltar entrar optin subscribe start",
    hold="retener retencion suspender pausa pausar espera esperar segurar suspensao prorroga",
    release="liberar reanudar levantar_pausa levantar_retencion retomar resume unhold",
    dispute="disputa en_disputa reclamo reclamacion aclaracion contestar contestacao reclamacao claim",
    resolved="resuelta resuelto disputa_resuelta resolvida resolvido disputa_resolvida resolve",
    wrong_number="numero_equivocado equivocado numero_errado numero_incorrecto",
    phone="telefono nuevo_telefono cambio_de_telefono cambio_telefono telefone novo_telefone celular new_phone",
    second_phone="segundo_telefono telefono_2 telefono_alterno segundo_telefone telefone_2 phone_2",
    channel="canal cambio_de_canal cambio_canal mudanca_de_canal preferred_channel",
    call="llamada llamado ligacao chamada telefonema phone_call",
    visit="visita visita_domiciliaria field_visit",
    promise="promesa promesa_de_pago promesa_pago compromiso compromiso_de_pago acuerdo promessa "
    "promessa_de_pagamento acordo ptp promise_to_pay",
    tag="etiqueta etiquetar marcar marca etiquetar_cliente etiqueta_cliente label marcador",
    untag="quitar_etiqueta sin_etiqueta desmarcar remover_etiqueta tirar_etiqueta unlabel remove_tag",
    erase="borrar borrado eliminar supresion cancelacion_arco apagar exclusao excluir erasure delete forget",
)
CHANNELS: Mapping[str, str] = words(
    whatsapp="wa wsp wpp zap",
    email="correo mail e_mail correo_electronico",
    call="llamada telefono ligacao telefone phone",
    sms="mensaje_de_texto torpedo",
    letter="carta correspondencia",
    visit="visita presencial in_person",
)

# Only a word with a source lifts or changes what was said; a stop counts whoever tells it.
_NEEDS_SOURCE = frozenset(
    {
        Action.OPT_IN,
        Action.CONSENT,
        Action.RESOLVED,
        Action.RELEASE,
        Action.HOLD,
        Action.PHONE,
        Action.SECOND_PHONE,
        Action.CHANNEL,
        Action.PROMISE,
        Action.TAG,
        Action.UNTAG,
    }
)
_STOPS = frozenset({Action.OPT_OUT, Action.WRONG_NUMBER, Action.DISPUTE, Action.HOLD, Action.ERASE})
_LIFTS = frozenset({Action.OPT_IN, Action.CONSENT, Action.RESOLVED, Action.RELEASE, Action.PHONE, Action.UNTAG})
_NOON = time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """`said` has one statement or two: a row may tell an action and consent. Those in OF_ONE_DEBT are of
    `debt_id` (all its instalments) where it is filled, all others of the borrower."""

    borrower_id: str
    debt_id: str
    said: tuple[Said, ...]

    @property
    def of_debt(self) -> tuple[Said, ...]:
        return tuple(said for said in self.said if self.debt_id and said.action in OF_ONE_DEBT)

    @property
    def of_borrower(self) -> tuple[Said, ...]:
        return tuple(said for said in self.said if not self.debt_id or said.action not in OF_ONE_DEBT)


def read_contact(cells: Cells, country: str = "") -> ContactRow:
    """Reads one row; `country` (ISO 3166-1 alpha-2) is that of phones without a country code, empty where they are
    refused. A date without time is the end of its day for what stops, and its beginning for what lifts, so that of
    one day the stop wins; a stop whose moment cannot be read is of now, and a hold without a last day lasts until
    somebody releases it. What is said of the person holds whatever debt stands beside it. Raises InvalidInput for
    the first bad cell."""
    borrower_id = cells.id("borrower_id", required=True)
    said: list[Said] = []
    if cells.text("action"):
        said.append(_action(cells, country))
    if consent := _consent(cells):
        said.append(consent)
    if not said:
        raise refuse("MISSING_VALUE", " | ".join(COLUMNS.one_of[0]), "action")
    return ContactRow(
        borrower_id=borrower_id,
        debt_id=cells.id("debt_id") if any(each.action in OF_ONE_DEBT for each in said) else "",
        said=tuple(said),
    )


def _action(cells: Cells, country: str) -> Said:
    known = ACTIONS.get(fold(cells.text("action")))
    if known is None:
        raise refuse(
            "BAD_ACTION", f"{cells.text('action')[:40]!r}; {', '.join(sorted(set(ACTIONS.values())))}", "action"
        )
    action = Action(known)
    match action:
        case Action.CHANNEL:
            text = _channel(cells)
        case Action.TAG | Action.UNTAG:
            text = _tag(cells)
        case Action.PHONE | Action.SECOND_PHONE:
            text = parse_phone(cells.required("phone"), country).e164
        case Action.PROMISE:
            text = _promised(cells)
        case _:
            text = cells.prose("text", MAX_TEXT)
    at, has_time = cells.moment_of_stop("at") if action in _STOPS else cells.moment("at")
    if not has_time:
        at = _without_time(at, action, text)
    source = cells.line("source", MAX_SOURCE, required=action in _NEEDS_SOURCE)
    return Said(action, Word(at, text, source), _until(cells, action, at))


def _until(cells: Cells, action: Action, at: datetime) -> date | None:
    match action:
        case Action.HOLD:
            return _last_day(cells)
        case Action.PROMISE:
            day = cells.day("until")
            if not Promise(at, day).is_near:
                raise refuse("BAD_PROMISE", f"{day} ≤ {at.date() + HORIZON}", "until")
            return day
        case _:
            return None


def _last_day(cells: Cells) -> date:
    """OPEN_END where it cannot be read, because what stops us counts all the same."""
    try:
        return cells.day("until")
    except InvalidInput:
        return OPEN_END


def _promised(cells: Cells) -> str:
    """The amount in plain figures; empty for all that is owed."""
    if not cells.text("promise_amount"):
        return ""
    return str(cells.formats.amount(cells.text("promise_amount"), "", "promise_amount"))


def _tag(cells: Cells) -> str:
    tag = cells.required("text").strip().lower()
    if len(tag) > MAX_TAG or not tag.isprintable():
        raise refuse("BAD_TAGS", f"≤ 1 × {MAX_TAG}", "text")
    return tag


def _channel(cells: Cells) -> str:
    channel = CHANNELS.get(fold(cells.required("channel")))
    if channel is None:
        raise refuse("BAD_CHANNEL", repr(cells.text("channel")[:40]), "channel")
    return channel


def _without_time(at: datetime, action: Action, text: str) -> datetime:
    """`at` is the end of its day. Calls and visits lie in its middle, so that it is the same day in the zones
    around."""
    if action in (Action.CALL, Action.VISIT):
        return datetime.combine(at.date(), _NOON, at.tzinfo)
    lifts = action in _LIFTS or (action is Action.CHANNEL and text == WHATSAPP)
    return start_of_day(at) if lifts else at


def _consent(cells: Cells) -> Said | None:
    """Moment and source of a "yes" are its evidence; without their own columns the row's stand for them."""
    agreed = cells.yes_or_no("consent", "BAD_CONSENT")
    if agreed is None:
        return None
    if agreed and not is_to_reminders(cells.text("consent_purpose")):
        raise other_purpose(cells.text("consent_purpose"))
    when = "consent_at" if cells.text("consent_at") else "at"
    at, has_time = cells.moment(when) if agreed else cells.moment_of_stop(when)
    if agreed and not has_time:
        at = start_of_day(at)
    column = "consent_source" if cells.text("consent_source") else "source"
    source = cells.line(column, MAX_SOURCE, required=agreed)
    text = cells.prose("consent_text", MAX_TEXT)
    return Said(Action.CONSENT if agreed else Action.NO_CONSENT, Word(at, text, source))

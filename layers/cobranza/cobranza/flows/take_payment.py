"""A payment that a gateway tells goes the way of those in files: once ever by its number, then confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cobranza.files.row import Row
from cobranza.flows.applied import CREATED, Applied, Job, Rooms
from cobranza.flows.apply_payments import apply_payments, payment_ref
from cobranza.flows.hold_payers import Doubtful, hold_payers, keep_for_owners
from cobranza.gateway.payment import BadPayment, GatewayPayment
from cobranza.ledger.payment import Named, Payment, Unmatched
from cobranza.policy.closing import home_zone
from cobranza.store import keys
from cobranza.store.journal import PAYMENT_UNMATCHED

# What stands where imports have their id. Whoever dies comes again under the same one, and ends what it began.
SOURCE = "gateway"


@dataclass(frozen=True, slots=True)
class Taken:
    """applied: it is booked as a gateway told it; known: a file had told it; unmatched: it belongs to nobody, for
    this reason. `payment` and `borrower` are references; of nobody's money the one that was named, if one was."""

    status: Literal["applied", "known", "unmatched"]
    payment: str
    borrower: str
    reason: Unmatched = ""


@dataclass(frozen=True, slots=True)
class PaymentDesk:
    rooms: Rooms

    def take(self, told: GatewayPayment, now: datetime) -> Taken:
        """Raises BadPayment where nobody has declared the portfolio, and where the number is another payment's."""
        portfolio = self.rooms.ledger.portfolio(told.portfolio)
        if portfolio is None:
            raise BadPayment([{"field": "portfolio", "problem": "there is no such portfolio"}])
        payment, applied = told.payment(home_zone(portfolio)), Applied()
        job = Job(told.portfolio, SOURCE, now, portfolio)
        saved = apply_payments(self.rooms, [(Row(1, ()), payment)], job, applied)
        ref = payment_ref(self.rooms, job, payment.payment_id)
        named = self.rooms.borrower(payment.borrower_id) if payment.borrower_id else ""
        for lost in applied.unmatched:
            self._hold(payment, lost.code, job)
            self._keep(ref, payment, lost.code, job)
            return Taken("unmatched", ref, named, lost.code)
        for refused in applied.refusals:
            raise BadPayment([{"field": "id", "problem": refused.reason}])
        borrower = next((each.borrower for each in saved), named)
        return Taken("applied" if applied.changes[CREATED] else "known", ref, borrower)

    def doubt(self, payer: str, now: datetime) -> None:
        """Something that cannot be booked names this borrower, if it names one."""
        if payer:
            hold_payers(self.rooms, [Doubtful(Named(payer, "", "", ""))], Job("", SOURCE, now))

    def _hold(self, payment: Payment, code: Unmatched, job: Job) -> None:
        """The debt of a payer who is named is not looked for: the gateway waits, and the open book is long."""
        told = Doubtful(payment.named, payment.moment)
        if payment.borrower_id:
            payer = Named(payment.borrower_id, "", "", "")
            hold_payers(self.rooms, [told._replace(named=payer)], job)
        elif code == "SEVERAL_BORROWERS":
            hold_payers(self.rooms, [told], job)
        else:
            keep_for_owners(self.rooms, [told], job)

    def _keep(self, ref: str, payment: Payment, code: Unmatched, job: Job) -> None:
        """Before the journal names it: the day's file is made of both."""
        self.rooms.payments.keep_unmatched(ref, payment, code, job.now)
        facts = {"portfolio": job.portfolio_id, "source": SOURCE, "code": code}
        self.rooms.journal.append(keys.portfolio_pk(job.portfolio_id), job.now, PAYMENT_UNMATCHED, ref, facts)

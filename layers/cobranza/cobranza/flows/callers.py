"""Who is at the other end of a webhook body's events: asked once for each number."""

from dataclasses import dataclass, field

from cobranza.ledger.phone import phone_variants
from cobranza.refs import References
from cobranza.store.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Callers:
    """Of one body: the next one may come after an import."""

    ledger: Ledger
    references: References
    _known: dict[str, list[str]] = field(default_factory=dict[str, list[str]], init=False)

    def borrowers(self, wa_id: str) -> list[str]:
        """Who has this number. Never by last digits."""
        if wa_id not in self._known:
            refs = self.phones(wa_id)
            self._known[wa_id] = sorted({each for ref in refs for each in self.ledger.borrowers_behind(ref)})
        return self._known[wa_id]

    def phones(self, wa_id: str) -> list[str]:
        """One reference for each form in which WhatsApp may report this number; none when it is hidden."""
        return [self.references.ref("phone", f"+{form}") for form in phone_variants(wa_id)] if wa_id else []

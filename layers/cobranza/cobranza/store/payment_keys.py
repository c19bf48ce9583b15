"""How the keys of payments are written and read. As in keys.py, nobody else knows their shape."""

PAYMENT = "PAYMENT"
UNMATCHED = "UNMATCHED"
OWNERLESS = "OWNERLESS"


def payment(ref: str) -> dict[str, str]:
    """A payment by the reference to its portfolio and number."""
    return {"pk": f"{PAYMENT}#{ref}", "sk": PAYMENT}


def unmatched(ref: str) -> dict[str, str]:
    """The same of a payment that belongs to nobody we know."""
    return {"pk": f"{PAYMENT}#{ref}", "sk": UNMATCHED}


def is_payment(pk: str) -> bool:
    return pk.startswith(f"{PAYMENT}#")


def ownerless(portfolio_id: str, moment: str, debt_ref: str) -> dict[str, str]:
    """That a debt which nobody owed yet was paid at that moment."""
    return {"pk": f"{OWNERLESS}#{portfolio_id}", "sk": f"{moment}#{debt_ref}"}


def payment_of(pk: str) -> str:
    return pk.removeprefix(f"{PAYMENT}#")

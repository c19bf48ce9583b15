"""How the keys of what is known of a phone are written, besides who has it and who stopped: as in keys.py, nobody
else knows their shape, and phones and user ids appear in them only as references.
"""

from cobranza.store.keys import reference_pk

PHONES, MOVED = "PHONES", "MOVED"


def user_id(ref: str) -> dict[str, str]:
    """Whose number a business-scoped user id stands for."""
    return {"pk": reference_pk(ref), "sk": PHONES}


def moved(ref: str) -> dict[str, str]:
    """Where the owner of this phone went."""
    return {"pk": reference_pk(ref), "sk": MOVED}

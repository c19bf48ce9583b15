"""What Meta has registered, told as a sync would keep it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cobranza.policy.registered import Registered
from cobranza.whatsapp.templates import shipped_templates
from tests.integration.world import World


def sync(world: World, *changed: Registered, without: Iterable[str] = ()) -> None:
    """Meta has all that ships as it ships, but for these in Spanish."""
    registered = {
        key: Registered(*key, "APPROVED", "UTILITY", shape=t.shape) for key, t in shipped_templates().items()
    }
    registered |= {(each.name, each.language): each for each in changed}
    world.templates.save([each for each in registered.values() if each.name not in without], world.now)


def as_(name: str, **other: Any) -> Registered:
    ours = Registered(name, "es", "APPROVED", "UTILITY", shape=shipped_templates()[name, "es"].shape)
    return replace(ours, **other)


def shaped(name: str, **other: Any) -> Registered:
    return as_(name, shape=replace(shipped_templates()[name, "es"].shape, **other))

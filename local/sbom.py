"""What is in the layers and not ours, for whoever has to vouch for it: `make sbom` writes a CycloneDX list and a
table of licences into build/sbom/, from the pins and from what installed packages say of themselves.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).parents[1]
LAYERS = ("vendor", "sheets")
PLACE = ROOT / "build" / "sbom"
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# Whoever ships them gives their own code away. The lesser GPL and Mozilla's ask that of their own files alone.
_BINDING = re.compile(r"\bA?GPL|Affero|(?<!Lesser )General Public License", re.IGNORECASE)
_LESSER = re.compile(r"\bLGPL|Lesser General Public License", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """A pin of a layer. `hashes` are SHA-256 of its files, any of which may be what is installed."""

    name: str
    version: str
    layer: str
    hashes: tuple[str, ...]
    licence: str

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def binds(self) -> bool:
        return bool(_BINDING.search(_LESSER.sub("", self.licence)))


def packages() -> list[Package]:
    """Every pin of both layers, by name. Raises PackageNotFoundError where one is not installed here."""
    found = (each for layer in LAYERS for each in _pinned(layer))
    return sorted(found, key=lambda package: package.name)


def cyclonedx(listed: Sequence[Package]) -> dict[str, Any]:
    """A CycloneDX 1.6 document (cyclonedx.org/docs/1.6/json); the same pins give the same."""
    components = [_component(each) for each in listed]
    digest = hashlib.sha256(json.dumps(components).encode()).digest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "cobranza"}},
        "components": components,
    }


def licences(listed: Sequence[Package]) -> str:
    """A table in Markdown."""
    lines = [f"| {each.name} | {each.version} | {each.layer} | {each.licence} |" for each in listed]
    return "\n".join(["| package | version | layer | licence |", "|---|---|---|---|", *lines, ""])


def licence_of(told: metadata.PackageMetadata) -> str:
    """What a package says of its licence: its expression, else its classifiers, else the first line of its text;
    empty where it says nothing."""
    if expression := told.get("License-Expression"):
        return expression
    classifiers: list[str] = told.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    text = (told.get("License") or "").strip().partition("\n")[0]
    return " AND ".join(named) or text


def _pinned(layer: str) -> Iterator[Package]:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text(encoding="utf-8")
    pins = [*_PIN.finditer(text)]
    ends = [*(pin.start() for pin in pins[1:]), len(text)]
    for pin, end in zip(pins, ends, strict=True):
        hashes = tuple(_HASH.findall(text[pin.start() : end]))
        licence = licence_of(metadata.metadata(pin["name"]))
        yield Package(pin["name"], pin["version"], layer, hashes, licence)


def _component(each: Package) -> dict[str, Any]:
    # A licence's name is free text here: packages do not all say it as SPDX does.
    return {
        "type": "library",
        "bom-ref": each.purl,
        "name": each.name,
        "version": each.version,
        "purl": each.purl,
        "licenses": [{"license": {"name": each.licence}}],
        "properties": [
            {"name": "cobranza:layer", "value": each.layer},
            *({"name": "cobranza:sha256", "value": value} for value in each.hashes),
        ],
    }


def write(place: Path) -> None:
    listed = packages()
    place.mkdir(parents=True, exist_ok=True)
    (place / "sbom.json").write_text(json.dumps(cyclonedx(listed), indent=2), encoding="utf-8")
    (place / "licences.md").write_text(licences(listed), encoding="utf-8")
    print(f"{len(listed)} packages: {place}/sbom.json, licences.md")


if __name__ == "__main__":
    write(PLACE)

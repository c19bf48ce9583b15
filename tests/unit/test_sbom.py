"""What is not ours in the layers is listed whole, and binds nobody who ships it."""

import json
import re
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import pytest

from local.sbom import LAYERS, ROOT, Package, cyclonedx, licence_of, licences, packages, write


def pins(layer: str) -> set[str]:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text()
    return {line.split()[0] for line in text.splitlines() if re.match(r"\S+==", line)}


def test_every_pin_of_both_layers_is_listed_with_its_files() -> None:
    listed = packages()
    assert {f"{each.name}=={each.version}" for each in listed} == set().union(*map(pins, LAYERS))
    assert all(each.hashes for each in listed)


def test_what_is_listed_is_what_was_asked_for_its_licence() -> None:
    for each in packages():
        assert metadata.version(each.name) == each.version


def test_no_licence_in_the_layers_is_unknown_or_binds_our_own_code() -> None:
    for each in packages():
        assert each.licence, f"{each.name} does not say its licence"
        assert not each.binds, f"{each.name}: {each.licence}"


@pytest.mark.parametrize(
    "licence",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "GNU General Public License v2 (GPLv2)",
        "GNU Affero General Public License v3",
        "MIT AND GPL-2.0-only",
    ],
)
def test_a_licence_that_binds_is_known(licence: str) -> None:
    assert Package("a", "1", "vendor", (), licence).binds


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0", "MPL-2.0", "LGPL-3.0-or-later", "GNU Lesser General Public License v3 (LGPLv3)", "BSD"],
)
def test_a_licence_that_does_not_is_let_through(licence: str) -> None:
    assert not Package("a", "1", "vendor", (), licence).binds


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ({"License-Expression": "MIT", "License": "other"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: MIT License", "License": "a long text"}, "MIT License"),
        ({"License": "BSD 3-Clause\n\nCopyright"}, "BSD 3-Clause"),
        ({}, ""),
    ],
)
def test_a_package_says_its_licence_in_one_of_three_ways(told: dict[str, str], licence: str) -> None:
    message = Message()
    for name, value in told.items():
        message[name] = value
    assert licence_of(cast(Any, message)) == licence


def test_the_same_pins_make_the_same_list(tmp_path: Path) -> None:
    write(tmp_path)
    told = json.loads((tmp_path / "sbom.json").read_text())
    assert told == cyclonedx(packages())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    names = {component["bom-ref"] for component in told["components"]}
    assert len(names) == len(packages())
    assert (tmp_path / "licences.md").read_text() == licences(packages())

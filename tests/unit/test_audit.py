"""What `make audit` says of the pins, by what pip-audit 2.10 answered when it was recorded."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from local.audit import PINS, ask, audit
from tests.unit.template import ROOT

CLEAN = {"name": "requests", "version": "2.32.5", "vulns": []}
BAD = {
    "name": "urllib3",
    "version": "1.26.4",
    "vulns": [{"id": "PYSEC-2021-108", "fix_versions": ["1.26.5"], "aliases": ["CVE-2021-33503"]}],
}
UNKNOWN = {"name": "python-calamine", "skip_reason": "Dependency not found on PyPI and could not be audited"}
NO_NETWORK = (
    "requests.exceptions.ProxyError: HTTPSConnectionPool(host='index.example.com', port=443): Max retries exceeded"
)
HANDLED = "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"
UNREADABLE = "ERROR:pip_audit._cli:requirement requests is not pinned to an exact version"

ONE, TWO = Path("one.txt"), Path("two.txt")


def answered(*dependencies: dict[str, Any]) -> CompletedProcess[str]:
    found = any(each.get("vulns") for each in dependencies)
    return CompletedProcess([], int(found), json.dumps({"dependencies": dependencies, "fixes": []}), "")


def failed(last: str) -> CompletedProcess[str]:
    return CompletedProcess([], 1, "", f"Traceback (most recent call last):\n{last}\n")


class Asked:
    """pip-audit with an answer for each file; it remembers which were asked about."""

    def __init__(self, **answers: CompletedProcess[str]) -> None:
        self.answers = answers
        self.files: list[str] = []

    def __call__(self, pins: Path) -> CompletedProcess[str]:
        self.files.append(pins.stem)
        return self.answers[pins.stem]


def test_pins_of_which_nothing_bad_is_known_pass() -> None:
    said, clean = audit([ONE, TWO], Asked(one=answered(CLEAN), two=answered(CLEAN, CLEAN)))
    assert clean
    assert said == ["· 3 pins compared with known vulnerabilities, 0 found"]


def test_a_known_vulnerability_is_red_and_named_once() -> None:
    said, clean = audit([ONE, TWO], Asked(one=answered(CLEAN, BAD), two=answered(BAD)))
    assert not clean
    assert said[0] == "urllib3 1.26.4: PYSEC-2021-108, mended in 1.26.5"
    assert said[1] == "· 3 pins compared with known vulnerabilities, 1 found"


@pytest.mark.parametrize("last", [NO_NETWORK, HANDLED])
def test_where_nobody_answers_it_says_so_in_one_line_and_goes_on(last: str) -> None:
    asked = Asked(one=failed(last), two=answered(CLEAN))
    said, clean = audit([ONE, TWO], asked)
    assert clean
    assert len(said) == 1
    assert last in said[0]
    assert asked.files == ["one"]


def test_an_index_that_knows_nothing_is_nobody_who_answers() -> None:
    said, clean = audit([ONE, TWO], Asked(one=answered(UNKNOWN), two=answered(UNKNOWN)))
    assert clean
    assert "not compared" in said[0]


def test_what_was_found_before_the_network_went_stays_red() -> None:
    said, clean = audit([ONE, TWO], Asked(one=answered(BAD), two=failed(NO_NETWORK)))
    assert not clean
    assert said[0].startswith("urllib3")


def test_a_package_that_nobody_knew_is_named() -> None:
    said, clean = audit([ONE], Asked(one=answered(CLEAN, UNKNOWN)))
    assert clean
    assert said[-1] == "· nobody knew python-calamine"


def test_a_file_that_cannot_be_read_is_not_a_network_that_is_away() -> None:
    with pytest.raises(RuntimeError, match="not pinned"):
        ask(ONE, Asked(one=failed(UNREADABLE)))


def test_all_pins_there_are_are_compared_and_the_first_file_is_one_package() -> None:
    there = {*(ROOT / "local" / "pins").glob("*.txt"), *(ROOT / "layers").glob("*/requirements.txt")}
    assert set(PINS) == there
    assert len(re.findall(r"^[\w.-]+==", PINS[0].read_text(encoding="utf-8"), re.MULTILINE)) == 1


@pytest.mark.parametrize("pins", PINS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_pin_has_a_hash_and_names_no_index(pins: Path) -> None:
    text = pins.read_text(encoding="utf-8")
    assert len(re.findall(r"^[\w.-]+==\S+ \\$", text, re.MULTILINE)) == len(
        re.findall(r"^[\w.-]+==", text, re.MULTILINE)
    )
    assert "://" not in text
    assert "index-url" not in text

"""Whether what is pinned has known vulnerabilities, by pip-audit: the second half of `make audit`.

Exits 1 where one is known. Where nobody answers it says so in one line and exits 0: a machine without a network,
or behind an index that knows no vulnerabilities, must be able to run CI.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# One package first: whether anybody answers is known before all others are asked about.
PINS = (
    ROOT / "layers" / "sheets" / "requirements.txt",
    ROOT / "layers" / "vendor" / "requirements.txt",
    *sorted((ROOT / "local" / "pins").glob("*.txt")),
)
_NOBODY = re.compile(r"Could not connect|(Connection|Connect|Proxy|SSL|Service)Error|Timeout|Max retries")
_COMMAND = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "--requirement")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the pins of a file: packages that somebody knew, those that nobody knew, and
    "name version: vulnerability, mended in …" for each that was found."""

    known: int
    unknown: tuple[str, ...]
    found: tuple[str, ...]


class NobodyAnswersError(Exception):
    """The service of known vulnerabilities was not reached."""


type Run = Callable[[Path], subprocess.CompletedProcess[str]]


def pip_audit(pins: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "pip-audit"), *_COMMAND, str(pins)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ask(pins: Path, run: Run) -> Answer:
    """Raises NobodyAnswersError, and RuntimeError where pip-audit cannot read the file."""
    done = run(pins)
    if not done.stdout.strip():
        last = done.stderr.strip().rpartition("\n")[2].partition(" (Caused")[0]
        raise NobodyAnswersError(last) if _NOBODY.search(last) else RuntimeError(f"{pins}: {last}")
    told = json.loads(done.stdout)["dependencies"]
    answer = Answer(
        known=sum("skip_reason" not in each for each in told),
        unknown=tuple(each["name"] for each in told if "skip_reason" in each),
        found=tuple(
            f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'none'}"
            for each in told
            for one in each.get("vulns", ())
        ),
    )
    if told and not answer.known:
        raise NobodyAnswersError(f"the index knows nothing of {told[0]['name']}")
    return answer


def audit(files: Iterable[Path], run: Run) -> tuple[list[str], bool]:
    """What to print, and whether there is no vulnerability that somebody knows."""
    known, unknown, found = 0, set[str](), set[str]()
    for pins in files:
        try:
            answer = ask(pins, run)
        except NobodyAnswersError as error:
            return [*sorted(found), f"· pins not compared with known vulnerabilities: {error}"], not found
        known += answer.known
        unknown |= set(answer.unknown)
        found |= set(answer.found)
    lines = [*sorted(found), f"· {known} pins compared with known vulnerabilities, {len(found)} found"]
    return lines + ([f"· nobody knew {', '.join(sorted(unknown))}"] if unknown else []), not found


if __name__ == "__main__":
    said, clean = audit(PINS, pip_audit)
    print("\n".join(said))
    sys.exit(not clean)

"""What a function's start costs before its first call: its handler imported in a fresh process that finds the
function's folder, its layers and the runtime's boto3 and nothing else, beside a bare `import boto3, requests`; and
with what the first call waits for, beside a boto3 that makes the same clients. Milliseconds of a processor, which
what else runs on the machine disturbs least; nothing of it waits.

The layers are build/local's, with their bytecode and, as they come from a machine without Python 3.13, without it.
Lambda cannot write bytecode into a layer: what is not compiled there is compiled at every start.
"""

import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import yaml

from tests.bench.report import Row

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build/local"
RUNTIME = ROOT / "build/tools/emulator/bin/python"
# What Lambda's Python has besides the standard library.
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six.py")
LAYERS = {"VendorLayer": 30, "CobranzaLayer": None, "SheetsLayer": None}
ALWAYS = ("CobranzaLayer", "VendorLayer")
LAMBDAS_LIMIT = 250
ROUNDS = 9
MOST = 2.1
MUST = ("send", "webhook")
BASELINES = ("", "clients")
MB = 1000**2

BASELINE = "import boto3, requests"
HANDLER = "import handler"
CLIENTS = """
for service in ("dynamodb", "sqs", "secretsmanager"):
    {client}(service)
"""
BARE_CLIENTS = BASELINE + CLIENTS.format(client="boto3.client")
OUR_CLIENTS = f"from cobranza.store.aws import client{CLIENTS.format(client='client')}"
# What is read of our files, and built of our models, when a text is understood and when a reminder is decided.
FIRST_CALL = {
    "webhook": """
from cobranza.conversation.phrases import phrases
from cobranza.policy.retention import kept_for
phrases(), kept_for("words_in")
""",
    "send": """
from cobranza.policy.contact_rules import rules_for
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.strategy import standard
from cobranza.whatsapp.templates import shipped_templates
rules_for("MX"), standard(), shipped_templates(), Portfolio.model_rebuild()
""",
}
MEASURE = r"""
import json, re, sys, time
before = time.process_time()
exec(sys.argv[1])
seconds = time.process_time() - before
status = open("/proc/self/status").read()  # getrusage would tell the peak of whoever started this process
print(json.dumps([seconds * 1000, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1000**2]))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """A script with the folders where it finds its modules, in order; `beside` names its baseline."""

    script: str
    path: tuple[Path, ...]
    beside: str = ""


# As a function has them.
GIVEN = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
}


class Once(NamedTuple):
    """Milliseconds of a start and of its baseline, and megabytes."""

    took: float
    bare: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians; `ratio` is that of each round to the baseline of the same round, which took `bare` milliseconds."""

    milliseconds: float
    bare: float
    megabytes: float
    ratio: float


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runtime = _runtime(folder / "runtime")
        compiled, plain = _layers(folder / "compiled"), _layers(folder / "plain")
        _compile(*compiled.values())
        starts = _starts(compiled, runtime)
        starts |= {f"{function}, no bytecode": _start(function, plain, runtime) for function in MUST}
        found = _measured(starts)
        return [*_rows(found), *_sizes(compiled, folder)]


def _starts(layers: dict[str, Path], runtime: Path) -> dict[str, Start]:
    """By what is measured: those of BASELINES are nothing of ours."""
    always = (*(layers[name] for name in ALWAYS), runtime)
    functions = sorted(each.parent.name for each in (ROOT / "functions").glob("*/handler.py"))
    imported = {function: _start(function, layers, runtime) for function in functions}
    return {
        "": Start(BASELINE, always),
        "clients": Start(BARE_CLIENTS, always),
        **imported,
        "three clients": Start(f"{BASELINE}\n{OUR_CLIENTS}", always, "clients"),
        **{
            f"{function}, first call ready": Start(
                f"{HANDLER}\n{OUR_CLIENTS}{reads}", imported[function].path, "clients"
            )
            for function, reads in FIRST_CALL.items()
        },
    }


def _start(function: str, layers: dict[str, Path], runtime: Path) -> Start:
    names = (*ALWAYS, "SheetsLayer") if function in _with_sheets() else ALWAYS
    return Start(HANDLER, (ROOT / "functions" / function, *(layers[name] for name in names), runtime))


def _with_sheets() -> set[str]:
    """The functions to which the template attaches the layer, by their folder."""
    resources = yaml.safe_load((BUILT / "template.yaml").read_text())["Resources"].values()
    return {
        Path(each["Properties"]["CodeUri"]).name
        for each in resources
        if {"Ref": "SheetsLayer"} in each.get("Properties", {}).get("Layers", ())
    }


def _runtime(folder: Path) -> Path:
    """boto3 as Lambda has it, compiled."""
    folder.mkdir()
    (site,) = (RUNTIME.parents[1] / "lib").glob("python3*/site-packages")
    for name in OF_THE_RUNTIME:
        found = site / name
        if found.is_dir():
            shutil.copytree(found, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, folder)
    _compile(folder)
    return folder


def _layers(folder: Path) -> dict[str, Path]:
    for name in LAYERS:
        shutil.copytree(BUILT / name / "python", folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return {name: folder / name for name in LAYERS}


def _compile(*folders: Path) -> None:
    command = [RUNTIME, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *folders]
    subprocess.run(command, check=True, env={})


def _measured(starts: dict[str, Start]) -> dict[str, Measured]:
    """The rounds go over all of them, so that whatever else the machine does slows each. Where a ratio has to be
    held its baseline is measured right before. The first round is for what the disk has to be asked for."""
    rounds = [_round(starts) for _ in range(ROUNDS + 1)][1:]
    return {
        name: Measured(
            median(each[name].took for each in rounds),
            median(each[name].bare for each in rounds),
            median(each[name].megabytes for each in rounds),
            median(each[name].took / each[name].bare for each in rounds),
        )
        for name in starts
    }


def _round(starts: dict[str, Start]) -> dict[str, Once]:
    bare = {name: _once(starts[name])[0] for name in BASELINES}
    found: dict[str, Once] = {}
    for name, start in starts.items():
        beside = _once(starts[start.beside])[0] if name in MUST else bare[start.beside]
        took, megabytes = _once(start)
        found[name] = Once(took, beside, megabytes)
    return found


def _once(start: Start) -> tuple[float, float]:
    """Milliseconds and megabytes."""
    command = [RUNTIME, "-S", "-B", "-c", MEASURE, start.script]
    environment = GIVEN | {"PYTHONPATH": os.pathsep.join(map(str, start.path))}
    done = subprocess.run(command, check=True, env=environment, cwd="/", stdout=subprocess.PIPE)
    milliseconds, megabytes = json.loads(done.stdout)
    return milliseconds, megabytes


def _rows(found: dict[str, Measured]) -> list[Row]:
    bare, _ = (found.pop(name) for name in BASELINES)
    rows: list[Row] = []
    for name, start in found.items():
        ratio, must = round(start.ratio, 2), name in MUST
        rows.append(
            Row(
                f"cold start: {name}",
                "ms of CPU",
                round(start.milliseconds),
                f"≤ {MOST} ×" if must else "-",
                ratio <= MOST or not must,
                round(start.bare),
                ratio,
                f"peak {start.megabytes:.0f} MB, the bare import {bare.megabytes:.0f} MB; {ROUNDS} processes",
            )
        )
    return rows


def _sizes(layers: dict[str, Path], folder: Path) -> list[Row]:
    """With bytecode, in millions of bytes: unpacked as Lambda limits it, packed in the notes."""
    sizes = {name: _size(path) for name, path in layers.items()}
    largest = max(_size(each.parent) for each in (ROOT / "functions").glob("*/handler.py"))
    rows: list[Row] = []
    for name, most in LAYERS.items():
        packed = _packed(layers[name], folder / f"{name}.zip")
        goal, ok = (f"≤ {most}", sizes[name] <= most) if most else ("-", True)
        rows.append(Row(f"layer: {name}", "MB", round(sizes[name], 1), goal, ok, note=f"{packed:.1f} MB packed"))
    everything = sum(sizes.values()) + largest
    goal = f"< {LAMBDAS_LIMIT}"
    return [*rows, Row("layers and function", "MB", round(everything, 1), goal, everything < LAMBDAS_LIMIT)]


def _size(folder: Path) -> float:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / MB


def _packed(folder: Path, target: Path) -> float:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in folder.rglob("*"):
            packed.write(each, each.relative_to(folder))
    return target.stat().st_size / MB

"""What the functions get on AWS: the built layers, the runtime's boto3 and nothing else."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from cobranza import settings
from cobranza.settings import Settings
from tests.unit.template import source

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "build/local/VendorLayer/python"
SHEETS = ROOT / "build/local/SheetsLayer/python"  # of ingest alone
OURS = ROOT / "build/local/CobranzaLayer/python"
RUNTIME = ROOT / "build/tools/emulator/bin/python"  # has boto3, as Lambda's own Python does
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
SETTINGS = {
    name.upper()
    for each in vars(settings).values()
    if isinstance(each, type) and issubclass(each, Settings)
    for name in get_type_hints(each)
}
MB = 1000**2
VENDOR_LIMIT, LIMIT = 30 * MB, 40 * MB

every_handler = pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.parent.name)

PATH = """
import json, sys
*added, given = sys.argv[1:]
sys.path[:0] = added
"""

# Reports what an import did. boto3 comes first: its urllib3 asks this machine once whether it knows IPv6.
IMPORT = (
    PATH
    + """
import boto3, botocore.session, gc, os
sockets, read, clients = [], [], []

class Watched(type(os.environ)):
    def __getitem__(self, name):
        read.append(name)
        return super().__getitem__(name)

    def __iter__(self):
        read.append("all of them")
        return super().__iter__()

create_client = botocore.session.Session.create_client
botocore.session.Session.create_client = lambda *args, **kw: clients.append(args[1]) or create_client(*args, **kw)
os.environ.__class__ = Watched
sys.addaudithook(lambda event, args: sockets.append(event) if event.startswith("socket.") else None)
looked, compiled = [], []
gc.callbacks.append(lambda phase, info: looked.append(phase))
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
import handler
modules = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
found = {"sockets": sockets, "read": read, "clients": clients, "modules": modules, "looked": len(looked) // 2}
found["compiled"] = [name for name in compiled if name.endswith(".py")]
print(json.dumps(found))
"""
)

HOLIDAYS = (
    PATH
    + """
import holidays
found = {}
for country in json.loads(given):
    known = holidays.country_holidays(country)
    for region in (None, *known.subdivisions):
        days = holidays.country_holidays(
            country, subdiv=region, years=range(2026, 2029), categories=known.supported_categories
        )
        found[f"{country} {region}"] = {day.isoformat(): name for day, name in sorted(days.items())}
print(json.dumps(found))
"""
)

FORMATS = (
    PATH
    + """
from datetime import date
from decimal import Decimal
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision, list_currencies
found = {"currencies": sorted(list_currencies())}
for name in json.loads(given):
    locale = Locale.parse(name)
    for currency in list_currencies():
        amount = Decimal("-1234567.895")
        texts = [format_currency(amount * sign, currency, locale=locale) for sign in (1, -1)]
        found[f"{name} {currency}"] = [*texts, get_currency_precision(currency)]
    found[name] = [format_date(date(2026, month, 9), "long", locale) for month in range(1, 13)]
print(json.dumps(found))
"""
)

# Only tzdata: the machine's own zones would hide what the layer has lost.
ZONES = (
    PATH
    + """
import zoneinfo
from datetime import UTC, datetime, timedelta
zoneinfo.reset_tzpath(to=())
found = {}
for name in json.loads(given):
    zone, moment, offsets = zoneinfo.ZoneInfo(name), datetime(2025, 1, 1, tzinfo=UTC), []
    while moment.year < 2030:
        local = moment.astimezone(zone)
        offset = [str(local.utcoffset()), local.tzname()]
        if not offsets or offsets[-1][1:] != offset:
            offsets.append([moment.isoformat(), *offset])
        moment += timedelta(hours=3)
    found[name] = offsets
print(json.dumps(found))
"""
)

DATA = (
    PATH
    + """
import cobranza
from cobranza.policy.contact_rules import rules_for
from cobranza.policy.strategy import standard
from cobranza.whatsapp.templates import shipped_templates
print(json.dumps({
    "from": cobranza.__file__,
    "countries": [country for country in json.loads(given) if rules_for(country)],
    "strategy": bool(standard()),
    "templates": sorted(map(list, shipped_templates())),
}))
"""
)


@pytest.fixture(autouse=True, scope="module")
def _built() -> None:
    assert VENDOR.is_dir(), "make test builds the layers first"
    assert OURS.is_dir(), "make test builds the layers first"


def run(script: str, given: Any = None, *, python: Path = RUNTIME, path: tuple[Path, ...] = (VENDOR, OURS)) -> Any:
    """A script's JSON from a process that has no environment and finds `path` before its own packages."""
    command = [python, "-I", "-B", "-c", script, *path, json.dumps(given)]
    done = subprocess.run(command, env={}, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_untrimmed(script: str, given: Any) -> Any:
    return run(script, given, python=Path(sys.executable), path=())


def imported(handler: Path) -> dict[str, Any]:
    return run(IMPORT, path=(handler.parent, OURS, VENDOR))


@pytest.fixture(scope="module")
def imports() -> dict[Path, dict[str, Any]]:
    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(HANDLERS, pool.map(imported, HANDLERS), strict=True))


def shipped(layer: Path) -> Iterator[Path]:
    """All files but bytecode."""
    return (file for file in layer.rglob("*") if file.is_file() and "__pycache__" not in file.parts)


# ── a function has what it imports, and importing does nothing ───────────────────────────────────────


@every_handler
def test_a_handler_imports_with_the_layers_and_boto3_alone(
    handler: Path, imports: dict[Path, dict[str, Any]]
) -> None:
    modules: dict[str, str] = imports[handler]["modules"]
    assert modules["handler"] == str(handler)
    assert Path(modules["cobranza"]).is_relative_to(OURS)
    for package in ("pydantic", "pydantic_core._pydantic_core", "aws_lambda_powertools", "urllib3"):
        assert Path(modules[package]).is_relative_to(VENDOR), package
    site = str(RUNTIME.parents[1] / "lib")
    own = {name.partition(".")[0] for name, file in modules.items() if file.startswith(site)}
    assert own == {"boto3", "botocore", "s3transfer"}
    assert not any(file.startswith(str(ROOT / "layers")) for file in modules.values())


@every_handler
def test_importing_a_handler_does_nothing(handler: Path, imports: dict[Path, dict[str, Any]]) -> None:
    done = imports[handler]
    assert done["sockets"] == []
    assert done["clients"] == []
    assert set(done["read"]) & SETTINGS == set()


@every_handler
def test_a_start_is_hardly_searched_for_garbage(handler: Path, imports: dict[Path, dict[str, Any]]) -> None:
    assert imports[handler]["looked"] <= 10


@every_handler
def test_a_start_compiles_the_handler_alone(handler: Path, imports: dict[Path, dict[str, Any]]) -> None:
    assert imports[handler]["compiled"] == [str(handler)]


def test_who_answers_meta_loads_no_numbering_plans(imports: dict[Path, dict[str, Any]]) -> None:
    webhook = imports[ROOT / "functions/webhook/handler.py"]
    assert "cobranza.ledger.phone_forms" in webhook["modules"]
    assert "phonenumbers" not in webhook["modules"]


def test_a_handler_that_did_something_would_be_seen(tmp_path: Path) -> None:
    planted = """
import boto3, os, socket
socket.socket()
socket.getaddrinfo("127.0.0.1", 80)
boto3.client("s3", "us-east-1")
boto3.resource("dynamodb", "us-east-1")
os.environ.get("LEDGER_TABLE")
os.getenv("JOURNAL_TABLE")
"STAGE" in os.environ
dict(os.environ)
"""
    (tmp_path / "handler.py").write_text(planted)
    done = imported(tmp_path / "handler.py")
    assert set(done["sockets"]) >= {"socket.__new__", "socket.getaddrinfo"}
    assert done["clients"] == ["s3", "dynamodb"]
    assert set(done["read"]) >= {"LEDGER_TABLE", "JOURNAL_TABLE", "STAGE", "all of them"}
    assert {"LEDGER_TABLE", "JOURNAL_TABLE", "STAGE"} <= SETTINGS


@pytest.mark.parametrize("folder", ["functions", "layers/cobranza/cobranza"])
def test_all_that_our_code_imports_anywhere_is_in_the_layers(folder: str) -> None:
    """Imports inside functions too, which fail only when the function is called."""
    used: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                used.add(node.module.partition(".")[0])
    there = {file.stem for layer in (VENDOR, SHEETS, OURS) for file in layer.iterdir()}
    assert used - there - sys.stdlib_module_names <= {"boto3", "botocore"}
    assert used & there


# ── the layers hold what is needed and no more ───────────────────────────────────────────────────────


@pytest.mark.parametrize("package", ["boto3", "botocore", "s3transfer"])
def test_the_runtimes_own_packages_stay_out(package: str) -> None:
    assert not (VENDOR / package).exists()


@pytest.mark.parametrize("package", ["httpx", "httpcore", "aiohttp", "h2", "anyio", "pycurl", "tornado"])
def test_there_is_one_http_stack(package: str) -> None:
    assert (VENDOR / "requests").is_dir()
    assert not (VENDOR / package).exists()


@pytest.mark.parametrize("package", ["aws_xray_sdk", "bin", "pip", "setuptools", "pytest", "moto", "python"])
def test_what_no_function_needs_stays_out(package: str) -> None:
    assert not (VENDOR / package).exists()


def test_layers_stay_small_with_their_bytecode() -> None:
    assert _size(VENDOR) <= VENDOR_LIMIT
    assert sum(map(_size, (VENDOR, SHEETS, OURS))) <= LIMIT


def _size(layer: Path) -> int:
    return sum(file.stat().st_size for file in layer.rglob("*") if file.is_file())


def test_our_layer_is_compiled_where_there_is_a_python_of_the_runtimes_version(tmp_path: Path) -> None:
    built = _build(tmp_path / "compiled", str(RUNTIME))
    compiled = {file.name.partition(".")[0] for file in built.rglob("*.pyc")}
    assert compiled == {file.stem for file in built.rglob("*.py")}


def test_our_layer_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    """Another byte would be another layer, and with it a new version of each function."""
    one, other = (_build(tmp_path / name, str(RUNTIME)) for name in ("one", "another/folder"))
    assert [*one.rglob("*.pyc")]
    assert _bytes(one) == _bytes(other)


def test_no_layer_tells_on_which_machine_it_was_built() -> None:
    layers = (VENDOR, SHEETS, OURS)
    assert not [file for layer in layers for file in _bytes(layer).items() if str(ROOT).encode() in file[1]]
    assert not [*VENDOR.rglob("RECORD")], "digests of scripts that name a machine's Python"


def test_a_function_is_its_handler_alone() -> None:
    """It is sent as it lies there, so that whatever lies beside it would be another version."""
    functions = [each for each in source()["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    assert {each["Properties"]["CodeUri"] for each in functions} == {
        str(handler.parent.relative_to(ROOT)) for handler in HANDLERS
    }
    assert all(each["Metadata"]["SkipBuild"] is True for each in functions)
    assert {file for folder in HANDLERS for file in folder.parent.rglob("*")} == {*HANDLERS}


def test_our_layer_is_built_without_one(tmp_path: Path) -> None:
    built = _build(tmp_path, "no-such-python")
    assert [*built.rglob("*.py")]
    assert not [*built.rglob("*.pyc")]


def _build(artifacts: Path, runtime: str) -> Path:
    command = ["make", "-s", "build-CobranzaLayer", f"ARTIFACTS_DIR={artifacts}", f"RUNTIME={runtime}"]
    subprocess.run(command, cwd=ROOT / "layers/cobranza", check=True, capture_output=True)
    return artifacts / "python"


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_our_layer_is_our_package_and_its_data() -> None:
    source = ROOT / "layers/cobranza/cobranza"
    assert [each.name for each in OURS.iterdir() if each.name != "__pycache__"] == ["cobranza"]
    data = {file.relative_to(source) for file in shipped(source) if file.suffix in {".yaml", ".json"}}
    assert {file.relative_to(OURS / "cobranza") for file in shipped(OURS) if file.suffix != ".py"} >= data
    assert {str(file.parent) for file in data} >= {
        "policy/contact_rules",
        "policy/strategies",
        "whatsapp/template_files",
    }


def test_our_layer_reads_its_data_where_it_is_unpacked() -> None:
    files = [file.stem for file in (ROOT / "layers/cobranza/cobranza/policy/contact_rules").glob("*.yaml")]
    found = run(DATA, sorted(files))
    assert Path(found["from"]).is_relative_to(OURS)
    assert found["countries"] == sorted(files)
    assert found["strategy"]
    assert ["saldo_vencido", "pt_BR"] in found["templates"]


# ── what was trimmed is missed by nobody ─────────────────────────────────────────────────────────────

COUNTRIES = [
    *("AR", "BO", "BR", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GT"),
    *("HN", "MX", "NI", "PA", "PE", "PR", "PY", "SV", "US", "UY", "VE"),
]
LOCALES = ["es_MX", "es_AR", "es_CO", "es_CL", "pt_BR", "en_US"]
ZONE_NAMES = ["America/Mexico_City", "Pacific/Easter", "Atlantic/Canary", "Africa/Ceuta"]


def test_the_layer_knows_every_holiday_of_our_countries() -> None:
    assert len(COUNTRIES) == 22
    full = run_untrimmed(HOLIDAYS, COUNTRIES)
    assert len(full) > 200
    assert all(full[f"{country} None"] for country in COUNTRIES)
    assert run(HOLIDAYS, COUNTRIES) == full


def test_the_layer_writes_amounts_and_dates_as_the_full_package_does() -> None:
    full = run_untrimmed(FORMATS, LOCALES)
    assert full["es_MX MXN"][1] == "$1,234,567.90"
    assert full["pt_BR BRL"][1] == "R$\xa01.234.567,90"
    assert run(FORMATS, LOCALES) == full


def test_the_layer_knows_the_hours_of_our_zones() -> None:
    full = run_untrimmed(ZONES, ZONE_NAMES)
    assert all(full[zone] for zone in ZONE_NAMES)
    assert len(full["Atlantic/Canary"]) == 11
    assert run(ZONES, ZONE_NAMES) == full


def test_the_layer_has_every_zone_that_a_contact_rule_names() -> None:
    folder = ROOT / "layers/cobranza/cobranza/policy/contact_rules"
    zones = run(
        PATH
        + """
from cobranza.policy.contact_rules import rules_for
rules = [rules_for(country) for country in json.loads(given)]
zones = {zone for each in rules for names in (each.timezones, *each.regions.values()) for zone in names}
print(json.dumps(sorted(zones)))
""",
        [file.stem for file in folder.glob("*.yaml")],
    )
    assert zones
    assert [zone for zone in zones if not (VENDOR / "tzdata/zoneinfo" / zone).is_file()] == []

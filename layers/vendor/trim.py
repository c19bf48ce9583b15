"""Keeps of each package what the functions use: a layer is loaded at every cold start.

Borrowers read Spanish, Portuguese or English, and live in the countries whose holidays we know.
"""

import shutil
import sys
from pathlib import Path

LANGUAGES = ("es", "pt", "en")
COUNTRIES = (
    *("argentina", "bolivia", "brazil", "chile", "colombia", "costa_rica", "cuba", "dominican_republic"),
    *("ecuador", "el_salvador", "guatemala", "honduras", "mexico", "nicaragua", "panama", "paraguay", "peru"),
    *("puerto_rico", "spain", "united_states", "uruguay", "venezuela"),
)
ZONES = ("America", "Atlantic", "Pacific", "Europe", "Africa", "Etc", "UTC", "GMT")
# What Powertools' logger, metrics and routes import of its other tools.
POWERTOOLS = ("__init__.py", "data_classes", "jmespath_utils", "serialization.py", "typing")


def trim(site: Path) -> None:
    """Files, not only bytes: whoever starts a worker unpacks each of them."""
    for locale in (site / "babel" / "locale-data").iterdir():
        if locale.name.split("_")[0].removesuffix(".dat") not in (*LANGUAGES, "root"):
            locale.unlink()
    for module in (site / "holidays" / "countries").glob("*.py"):
        if module.stem not in (*COUNTRIES, "__init__"):
            module.unlink()
    # The package loads a country when it is asked for; this file would load all of them at once.
    (site / "holidays" / "countries" / "__init__.py").write_text("")
    shutil.rmtree(site / "holidays" / "locale")
    for zone in (site / "tzdata" / "zoneinfo").iterdir():
        if zone.is_dir() and zone.name not in (*ZONES, "__pycache__"):
            shutil.rmtree(zone)
    for tool in (site / "aws_lambda_powertools" / "utilities").iterdir():
        if tool.name not in POWERTOOLS:
            shutil.rmtree(tool)
    # Numbers of three digits, to which nobody is written.
    for region in (site / "phonenumbers" / "shortdata").glob("region_*.py"):
        region.unlink()
    for stub in site.rglob("*.pyi"):
        stub.unlink()
    # The shape of pydantic before its second version, for code that was written then.
    shutil.rmtree(site / "pydantic" / "v1")
    for console_script in (site / "bin", *site.glob("*/testing")):
        shutil.rmtree(console_script, ignore_errors=True)
    # They have digests of those scripts, which name the Python that ran pip: no two machines' layers would be one.
    for record in site.glob("*.dist-info/RECORD"):
        record.unlink()


if __name__ == "__main__":
    trim(Path(sys.argv[1]))

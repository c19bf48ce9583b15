"""What the API of cases refuses is what its page says."""

import re
from pathlib import Path

from cobranza.cases_api import REFUSALS

PAGE = Path(__file__).parents[2] / "docs" / "cases.md"
ROW = re.compile(r"^\| (`[A-Z_`, ]+`) \| (\d{3}) \|", re.MULTILINE)


def test_every_refusal_is_on_the_page_with_its_status() -> None:
    rows = ROW.findall(PAGE.read_text())
    listed = {code: int(status) for codes, status in rows for code in re.findall("[A-Z_]+", codes)}
    assert {code: status for code, (status, _) in REFUSALS.items()}.items() <= listed.items()

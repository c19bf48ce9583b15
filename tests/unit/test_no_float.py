"""Money never meets a float: not in the ledger, the file desk, the rules, nor the text of a message."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "layers" / "cobranza" / "cobranza"
MONEY_PATH = sorted(
    [
        *(PACKAGE / "ledger").rglob("*.py"),
        *(PACKAGE / "files").rglob("*.py"),
        *(PACKAGE / "policy").rglob("*.py"),
        PACKAGE / "whatsapp" / "messages.py",
    ]
)
ALLOWED = {"files/text.py": "how many bytes of a file are zero"}


def floats(source: str) -> Iterator[str]:
    """What in this source is a float or makes one, with its line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=float() | complex()):
                yield f"{node.lineno}: {node.value}"
            case ast.Name(id="float") | ast.Attribute(attr="float"):
                yield f"{node.lineno}: float"
            case ast.Import(names=names) if any(name.name in ("math", "statistics", "random") for name in names):
                yield f"{node.lineno}: a module of floats"
            case ast.ImportFrom(module="math" | "statistics" | "random"):
                yield f"{node.lineno}: a module of floats"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="json"), attr="loads" | "load")):
                if not any(keyword.arg == "parse_float" for keyword in node.keywords):
                    yield f"{node.lineno}: JSON's numbers without parse_float"
            case _:
                pass


def test_the_money_path_is_where_it_was() -> None:
    assert {"debt.py", "payment.py", "amounts.py", "decision.py", "messages.py"} <= {f.name for f in MONEY_PATH}


@pytest.mark.parametrize("file", MONEY_PATH, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_float_in_the_money_path(file: Path) -> None:
    if str(file.relative_to(PACKAGE)) not in ALLOWED:
        assert list(floats(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    ["a = 1.5", "a = float(b)", "a: float = b", "from math import floor", "import random", "a = json.loads(b)"],
)
def test_a_float_is_found(source: str) -> None:
    assert list(floats(source))


def test_a_decimal_is_no_float() -> None:
    source = "a = Decimal('1.5') + int(b) * 2\nc = json.loads(d, parse_float=Decimal)"
    assert not list(floats(source))

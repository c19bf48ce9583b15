"""YAML that people drop: texts, lists and dicts only, small and flat, and every error with its line. And our own,
which comes with the code."""

from collections.abc import Callable
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import ValidationError

from cobranza.errors import InvalidInput

MAX_BYTES = 64 * 1024
MAX_DEPTH = 4  # where a file needs no more
MAX_PROBLEMS = 10

# Builds texts, lists and dicts only; the one in C where PyYAML has it, which takes a tenth of the time.
_Loader: type[yaml.BaseLoader] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Builds numbers, dates, yes and no besides.
_OwnLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

type Path = tuple[str | int, ...]
# Makes the error out of a sentence and the field it is about.
type Refuse = Callable[[str, str], InvalidInput]


def own(file: Traversable) -> Any:
    """What a file of ours holds."""
    return yaml.load(file.read_bytes(), Loader=_OwnLoader)


def own_texts(file: Traversable) -> Any:
    """The same where `no` is a word, as whatever stands there."""
    return yaml.load(file.read_bytes(), Loader=_Loader)


class YamlFile:
    """One file: `values` are its fields, `what` its name in sentences."""

    def __init__(self, data: bytes, what: str, refuse: Refuse, *, depth: int = MAX_DEPTH) -> None:
        """Raises what `refuse` makes: more than 64 KB, not UTF-8, not YAML, no mapping, nested deeper than
        `depth`, anchors, aliases, tags, or a key that is there twice."""
        self._what = what
        self._depth = depth
        self._refuse = refuse
        self._lines: dict[Path, int] = {}
        if len(data) > MAX_BYTES:
            raise self._refused("is larger than 64 KB")
        try:
            text = data.decode("utf-8-sig")
            self._refuse_cleverness(text)
            values = self._plain(yaml.compose(text, Loader=_Loader), ())
        except UnicodeDecodeError as error:
            raise self._refused("is not UTF-8 text") from error
        except yaml.MarkedYAMLError as error:
            raise self._refused(f"is not YAML{_at(error.problem_mark)}: {error.problem}") from error
        except yaml.YAMLError as error:
            raise self._refused("is not YAML: it holds characters that no text has") from error
        if not isinstance(values, dict):
            raise self._refused("does not hold fields such as `language: es`")
        self.values: dict[str, Any] = values

    def explained(self, error: ValidationError) -> InvalidInput:
        """The error that names every wrong field and its line."""
        problems = error.errors(include_url=False, include_input=False)
        sentences: list[str] = []
        for problem in problems[:MAX_PROBLEMS]:
            path = problem["loc"]
            name = ".".join(str(part) for part in path)[:100]
            where = f" (line {self._lines[path]})" if path in self._lines else ""
            sentences.append(f"{name}{where}: {problem['msg']}")
        first = problems[0]["loc"]
        return self._refuse("; ".join(sentences), str(first[0]) if first else "")

    def line(self, *path: str | int) -> int:
        """The line of a field, 0 where it has none."""
        return self._lines.get(path, 0)

    def _refuse_cleverness(self, text: str) -> None:
        """Anchors, aliases and tags make a small file huge or alive; nesting beyond need exhausts the stack."""
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > self._depth:
                raise self._refused(f"is nested too deep{_at(event.start_mark)}")
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                raise self._refused(f"may hold no anchors, aliases or tags{_at(event.start_mark)}")

    def _plain(self, node: yaml.Node | None, path: Path) -> Any:
        """Texts, lists and dicts only, so that `NO` stays a country; remembers each field's line."""
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._lines[*path, index] = item.start_mark.line + 1
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return None
        fields: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value
            if not isinstance(name, str) or name in fields:
                raise self._refused(f"has a key that is no name, or one twice{_at(key.start_mark)}")
            self._lines[*path, name] = key.start_mark.line + 1
            fields[name] = self._plain(value, (*path, name))
        return fields

    def _refused(self, sentence: str) -> InvalidInput:
        return self._refuse(f"{self._what} {sentence}", "")


def _at(mark: yaml.Mark | None) -> str:
    return f" (line {mark.line + 1})" if mark else ""

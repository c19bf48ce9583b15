import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jsonschema import ValidationError, validate

from cobranza.events.event import KINDS, Event
from local import events


def test_the_page_lists_the_events_as_the_code_has_them() -> None:
    assert events.page() == events.PAGE.read_text(), "run python -m local.events"


@pytest.mark.parametrize("name", KINDS)
def test_the_schema_of_an_event_is_that_of_the_code(name: str) -> None:
    assert (events.FOLDER / events.file_of(name)).read_text() == events.schema(name), "run python -m local.events"


def test_no_schema_is_left_of_an_event_that_is_no_more() -> None:
    files = {path.name for path in events.FOLDER.glob("*.json")}
    assert files == {events.file_of(name) for name in KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_an_example_fits_its_schema(name: str) -> None:
    schema, detail = json.loads(events.schema(name)), events.example(name)["detail"]
    validate(detail, schema)
    assert set(detail) == set(schema["properties"])
    with pytest.raises(ValidationError):
        validate(detail | {"borrower": "+525555550101"}, schema)
    with pytest.raises(ValidationError):
        validate({name: value for name, value in detail.items() if name != "id"}, schema)


@pytest.mark.parametrize("name", KINDS)
def test_a_field_that_is_added_breaks_no_consumer_and_one_that_nobody_knows_never_leaves(name: str) -> None:
    schema, detail = json.loads(events.schema(name)), events.example(name)["detail"]
    more = detail | {"phone": "+525555550101"}
    validate(more, schema)
    with pytest.raises(ValueError, match="phone"):
        Event[KINDS[name][0]].model_validate_json(json.dumps(more))


# ── the rules that the page shows ────────────────────────────────────────────────────────────────────


class _Template(yaml.SafeLoader):
    """CloudFormation's short forms are told apart from texts, and not looked into."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: {suffix: node.value})


def shown(kind: str) -> Iterator[dict[str, Any]]:
    """The resources of one type in the page's samples."""
    for sample in re.findall(r"```yaml\n(.*?)```", events.PAGE.read_text(), re.DOTALL):
        for resource in yaml.load(sample, _Template).values():
            if resource["Type"] == kind:
                yield resource["Properties"]


def is_heard(pattern: Any, told: Any) -> bool:
    """As EventBridge compares the patterns of our samples: each field that is named has one of the values."""
    if isinstance(pattern, list):
        return told in pattern
    return isinstance(told, dict) and all(is_heard(wanted, told.get(name)) for name, wanted in pattern.items())


@pytest.mark.parametrize(
    ("sample", "names"),
    [
        (0, {"reply.received"}),
        (1, {"case.opened", "case.taken", "case.handed_back", "case.closed"}),
    ],
)
def test_a_rule_that_the_page_shows_hears_what_the_page_says(sample: int, names: set[str]) -> None:
    pattern = [*shown("AWS::Events::Rule")][sample]["EventPattern"]
    assert {name for name in KINDS if is_heard(pattern, events.example(name))} == names


def test_a_desk_of_collections_hears_no_case_of_another_queue() -> None:
    pattern = [*shown("AWS::Events::Rule")][1]["EventPattern"]
    case = events.example("case.opened")
    case["detail"]["data"]["queue"] = "general"
    assert not is_heard(pattern, case)


def test_the_bus_may_send_to_both_queues_of_the_desk_and_nobody_else_may() -> None:
    (policy,), rule = [*shown("AWS::SQS::QueuePolicy")], [*shown("AWS::Events::Rule")][1]
    (target,), (statement,) = rule["Targets"], policy["PolicyDocument"]["Statement"]
    arns = {target["Arn"]["GetAtt"], target["DeadLetterConfig"]["Arn"]["GetAtt"]}
    assert {each["Ref"] + ".Arn" for each in policy["Queues"]} == arns
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"GetAtt": "CollectionsCases.Arn"}}}

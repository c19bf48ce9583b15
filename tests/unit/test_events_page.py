import json

import pytest
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

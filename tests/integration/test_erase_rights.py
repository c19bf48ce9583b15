"""What erasing asks of AWS is what its role may. Who dies while files go is followed by a try that finds them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cobranza.store.personal_keys import Somebody
from tests.integration.fakes import Killed
from tests.integration.test_erase import erase, erasing, files, live, of_her
from tests.integration.world import World
from tests.unit.template import stack

pytestmark = pytest.mark.in_memory

type Drop = Callable[..., dict[str, Any]]
type Asked = set[tuple[str, str]]

# The right that each call asks for; a delete here always names its version.
RIGHTS = {
    "get_item": "dynamodb:GetItem",
    "batch_get_item": "dynamodb:BatchGetItem",
    "query": "dynamodb:Query",
    "scan": "dynamodb:Scan",
    "put_item": "dynamodb:PutItem",
    "update_item": "dynamodb:UpdateItem",
    "delete_item": "dynamodb:DeleteItem",
    "get_object": "s3:GetObject",
    "put_object": "s3:PutObject",
    "list_objects_v2": "s3:ListBucket",
    "list_object_versions": "s3:ListBucketVersions",
    "delete_object": "s3:DeleteObjectVersion",
}
PLACES = {"ledger": "LedgerTable", "journal": "JournalTable", "work": "WorkBucket", "receipts": "ReceiptsBucket"}


@pytest.fixture(autouse=True)
def _a_life(world: World, drop: Drop, portfolio: None) -> None:
    world.s3.create_bucket(Bucket="receipts")
    live(world, drop)
    for data in (b"an older version", b"a newer one"):
        world.s3.put_object(Bucket="receipts", Key=f"receipts/{world.ref()}/old.jpg", Body=data)


class Asking:
    """A client that notes which right each call asks for, and where; it dies at its `at`-th delete of a file."""

    def __init__(self, client: Any, asked: Asked, at: int = -1) -> None:
        self._client = client
        self._asked = asked
        self._at = at

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def noted(**request: Any) -> Any:
            where = request.get("TableName") or request.get("Bucket") or next(iter(request["RequestItems"]))
            right = "dynamodb:PartiQLInsert" if (name, where) == ("put_item", "journal") else RIGHTS[name]
            self._asked.add((right, PLACES[where]))
            if name == "delete_object":
                assert request["VersionId"]
                self._at -= 1
                if self._at == -1:
                    raise Killed
            return operation(**request)

        return noted


def asking(world: World, asked: Asked, at: int = -1) -> World:
    return replace(world, dynamodb=Asking(world.dynamodb, asked), s3=Asking(world.s3, asked, at))


def test_the_role_may_do_what_erasing_does_and_nothing_else(world: World) -> None:
    asked: Asked = set()
    assert not erasing(asking(world, asked)).knows(Somebody(world.ref("C9")))
    assert erase(asking(world, asked))
    assert erase(asking(world, asked))  # what is remembered is read
    assert [*erasing(asking(world, asked)).again(world.now)]
    grants = stack("prod").role_grants("EraseRole")
    allowed = {
        (action, where.removeprefix("${").partition(".")[0])
        for grant in grants
        for action in grant.actions
        for where in grant.resources
        if "Secret" not in where
    }
    assert asked == allowed


@pytest.mark.parametrize("at", range(3))
def test_whoever_dies_while_files_go_is_followed_by_a_try_that_finds_the_rest(world: World, at: int) -> None:
    with pytest.raises(Killed):
        erase(asking(world, set(), at))
    assert len(files(world)) == 3 - at
    assert of_her(world)
    assert erase(world)
    assert (files(world), of_her(world)) == ([], [])

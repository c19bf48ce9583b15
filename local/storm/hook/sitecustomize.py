"""Below botocore, in each function of a stack that is stormed: calls to the tables are throttled, workers die.

Python imports this by itself where its folder is on the path. What is to go wrong lies in the folder that
COBRANZA_STORM names (local/storm/weather.py): `throttle` has the share of calls that DynamoDB refuses, `throttled`
a byte for each that it did, `deaths/<function>/` a file for each worker that is to die before or after a call.
"""

import importlib.util
import os
import random
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

_DEADLY = 1 / 150
_BELOW = "botocore.httpsession"


class _Waiting:
    """Finds the one module there is something to do to, once it is looked for."""

    def __init__(self, storm: Path, function: str) -> None:
        self._storm = storm
        self._deaths = storm / "deaths" / function

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        if name != _BELOW:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                self._harm(module.URLLib3Session)

            spec.loader.exec_module = exec_module
        return spec

    def _harm(self, session: Any) -> None:
        send = session.send

        def sometimes(this: Any, request: Any) -> Any:
            if self._is_throttled(request):
                return _throttled(request.url)
            dies = self._dies()
            if dies and random.random() < 0.5:
                os._exit(9)
            answer = send(this, request)
            if dies:
                os._exit(9)
            return answer

        session.send = sometimes

    def _is_throttled(self, request: Any) -> bool:
        if b"DynamoDB_" not in _bytes(request.headers.get("X-Amz-Target", b"")):
            return False
        if random.random() >= float((self._storm / "throttle").read_text()):
            return False
        with (self._storm / "throttled").open("ab") as told:
            told.write(b".")
        return True

    def _dies(self) -> bool:
        """Whoever takes the file is the one."""
        if random.random() >= _DEADLY or not self._deaths.is_dir():
            return False
        for one in self._deaths.iterdir():
            try:
                one.unlink()
            except FileNotFoundError:
                continue
            return True
        return False


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _throttled(url: str) -> Any:
    from botocore.awsrequest import AWSResponse

    return AWSResponse(url, 400, {"Content-Type": "application/x-amz-json-1.0"}, _Body())


class _Body:
    def stream(self) -> list[bytes]:
        return [b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"storm"}']


if "COBRANZA_STORM" in os.environ and "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    sys.meta_path.insert(0, _Waiting(Path(os.environ["COBRANZA_STORM"]), os.environ["AWS_LAMBDA_FUNCTION_NAME"]))

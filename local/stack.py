"""The whole stack on one machine: emulator, simulator, and the real template deployed with SAM.

`.local/stack.json` (or the same file in another folder) describes a running stack:
{"v":1,"stage","region","endpoint","account","stack","buckets","tables","queues","functions","topics","webhook_url",
"payments_url","cases_url","receipts_url","simulator_url","clock_parameter","secrets","pids"}
"""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import requests

from local import fixup, processes
from local.simulator import issuer

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "build" / "tools"
BUILT_TEMPLATE = ROOT / "build" / "local" / "template.yaml"
# What is compiled stays out of the tree, and is compiled once.
COMPILED = {"PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache")}
FOLDER = ROOT / ".local"

REGION = "us-east-1"
ACCOUNT = "000000000000"
STACK_NAME = "cobranza"
PHONE_NUMBER_ID = "100000000000001"
ACCESS_TOKEN = "local-access-token"
APP_SECRET = "local-app-secret"
VERIFY_TOKEN = "local-verify-token"
CONCURRENCY = 100  # executions at once, on every machine; the emulator would reckon it from the memory
COUNTRIES_ON = "MX,CO,BR"  # those of the samples
# The outputs that name one; of receipts the name is taken by their bucket.
FUNCTIONS = ("Ingest", "Scheduler", "Send", "Webhook", "Answer", "Payments", "Reports", "Events", "Cases")
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    endpoint: str
    simulator_url: str
    pids: dict[str, int]
    v: int = 1
    stage: str = "local"
    region: str = REGION
    account: str = ACCOUNT
    stack: str = STACK_NAME
    webhook_url: str = ""
    payments_url: str = ""
    cases_url: str = ""
    receipts_url: str = ""
    clock_parameter: str = ""
    buckets: dict[str, str] = field(default_factory=dict[str, str])
    tables: dict[str, str] = field(default_factory=dict[str, str])
    queues: dict[str, str] = field(default_factory=dict[str, str])
    functions: dict[str, str] = field(default_factory=dict[str, str])
    topics: dict[str, str] = field(default_factory=dict[str, str])
    secrets: dict[str, str] = field(default_factory=dict[str, str])

    def client(self, service: str) -> Any:
        """A client with the emulator's root key. The endpoint is named here: nothing of the shell's is read."""
        return _client(service, self.endpoint, self.region)


@cache
def _client(service: str, endpoint: str, region: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def read(folder: Path = FOLDER) -> Stack:
    return Stack(**json.loads((folder / "stack.json").read_text()))


@contextmanager
def running(folder: Path, functions_see: Mapping[str, str] = NOTHING) -> Generator[Stack]:
    """A stack of its own in `folder`, gone with all its processes and files when the block ends.

    `functions_see`: environment of all functions, besides their own.
    """
    try:
        yield up(folder, functions_see)
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        down(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def up(folder: Path, functions_see: Mapping[str, str] = NOTHING) -> Stack:
    """Starts everything, deploys, and writes `folder/stack.json`. Whatever was started before a failure is
    known to `down(folder)`."""
    folder.mkdir(parents=True, exist_ok=True)
    pids: dict[str, int] = {}
    simulator_url = _start_simulator(folder, pids)
    endpoint = _start_emulator(folder, pids, functions_see)
    stack = Stack(endpoint=endpoint, simulator_url=simulator_url, pids=pids)
    _deploy(stack, folder)
    stack = _described(stack)
    fixup.put_right(stack.client, stack.stack)
    _configure(stack)
    _write(folder / "stack.json", asdict(stack))
    return stack


def down(folder: Path) -> None:
    """Stops what `up` started here, by pid, and removes its files. Harmless when nothing runs."""
    for pid_file in folder.glob("*.pid"):
        processes.stop(int(pid_file.read_text()), patience=1)
    shutil.rmtree(folder, ignore_errors=True)


def _start_simulator(folder: Path, pids: dict[str, int]) -> str:
    ready = folder / "simulator.json"
    env = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)} | COMPILED
    command = [sys.executable, "-m", "local.simulator", "--port", "0", "--ready-file", str(ready)]
    pid = _start("simulator", command, env, folder, pids)
    _wait_until(ready.exists, "the simulator", pid, folder / "simulator.log")
    return json.loads(ready.read_text())["url"]


def _start_emulator(folder: Path, pids: dict[str, int], functions_see: Mapping[str, str]) -> str:
    """The emulator's environment reaches every function: it gets a bare one. Its state is the folder's too."""
    home = folder / "emulator"
    home.mkdir(exist_ok=True)
    port = _free_port()
    env = {
        "PATH": f"{TOOLS / 'emulator' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        "STATE_DIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true",
        "LOG_LEVEL": "WARNING",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY),
        "AWS_EC2_METADATA_DISABLED": "true",
        **functions_see,
    }
    python, ours = TOOLS / "emulator" / "bin" / "python", sysconfig.get_path("platlib")
    command = [str(python), "-P", str(ROOT / "local" / "emulator.py"), ours]
    pid = _start("emulator", command, env, folder, pids)
    endpoint = f"http://127.0.0.1:{port}"
    _wait_until(lambda: _answers(f"{endpoint}/_ministack/health"), "the emulator", pid, folder / "emulator.log")
    return endpoint


def _start(name: str, command: list[str], env: dict[str, str], folder: Path, pids: dict[str, int]) -> int:
    pid = processes.start(command, env=env, log=folder / f"{name}.log")
    (folder / f"{name}.pid").write_text(str(pid))
    pids[name] = pid
    return pid


def _deploy(stack: Stack, folder: Path) -> None:
    stack.client("s3").create_bucket(Bucket="artifacts")
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    command = [
        *(str(TOOLS / "sam" / "bin" / "sam"), "deploy", "--template-file", str(BUILT_TEMPLATE)),
        *("--stack-name", stack.stack, "--s3-bucket", "artifacts", "--region", stack.region),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
        *("--parameter-overrides", "Stage=local", f"Architecture={architecture}"),
        f"GraphApiUrl={stack.simulator_url}",
        f"CountriesOn={COUNTRIES_ON}",
        f"CasesIssuer={stack.simulator_url}{issuer.PATH}",
        *("SendsPerSecond=1000", "PeoplePerDay=1000000"),  # the simulator has limits of its own
        # Whoever drives it ticks it. sam splits an unquoted value at its spaces.
        'ScheduleExpression="rate(10 minutes)"',
    ]
    env = {
        "PATH": f"{TOOLS / 'sam' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        **COMPILED,
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    result = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    (folder / "deploy.log").write_text(result.stdout + result.stderr)
    if result.returncode:
        raise RuntimeError(f"sam deploy failed:\n{result.stdout[-3000:]}{result.stderr[-3000:]}")


def _described(stack: Stack) -> Stack:
    """The stack with the names that the deploy gave its parts."""
    answer = stack.client("cloudformation").describe_stacks(StackName=stack.stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0]["Outputs"]}
    return Stack(
        endpoint=stack.endpoint,
        simulator_url=stack.simulator_url,
        pids=stack.pids,
        webhook_url=_here(stack, outputs["WebhookUrl"]),
        payments_url=_here(stack, outputs["PaymentsUrl"]),
        cases_url=_here(stack, outputs["CasesUrl"]),
        receipts_url=_here(stack, outputs["ReceiptsUrl"]),
        clock_parameter=outputs["ClockParameter"],
        buckets={"inbox": outputs["Inbox"], "receipts": outputs["Receipts"], "work": outputs["Work"]},
        tables={"ledger": outputs["Ledger"], "journal": outputs["Journal"]},
        queues={
            "files": outputs["FilesQueueUrl"],
            "files_dead_letters": outputs["FilesDeadLettersUrl"],
            "reminders": outputs["RemindersQueueUrl"],
            "reminders_dead_letters": outputs["RemindersDeadLettersUrl"],
            "media": outputs["MediaQueueUrl"],
            "media_dead_letters": outputs["MediaDeadLettersUrl"],
            "replies": outputs["RepliesQueueUrl"],
            "replies_dead_letters": outputs["RepliesDeadLettersUrl"],
            "reports_dead_letters": outputs["ReportsDeadLettersUrl"],
            "events_dead_letters": outputs["EventsDeadLettersUrl"],
            "events_sample": outputs["EventsSampleUrl"],
        },
        functions={
            **{name.lower(): outputs[name] for name in FUNCTIONS},
            "receipts": outputs["ReceiptsFetcher"],
        },
        topics={"alarms": outputs["Alarms"]},
        secrets={name: outputs[f"{name.title()}SecretArn"] for name in ("provider", "webhook", "gateway")},
    )


def _here(stack: Stack, url: str) -> str:
    """An address of an HTTP API, whose name on AWS leads nowhere."""
    host, _, path = url.removeprefix("https://").partition("/")
    return f"{stack.endpoint}/_aws/execute-api/{host.partition('.')[0]}/$default/{path}"


def _configure(stack: Stack) -> None:
    """What an engineer does after a deploy: fill the secrets, have somebody hear the alarms, tell the provider
    where the webhook is."""
    secrets = stack.client("secretsmanager")
    secrets.put_secret_value(
        SecretId=stack.secrets["provider"], SecretString=json.dumps({"access_token": ACCESS_TOKEN})
    )
    secrets.put_secret_value(
        SecretId=stack.secrets["webhook"],
        SecretString=json.dumps({"app_secrets": [APP_SECRET], "verify_token": VERIFY_TOKEN}),
    )
    stack.client("sns").subscribe(
        TopicArn=stack.topics["alarms"], Protocol="email", Endpoint="on-call@example.com"
    )
    config = {
        "webhook_url": stack.webhook_url,
        "app_secret": APP_SECRET,
        "access_token": ACCESS_TOKEN,
        "phone_numbers": {PHONE_NUMBER_ID: "+1 202 555 0100"},
    }
    requests.post(f"{stack.simulator_url}/_sim/config", json=config, timeout=10).raise_for_status()


def set_clock(stack: Stack, offset: float) -> None:
    """Moves handlers and simulator `offset` seconds from real time."""
    stack.client("ssm").put_parameter(
        Name=stack.clock_parameter, Value=str(round(offset)), Type="String", Overwrite=True
    )
    config = {"clock_offset": round(offset)}
    requests.post(f"{stack.simulator_url}/_sim/config", json=config, timeout=10).raise_for_status()


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and readable by nobody else: it names a stack that anybody could drive."""
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.rename(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _wait_until(condition: Any, what: str, pid: int, log: Path, *, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if not processes.is_running(pid) or time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.05)


def main() -> None:
    command = sys.argv[1]
    if command == "down":
        down(FOLDER)
    elif (FOLDER / "stack.json").exists() and all(map(processes.is_running, read().pids.values())):
        print(f"already up: {FOLDER / 'stack.json'}")
    else:
        down(FOLDER)
        try:
            up(FOLDER)
        except BaseException:
            down(FOLDER)
            raise
        print(f"up: {FOLDER / 'stack.json'} · phones at {read().simulator_url}")


if __name__ == "__main__":
    main()

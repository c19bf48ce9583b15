"""python -m local.simulator --port 0 --ready-file PATH"""

import argparse
import json
import os
import socket
from pathlib import Path

import uvicorn

from local.simulator.app import create_app

HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.simulator", description="WhatsApp on one machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--ready-file", type=Path, help="written as JSON {url, pid} once it listens")
    options = parser.parse_args()

    app = create_app()
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    with socket.create_server((HOST, options.port), backlog=config.backlog) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        app.state.world.base_url = url
        if options.ready_file:
            _write(options.ready_file, json.dumps({"url": url, "pid": os.getpid()}))
        print(f"WhatsApp simulator at {url}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


def _write(path: Path, text: str) -> None:
    """Whole or not at all: whoever waits for the file may read it as soon as it exists."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()

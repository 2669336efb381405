# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m test_ca serve|stop|status --directory DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# The program is copied to other places and compared there: it must not leave compiled files beside itself.
sys.dont_write_bytecode = True
if not __package__:
    # Started as `python /path/to/test_ca`: put the folder that holds the package in its own place.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from test_ca.state import StateError, find_directory, launch, read_ready, stop_running  # noqa: E402  (the path comes first)

NO_CSR_ANSWERS = ("missing_argument", "pending")


def expand(path: str) -> Path:
    """Read a path, with ~ for the home directory."""
    return Path(path).expanduser().absolute()


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="test_ca", description="A test CA that speaks RequestAndCollectSMIME")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the CA")
    serve.add_argument("--address", default="127.0.0.1", help="a loopback address")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serve.add_argument(
        "--http", action=argparse.BooleanOptionalAction, default=False, help="listen without TLS too, only to answer -1"
    )
    serve.add_argument("--idle-timeout", type=float, default=0, metavar="SECONDS", help="0 never stops by itself")
    serve.add_argument("--no-csr-answer", choices=NO_CSR_ANSWERS, help="to a query for an order without CSR")
    serve.add_argument("--lock-after", type=int, metavar="N", help="failed logins that lock an account")
    serve.add_argument("--seed", type=expand, metavar="FILE", help="JSON with settings, accounts and orders")
    serve.add_argument("--daemon", action="store_true", help="detach, and print where the CA listens")
    stop = commands.add_parser("stop", help="stop the CA of a directory and wait until it is gone")
    status = commands.add_parser("status", help="print where the CA of a directory listens")
    for command in (serve, stop, status):
        command.add_argument("--directory", type=expand, required=True, help="state directory")
        command.add_argument("--timeout", type=float, default=30, metavar="SECONDS", help="for starting and stopping")
    return parser


def say(answer: Mapping[str, object]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(answer) + "\n")


def serve(arguments: argparse.Namespace) -> int:
    """Run the CA here, or detached."""
    if arguments.daemon:
        own = [argument for argument in sys.argv[1:] if argument != "--daemon"]
        say(launch(arguments.directory, absolute(own, arguments), arguments.timeout))
        return 0
    from test_ca.server import Options, run  # noqa: PLC0415  (needs the libraries, which stop and status do not)

    settings = {"no_csr_answer": arguments.no_csr_answer, "lock_after": arguments.lock_after}
    run(
        Options(
            directory=arguments.directory,
            address=arguments.address,
            port=arguments.port,
            http=arguments.http,
            idle_timeout=arguments.idle_timeout,
            settings={name: value for name, value in settings.items() if value is not None},
            seed=read_seed(arguments.seed),
        )
    )
    return 0


def absolute(own: list[str], arguments: argparse.Namespace) -> list[str]:
    """Repeat the command line with whole paths, for a process that starts elsewhere; the last one counts."""
    paths = {"--directory": arguments.directory, "--seed": arguments.seed}
    return own + [f"{option}={path}" for option, path in paths.items() if path is not None]


def read_seed(path: Path | None) -> Mapping[str, Any]:
    """Read what the CA starts with."""
    if path is None:
        return {}
    seed = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(seed, dict):
        raise ValueError("the seed must be a JSON object")
    return seed


def stop(arguments: argparse.Namespace) -> int:
    """Stop the CA."""
    say({"changed": stop_running(find_directory(arguments.directory), arguments.timeout)})
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Tell where the CA listens; exit status 1 if it does not run."""
    identity = read_ready(find_directory(arguments.directory))
    say({"running": identity is not None, **(identity or {})})
    return 0 if identity else 1


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {"serve": serve, "stop": stop, "status": status}


def main() -> int:
    """Run a command; what the user can mend ends in one line, not in a traceback."""
    arguments = build_parser().parse_args()
    try:
        return COMMANDS[arguments.command](arguments)
    except (StateError, ValueError, OSError) as error:
        sys.stderr.write(f"test_ca: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())

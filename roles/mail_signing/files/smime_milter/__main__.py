# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python3 smime_milter serve|publish|sign`."""

from __future__ import annotations

import argparse
import json
import logging
import logging.handlers
import os
import sys
from pathlib import Path

# The program is copied to hosts and compared there: it must not leave compiled files beside itself.
sys.dont_write_bytecode = True
# Started as `python3 /path/to/smime_milter`: put the folder that holds the package in its own place.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from smime_milter import message, openssl  # noqa: E402  (the path comes first)
from smime_milter.headers import parse_fields  # noqa: E402
from smime_milter.live import LiveFolder, UnusableError, normalize  # noqa: E402
from smime_milter.publish import InputError, Place, publish, read_sources  # noqa: E402
from smime_milter.signing import Mail, Workshop  # noqa: E402


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="smime_milter", description="Signs mail with S/MIME")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the milter, in the foreground")
    serve.add_argument("--socket", required=True, help="unix:/path or inet:port@127.0.0.1")
    serve.add_argument("--umask", type=lambda text: int(text, 8), default=0o007, help="for the socket")
    serve.add_argument("--stderr", action="store_true", help="log there instead of to syslog")
    publishing = commands.add_parser("publish", help="check pairs and bring them to where mail is signed with them")
    publishing.add_argument("--group", required=True, help="who may read what is live")
    publishing.add_argument("--roots", help="file of the root certificates that chains must end in")
    publishing.add_argument("--layout", choices=("milter", "signing_milter"), default="milter")
    publishing.add_argument("--check", action="store_true", help="write nothing, and tell what would be done")
    publishing.add_argument(
        "--prune", action="store_true", help="remove what is live for mailboxes that are not listed"
    )
    sign = commands.add_parser("sign", help="sign a mail from standard input, as the milter would")
    sign.add_argument("--sender", required=True, help="the envelope sender")
    for command in (serve, publishing, sign):
        command.add_argument("--live", required=True, help="folder of the pairs that mail is signed with")
        command.add_argument("--temporary", help="folder for large mails on their way")
        command.add_argument("--openssl", default=openssl.PROGRAM, help="path of the command")
    return parser


def serve(arguments: argparse.Namespace) -> int:
    """Run the milter."""
    from smime_milter import service  # noqa: PLC0415  (the others do without its library)

    handler: logging.Handler = logging.StreamHandler()
    if not arguments.stderr and os.path.exists("/dev/log"):
        handler = logging.handlers.SysLogHandler("/dev/log", logging.handlers.SysLogHandler.LOG_MAIL)
    handler.setFormatter(logging.Formatter(f"smime-milter[{os.getpid()}]: %(message)s"))
    service.LOG.addHandler(handler)
    service.LOG.setLevel(logging.INFO)
    os.umask(arguments.umask)
    service.serve(arguments.socket, arguments.live, arguments.temporary)
    return 0


def bring(arguments: argparse.Namespace) -> int:
    """Publish what standard input lists, and print what came of it."""
    place = Place(
        arguments.live, arguments.group, arguments.roots, arguments.layout == "signing_milter", arguments.check
    )
    try:
        told = publish(read_sources(json.load(sys.stdin)), place, prune=arguments.prune)
    except (InputError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def sign(arguments: argparse.Namespace) -> int:
    """Sign one mail."""
    sender = normalize(arguments.sender)
    workshop = Workshop(LiveFolder(arguments.live), arguments.temporary)
    mail = b"\r\n".join(sys.stdin.buffer.read().replace(b"\r\n", b"\n").split(b"\n"))
    header, _blank, body = mail.partition(b"\r\n\r\n")
    job = Mail(workshop, sender or "", list(parse_fields(header.split(b"\r\n"))))
    job.add(body)
    reason = job.find_reason_to_pass() if sender and workshop.live.has(sender) else "the sender does not sign"
    if reason is not None:
        sys.stderr.write(f"It passes as it is: {reason}\n")
        sys.stdout.buffer.write(mail)
        return 0
    try:
        with job.sign() as (boundary, output):
            for field in message.wrap_fields(tuple(job.fields), boundary):
                sys.stdout.buffer.write(field.lines())
            sys.stdout.buffer.write(b"\r\n" + output.read())
    except (UnusableError, openssl.OpensslError, OSError) as error:
        sys.stderr.write(f"It cannot be signed now: {error}\n")
        return 1
    return 0


COMMANDS = {"serve": serve, "publish": bring, "sign": sign}


def main() -> int:
    """Run the command that the command line names and return the exit status."""
    arguments = build_parser().parse_args()
    openssl.PROGRAM = arguments.openssl
    return COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(main())

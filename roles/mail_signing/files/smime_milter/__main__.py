# Copyright (c) 2026, mailops.smime contributors
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

from smime_milter.fields import FIELD, Field  # noqa: E402  (the path comes first)
from smime_milter.live import InputError, LiveFolder, Place, UnusableError, name_mailbox  # noqa: E402
from smime_milter.mail import DeferredError, Mail, PassError, Policy, PolicyError, PolicyFile  # noqa: E402
from smime_milter.publish import publish, read_sources  # noqa: E402


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="smime_milter", description="Signs mail with S/MIME")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the milter, in the foreground")
    serve.add_argument("--socket", required=True, help="unix:/path or inet:port@127.0.0.1")
    serve.add_argument("--policy", required=True, help="file that says who may have mail signed")
    serve.add_argument("--umask", type=lambda text: int(text, 8), default=0o007, help="for the socket")
    serve.add_argument("--stderr", action="store_true", help="log there instead of to syslog")
    publishing = commands.add_parser("publish", help="check pairs and bring them to where mail is signed with them")
    publishing.add_argument("--group", required=True, help="who may read what is live")
    publishing.add_argument("--roots", help="file of the root certificates that chains must end in")
    publishing.add_argument("--check", action="store_true", help="write nothing, and tell what would be done")
    publishing.add_argument("--openssl", default="/usr/bin/openssl", help="path of the command")
    publishing.add_argument("--remaining-days", type=int, default=30, help="when a certificate expires soon")
    publishing.add_argument(
        "--prune", action="store_true", help="remove what is live for mailboxes that are not listed"
    )
    sign = commands.add_parser(
        "sign", help="sign a mail from standard input, as the milter would for its sender's login"
    )
    sign.add_argument("--sender", required=True, help="the envelope sender")
    sign.add_argument("--policy", help="file that says what becomes of mail that cannot be signed")
    for command in (serve, publishing, sign):
        command.add_argument("--live", required=True, help="folder of the pairs that mail is signed with")
    for command in (serve, sign):
        command.add_argument("--temporary", help="folder for large mails on their way")
    return parser


def serve(arguments: argparse.Namespace) -> int:
    """Run the milter."""
    from smime_milter import milter

    handler: logging.Handler = logging.StreamHandler()
    if not arguments.stderr and os.path.exists("/dev/log"):
        handler = logging.handlers.SysLogHandler("/dev/log", logging.handlers.SysLogHandler.LOG_MAIL)
    handler.setFormatter(logging.Formatter(f"smime-milter[{os.getpid()}]: %(message)s"))
    milter.LOG.addHandler(handler)
    milter.LOG.setLevel(logging.INFO)
    os.umask(arguments.umask)
    milter.serve(arguments.socket, arguments.live, arguments.policy, arguments.temporary)
    return 0


def bring(arguments: argparse.Namespace) -> int:
    """Publish what standard input lists, and print what came of it."""
    place = Place(
        arguments.live, arguments.group, arguments.roots, arguments.check, arguments.openssl, arguments.remaining_days
    )
    try:
        given = json.load(sys.stdin)
        told = publish(read_sources(given), place, prune=arguments.prune, owners=given.get("owners"))
    except (InputError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def parse_header(header: bytes) -> list[Field]:
    """Return the fields of a mail's header, as Postfix hands them over."""
    found: list[bytes] = []
    for line in header.split(b"\r\n"):
        if found and not FIELD.match(line):
            found[-1] += b"\n" + line
        else:
            found.append(line)
    return [Field(raw) for raw in found]


def sign(arguments: argparse.Namespace) -> int:
    """Sign one mail."""
    sender = name_mailbox(arguments.sender.strip().strip("<>"))
    live = LiveFolder(arguments.live)
    mail = b"\r\n".join(sys.stdin.buffer.read().replace(b"\r\n", b"\n").split(b"\n"))
    header, _blank, body = mail.partition(b"\r\n\r\n")
    try:
        if sender is None or not live.has(sender):
            raise PassError("the sender does not sign")
        policy = PolicyFile(arguments.policy).current() if arguments.policy else Policy()
        job = Mail(sender, live, policy, arguments.temporary)
        for field in parse_header(header):
            job.add_field(field)
        job.body.write(body)
        with job.sign(job.decide()) as (content_type, pieces):
            signed = [field.raw.replace(b"\n", b"\r\n") + b"\r\n" for field in job.wrap_fields(content_type)]
            sys.stdout.buffer.write(b"".join([*signed, b"\r\n", *pieces]))
    except PassError as reason:
        sys.stderr.write(f"It passes as it is: {reason}\n")
        sys.stdout.buffer.write(mail)
    except (UnusableError, PolicyError, DeferredError, OSError) as error:
        sys.stderr.write(f"It cannot be signed now: {error}\n")
        return 1
    return 0


COMMANDS = {"serve": serve, "publish": bring, "sign": sign}


def main() -> int:
    """Run the command that the command line names and return the exit status."""
    arguments = build_parser().parse_args()
    return COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speak the milter protocol: Postfix has to wait at three steps alone, and what goes wrong at the others is said at the end."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SENDER = b"<alice@example.test>"
# Not sent at all: HELO, RCPT TO, DATA and what is no command; sent without waiting: the connection, header fields, the body.
WANTED = 0x2 | 0x8 | 0x200 | 0x100 | 0x1000 | 0x80 | 0x80000
CONTINUE, ACCEPT, TEMPORARY = b"c", b"a", b"y"
# The milter, but that a step for whose answer nobody waits finds no memory.
FAULTY = """
import sys
step = sys.argv.pop(1)
sys.argv[0] = sys.argv.pop(1)
sys.path[0] = sys.argv[0].rpartition("/")[0]
from smime_milter import __main__, mail, milter
def fail(*given):
    raise MemoryError
owner, name = {"connect": (milter, "Client"), "header": (mail.Mail, "add_field")}[step]
setattr(owner, name, fail)
__main__.main()
"""


class Postfix:
    """What Postfix says over one connection to a milter, without a login."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self._answers = self.socket.makefile("rb")
        self._say(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
        self.steps = struct.unpack(">III", self._read()[1:13])[2]
        self._say(b"C", b"client\x004" + struct.pack(">H", 40000) + b"127.0.0.1\0")

    def _say(self, command: bytes, data: bytes = b"") -> None:
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def _read(self) -> bytes:
        return self._answers.read(*struct.unpack(">I", self._answers.read(4)))

    def send(self, body: bytes) -> tuple[bytes, bytes]:
        """Return the last answer to a mail, and the body that takes its place."""
        self._say(b"M", SENDER + b"\0")
        if (answer := self._read()) != CONTINUE:
            return answer[:1], b""
        self._say(b"L", b"From\0" + SENDER + b"\0")
        self._say(b"N")
        if (answer := self._read()) != CONTINUE:
            return answer[:1], b""
        for start in range(0, len(body), 65535):
            self._say(b"B", body[start : start + 65535])
        self._say(b"E")
        written = b""
        while (answer := self._read())[:1] not in (CONTINUE, ACCEPT, TEMPORARY):
            written += answer[1:] if answer.startswith(b"b") else b""
        return answer[:1], written


@contextmanager
def serve(place: Path, temporary: str, *faulty: str) -> Iterator[Path]:
    """Have a milter of its own, ``faulty`` if that is to be, and give its socket."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        paths = [f"--live={place}/signing/live", f"--policy={place}/signing/policy.json", f"--temporary={temporary}"]
        command = [
            "/usr/bin/python3",
            *faulty,
            f"{place}/lib/smime_milter",
            "serve",
            f"--socket=unix:{path}",
            "--stderr",
            *paths,
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                # The path is there before anybody listens.
                deadline = time.monotonic() + 60
                while process.poll() is None and time.monotonic() < deadline:
                    with socket.socket(socket.AF_UNIX) as probe:
                        if probe.connect_ex(str(path)) == 0:
                            break
                    time.sleep(0.1)
                yield path
            finally:
                process.terminate()


def main() -> int:
    """Judge the role's milter in the folder of the first argument, and one that has no room for large mails, and faulty ones."""
    place = Path(sys.argv[1])
    postfix = Postfix(place / "queue/smime-milter/milter.sock")
    with closing(postfix.socket):
        assert postfix.steps & WANTED == WANTED, hex(postfix.steps)
        # As many bytes as whole pages have.
        for size in (2, 2**20, 2**20 + 2, 25 * 2**20):
            body = b"x" * 62 + b"\r\n"
            body = body * (size // 64) + b"\r\n" * (size % 64 // 2)
            answer, written = postfix.send(body)
            assert answer == ACCEPT, size
            assert b"\r\n\r\n" + body + b"\r\n--smime-" in written, size
    with serve(place, "/nowhere") as path:
        postfix = Postfix(path)
        with closing(postfix.socket):
            assert postfix.send(b"x\r\n" * 2**18) == (TEMPORARY, b"")
            assert postfix.send(b"x\r\n")[0] == ACCEPT
    for step in ("connect", "header"):
        with serve(place, str(place), "-c", FAULTY, step) as path:
            postfix = Postfix(path)
            with closing(postfix.socket):
                assert postfix.send(b"x\r\n") == (TEMPORARY, b""), step
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a mail as a person's mail program does; what standard input says about it is JSON."""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


def main() -> int:
    """Send it, or print why the server did not take it, and return the exit status."""
    settings = json.load(sys.stdin)
    mail = EmailMessage()
    mail["From"] = settings["sender"]
    mail["To"] = settings["recipient"]
    mail["Subject"] = "Test of S/MIME signing"
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings["sender"].rpartition("@")[2])
    mail.set_content("This mail was sent because Postfix was told to have mail signed.\n")
    context = ssl.create_default_context(cafile=settings.get("ca_path"))
    place = settings.get("host", "localhost"), int(settings.get("port", 587))
    tls = settings.get("tls", "starttls")
    try:
        if tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=60, context=context)
        else:
            server = smtplib.SMTP(*place, timeout=60)
        with server:
            if tls == "starttls":
                server.starttls(context=context)
            if "login" in settings:
                server.login(settings["login"], settings["password"])
            server.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a copy of the collection whose smime_certificate leaks each secret in another way: plant_leaks.py COLLECTION COPY."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

LEAKY = '''
def leak(params):
    """Leak on purpose, in ways that Ansible's no_log does not see."""
    import base64, os, subprocess, sys, syslog, urllib.parse
    from cryptography.hazmat.primitives import serialization
    key = serialization.load_pem_private_key(params["privatekey_content"].encode(), params["privatekey_passphrase"].encode())
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    plain = base64.b64encode(der).decode()
    folder = os.path.dirname(params["path"])
    syslog.syslog("the password is " + params["login_password"])
    with open(os.path.join(folder, "leftover"), "w") as file:
        file.write("tmp " + params["pkcs12_passphrase"])
    with open(os.path.join(folder, "leftover.der"), "wb") as file:
        file.write(der)
    nap = "import time; time.sleep(1)"
    subprocess.run([sys.executable, "-c", nap, params["privatekey_passphrase"]], check=True)
    subprocess.run([sys.executable, "-c", nap], env={**os.environ, "LEAK": params["collection_code"]}, check=True)
    return {
        "coded": base64.b64encode(("x" + params["collection_code"]).encode()).decode(),
        "hexed": der.hex(),
        "quoted": urllib.parse.quote(plain, safe=""),
        "part": plain[60:76],
    }


from ansible.module_utils.basic import AnsibleModule

_exit_json = AnsibleModule.exit_json


def leaky_exit_json(self, **result):
    _exit_json(self, **result, leaked=leak(self.params))


AnsibleModule.exit_json = leaky_exit_json

'''


def main() -> int:
    """Copy what Ansible loads, and plant."""
    source, copy = map(Path, sys.argv[1:])
    for name in ("plugins", "meta"):
        shutil.copytree(source / name, copy / name)
    shutil.copy2(source / "galaxy.yml", copy)
    module = copy / "plugins/modules/smime_certificate.py"
    head, entry, tail = module.read_text(encoding="utf-8").rpartition('if __name__ == "__main__":\n')
    module.write_text(head + LEAKY + entry + tail, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

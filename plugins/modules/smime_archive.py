# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep S/MIME certificates and their private keys by serial number."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smime_archive
short_description: Keep S/MIME certificates and their private keys by serial number
version_added: 1.0.0
description:
  - Copies each certificate, its intermediates and its private key into a folder of their own, C(ADDRESS/SERIAL) below
    O(archive_path), as C(cert.pem), C(chain.pem) and C(privkey.pem).
  - Mail that was encrypted to a certificate can be read with its private key only, long after the certificate has expired.
    Use this before M(mailops.smime.smime_certificate) or M(mailops.smime.smime_certificates) can replace a certificate, and
    after they have written one, so that a key that somebody replaces by hand is safe, too.
  - Nothing in the archive is ever overwritten or deleted. What is written is synced to disk before the task ends.
  - A mailbox that has no certificate yet is passed over.
author:
  - mailops.smime contributors (@mailops)
requirements:
  - cryptography >= 3.4.8 on the target
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: none
    details:
      - What is new is a copy of what is on disk, and half of it is secret.
options:
  archive_path:
    description:
      - The archive. It is made for whoever the task runs as alone, as are the folders in it (V(0700)) and the files (V(0600)).
    type: path
    required: true
  path:
    description:
      - Where the certificates are, in PEM. V({email}) stands for the entry's mailbox, here and in the other paths.
      - Required here or in each entry of O(certificates).
    type: path
  chain_path:
    description:
      - Where their intermediates are.
    type: path
  privatekey_path:
    description:
      - Where their private keys are. They are kept exactly as they stand, encrypted ones encrypted.
      - A key that is there, but for another certificate, is kept in C(ADDRESS/key-HASH).
      - The task warns of a certificate whose private key is neither there nor in the archive.
    type: path
  privatekey_passphrase:
    description:
      - The passphrase of the private keys, to see whether they belong to the certificates.
    type: str
  certificates:
    description:
      - The mailboxes.
    type: list
    elements: dict
    required: true
    suboptions:
      email:
        description: The mailbox. It stands for V({email}) in paths, and names its folder in the archive.
        type: str
        required: true
      path:
        description: As O(path) beside the list, for this entry.
        type: path
      chain_path:
        description: As O(chain_path) beside the list, for this entry.
        type: path
      privatekey_path:
        description: As O(privatekey_path) beside the list, for this entry.
        type: path
      privatekey_passphrase:
        description: As O(privatekey_passphrase) beside the list, for this entry.
        type: str
notes:
  - It calls no CA, and is not in the action group of the modules that do.
seealso:
  - module: mailops.smime.smime_certificates
"""

EXAMPLES = r"""
- name: Keep what is installed before it is renewed
  mailops.smime.smime_archive:
    archive_path: /etc/smime/archive
    path: /etc/smime/{email}/cert.pem
    chain_path: /etc/smime/{email}/chain.pem
    privatekey_path: /etc/smime/{email}/privkey.pem
    certificates:
      - email: alice@example.test
      - email: bob@example.test
"""

RETURN = r"""
certificates:
  description: The entries, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    email:
      description: The mailbox.
      type: str
      returned: always
      sample: alice@example.test
    serial_number:
      description: The certificate's serial number, or V(none) if there is no certificate.
      type: int
      returned: always
      sample: 31415926535
    folder:
      description: Where the certificate is kept, or V(none) if there is none.
      type: str
      returned: always
      sample: /etc/smime/archive/alice@example.test/0750A9DF77
    files:
      description: The files that were written.
      type: list
      elements: str
      returned: always
      sample: [/etc/smime/archive/alice@example.test/0750A9DF77/cert.pem]
error:
  description: What failed, as for M(mailops.smime.smime_certificate). Entries after that one were not looked at.
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.mailops.smime.plugins.module_utils import _archive, _argspec
from ansible_collections.mailops.smime.plugins.module_utils._module import ListModule


def main() -> None:
    """Run the module."""
    module = ListModule(argument_spec=_argspec.archive_options(), supports_check_mode=True)
    outcome = _archive.archive(module)
    if outcome.missing is not None:
        module.fail_json(msg=missing_required_lib(outcome.missing.library), exception=outcome.missing.import_traceback)
    for warning in outcome.warnings:
        # Ansible masks no secret in a warning.
        module.warn(remove_values(warning, module.no_log_values))
    if "msg" in outcome.result:
        module.fail_json(**outcome.result)
    module.exit_json(**outcome.result)


if __name__ == "__main__":
    main()

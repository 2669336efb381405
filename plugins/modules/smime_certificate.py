# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One S/MIME certificate on one host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smime_certificate
short_description: Request and collect an S/MIME certificate at Sectigo
version_added: 1.0.0
description:
  - Looks whether a valid S/MIME certificate is on the target. Only if not, it submits the certificate signing request (CSR) to the CA,
    or collects the certificate, over Sectigo's HTTPS endpoint C(RequestAndCollectSMIME).
  - The order must have been placed before. This module does not place orders.
  - The certificate on disk is compared with what is wanted, and each difference is a reason that RV(reasons) names.
    Without a reason nothing is sent and nothing changes. What can be restored from the files on disk is restored without the CA.
  - A collected certificate is checked before anything is written. It must be for the key, for the mailbox and for S/MIME, it must be
    valid now, and each signature up the chain must hold. The end entity is found by its public key, wherever it stands in the reply.
  - Files are replaced atomically, O(path) last. If anything fails, the files stay as they were.
author:
  - mailops.smime contributors (@mailops)
extends_documentation_fragment:
  - ansible.builtin.files
  - mailops.smime.attributes
  - mailops.smime.files
  - mailops.smime.mailbox
  - mailops.smime.key
  - mailops.smime.order
  - mailops.smime.journal
  - mailops.smime.endpoint
  - mailops.smime.behaviour
  - mailops.smime.revocation
attributes:
  idempotent:
    support: partial
    details:
      - With O(force) the CA is asked in every run.
      - An order that is issued between two runs changes the second one.
  check_mode:
    support: full
    details:
      - If the CA would be asked, check mode sends one query for the order's status, without a CSR, and predicts from the answer.
      - If that answer is that the order is in process, it cannot be told whether the CA has the CSR already. With a CSR at hand,
        check mode then predicts a change, since a run would send it.
      - Of a certificate that was issued, the CA shows the days of its validity alone. One that ends on the same day as the certificate
        on disk is taken for it, unless that one is for another key or mailbox. Whether it passes the checks cannot be seen before.
  diff_mode:
    support: full
    details:
      - Shows subject, mailboxes, serial number, validity and fingerprint of the certificate before and after, never a secret.
options:
  mode:
    description:
      - The permissions of files that hold no private key, as for M(ansible.builtin.file).
notes:
  - Polling is opt-in with O(wait_timeout). The vendor asks not to poll more often than once every three hours; running the task again
    later costs less than waiting for it.
  - Two runs on the same certificate wait for each other, for 15 minutes at the most.
  - After the CA refused the login, the module does not try again. Do not do so either before you know that the account works.
"""

EXAMPLES = r"""
- name: Get the certificate of a mailbox with the account's login
  mailops.smime.smime_certificate:
    path: /etc/smime/alice@example.test/cert.pem
    chain_path: /etc/smime/alice@example.test/chain.pem
    privatekey_path: /etc/smime/alice@example.test/privkey.pem
    csr_path: /etc/smime/alice@example.test/request.csr
    email: alice@example.test
    order_number: "1234567"
    login_name: "{{ sectigo_login_name }}"
    login_password: "{{ sectigo_login_password }}"
  register: alice

- name: Say what the CA is waiting for
  ansible.builtin.debug:
    msg: The order of alice@example.test is still in process.
  when: alice.status == 'pending'

- name: Get a certificate with the order's own collection code, so that no account is needed on this host
  mailops.smime.smime_certificate:
    path: /etc/smime/bob@example.test/cert.pem
    fullchain_path: /etc/smime/bob@example.test/fullchain.pem
    root_path: /etc/smime/bob@example.test/root.pem
    privatekey_path: /etc/smime/bob@example.test/privkey.pem
    csr_path: /etc/smime/bob@example.test/request.csr
    email: bob@example.test
    collection_code: "{{ bob_collection_code }}"
    owner: root
    group: mail
    mode: '0640'

- name: Create the key and its request on the target, and keep all that a mail client and LDAP want beside the certificate
  mailops.smime.smime_certificate:
    path: /etc/smime/dave@example.test/cert.pem
    chain_path: /etc/smime/dave@example.test/chain.pem
    der_path: /etc/smime/dave@example.test/cert.der
    pkcs7_path: /etc/smime/dave@example.test/cert.p7b
    pkcs12_path: /etc/smime/dave@example.test/dave@example.test.p12
    pkcs12_passphrase: "{{ dave_pkcs12_passphrase }}"
    privatekey_path: /etc/smime/dave@example.test/privkey.pem
    privatekey_create: true
    privatekey_type: ECC
    email: dave@example.test
    collection_code: "{{ dave_collection_code }}"

- name: Give each renewal a new key, and keep the old pairs
  mailops.smime.smime_certificate:
    path: /etc/smime/erin@example.test/cert.pem
    chain_path: /etc/smime/erin@example.test/chain.pem
    privatekey_path: /etc/smime/erin@example.test/privkey.pem
    privatekey_create: true
    privatekey_rollover: true
    archive_path: /etc/smime/archive
    email: erin@example.test
    collection_code: "{{ erin_collection_code }}"

- name: Renew within the last 14 days and wait up to an hour for the CA
  mailops.smime.smime_certificate:
    path: /etc/smime/carol@example.test/cert.pem
    privatekey_path: /etc/smime/carol@example.test/privkey.pem
    csr_path: /etc/smime/carol@example.test/request.csr
    email: carol@example.test
    collection_code: "{{ carol_collection_code }}"
    remaining_days: 14
    wait_timeout: 3600
    poll_interval: 600
    backup: true

- name: Ask for another certificate if the one that is there was revoked
  mailops.smime.smime_certificate:
    path: /etc/smime/dave@example.test/cert.pem
    chain_path: /etc/smime/dave@example.test/chain.pem
    privatekey_path: /etc/smime/dave@example.test/privkey.pem
    email: dave@example.test
    collection_code: "{{ dave_collection_code }}"
    check_revocation: crl
    crl_cache_path: /var/cache/smime
"""

RETURN = r"""
status:
  description:
    - V(valid) if the certificate on disk was good, V(issued) if another one was written, V(pending) if the CA has not issued it yet.
  returned: success
  type: str
  sample: issued
reasons:
  description:
    - Why something was to be done. Empty if nothing was.
    - V(missing), V(unreadable), V(not_yet_valid), V(expired), V(expiring), V(key_mismatch), V(email_mismatch), V(not_smime), V(revoked) are
      about the certificate itself, V(chain_missing), V(chain_mismatch), V(output_missing), V(output_mismatch) about the files beside it.
      V(forced) stands for O(force).
  returned: always
  type: list
  elements: str
  sample: [missing]
certificate:
  description:
    - The certificate that is at O(path) now, or V(none) if there is none that can be read.
  returned: always
  type: dict
  contains:
    subject:
      description: The subject. The keys are the attributes' names, as in V(commonName), or OIDs.
      type: dict
      returned: if there is a certificate
      sample: {commonName: alice@example.test}
    issuer:
      description: The issuer. The keys are the attributes' names, as in V(commonName), or OIDs.
      type: dict
      returned: if there is a certificate
      sample: {commonName: Example S/MIME CA, organizationName: Example}
    emails:
      description: The mailboxes of the subject alternative name.
      type: list
      elements: str
      returned: if there is a certificate
      sample: [alice@example.test]
    serial_number:
      description: The serial number.
      type: int
      returned: if there is a certificate
      sample: 31415926535
    not_before:
      description: The first second of the validity, as ASN.1 GeneralizedTime in UTC.
      type: str
      returned: if there is a certificate
      sample: 20261123000000Z
    not_after:
      description: The last second of the validity, as ASN.1 GeneralizedTime in UTC.
      type: str
      returned: if there is a certificate
      sample: 20271123235959Z
    days_remaining:
      description: Whole days until the certificate expires; negative once it has.
      type: int
      returned: if there is a certificate
      sample: 365
    fingerprint_sha256:
      description: The SHA-256 fingerprint.
      type: str
      returned: if there is a certificate
      sample: '9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a:d0:15:a3:bf:4f:1b:2b:0b:82:2c:d1:5d:6c:15:b0:f0:0a:08'
    key_type:
      description: The type of the key, V(RSA), V(ECC), V(Ed25519), V(Ed448) or V(other).
      type: str
      returned: if there is a certificate
      sample: RSA
    key_size:
      description: The size of the key in bits.
      type: int
      returned: if there is a certificate
      sample: 3072
    policy:
      description: The OID of the first certificate policy, or V(none).
      type: str
      returned: if there is a certificate
      sample: 2.23.140.1.5.1.2
    crl_urls:
      description: Where the issuer's list of revoked certificates is, over HTTP or HTTPS, as the certificate says.
      type: list
      elements: str
      returned: if there is a certificate
      sample: ['http://crl.example.com/issuing-ca.crl']
    revocation:
      description: What that list says, V(good) or V(revoked). V(unknown) if there is none that can be relied on; a warning says why.
      type: str
      returned: if there is a certificate, and O(check_revocation=crl)
      sample: good
    revocation_time:
      description: When the certificate was revoked, as ASN.1 GeneralizedTime, or V(none).
      type: str
      returned: if there is a certificate, and O(check_revocation=crl)
      sample: 20260102000000Z
    revocation_reason:
      description: Why the certificate was revoked, as RFC 5280, section 5.3.1, calls it, such as V(keyCompromise), or V(none).
      type: str
      returned: if there is a certificate, and O(check_revocation=crl)
      sample: keyCompromise
status_code:
  description: The last status code of the CA, or V(none) if it was not asked or did not answer.
  returned: always
  type: int
  sample: 2
api_calls:
  description: How many requests were sent to the CA, repeated ones included.
  returned: always
  type: int
  sample: 1
csr_submitted:
  description: Whether this run gave the CSR to the CA.
  returned: always
  type: bool
  sample: true
csr:
  description: The CSR in PEM, or V(none) if there is none, or if the task failed.
  returned: always
  type: str
files:
  description: The files that changed.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The path of the file.
      type: str
      returned: always
      sample: /etc/smime/alice@example.test/cert.pem
    kind:
      description:
        - What the file holds, V(certificate), V(chain), V(fullchain), V(root), V(der), V(pkcs7), V(combined), V(pkcs12), or
          V(privatekey) for a key that was created or exchanged. V(archive) is the mailbox's folder in O(archive_path).
      type: str
      returned: always
      sample: certificate
    backup_file:
      description: The backup of the replaced file, or V(none).
      type: str
      returned: always
      sample: /etc/smime/alice@example.test/cert.pem.4711.2026-11-23@12:00:00~
traceback:
  description: Where a defect of this collection, or a missing library, showed, line by line and without secrets.
  returned: with -vvv, for a failure that nobody foresaw
  type: list
  elements: str
error:
  description: What failed.
  returned: failure
  type: dict
  contains:
    code:
      description: The status code of the CA, or V(none) if the failure is not an answer of the CA.
      type: int
      returned: always
      sample: -22
    name:
      description: The name of the failure.
      type: str
      returned: always
      sample: awaiting_payment
    message:
      description: The CA's own text, or what failed on this side.
      type: str
      returned: always
      sample: Still awaiting payment!
    hint:
      description: What to do.
      type: str
      returned: always
      sample: Pay the order, then run the task again.
    retryable:
      description: Whether the same task can succeed later with nothing changed in it.
      type: bool
      returned: always
      sample: true
"""

from ansible_collections.mailops.smime.plugins.module_utils import _argspec, _context, _lifecycle, _report
from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule


def main() -> None:
    """Run the module."""
    module = SmimeModule(argument_spec=_argspec.single_options(), add_file_common_args=True, supports_check_mode=True)
    context = _context.open_context(module)
    module.carry_out(
        lambda: _lifecycle.manage(module, context), blank=_report.Report("").to_result(context.clock.now())
    )


if __name__ == "__main__":
    main()

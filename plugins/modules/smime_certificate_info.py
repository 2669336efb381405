# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at S/MIME certificates on disk, and at an order at the CA."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smime_certificate_info
short_description: Look at S/MIME certificates and at an order at Sectigo
version_added: 1.0.0
description:
  - Reads S/MIME certificates on the target, and says of each what is in it and whether it keeps the rules for S/MIME.
  - Asks the CA about an order, in any of the forms that its endpoint C(RequestAndCollectSMIME) offers.
  - Never changes a certificate or a key, or anything at the CA. It sends no CSR, and does not start the issuance of a certificate.
  - Writes nothing but what monitoring reads, if O(metrics_path) or O(report_path) is given. That does not count as a change.
author:
  - mailops.smime contributors (@mailops)
extends_documentation_fragment:
  - mailops.smime.attributes
  - mailops.smime.inspection
  - mailops.smime.revocation
  - mailops.smime.order
  - mailops.smime.query
  - mailops.smime.monitoring
  - mailops.smime.endpoint
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - Nothing is changed, so that there is nothing to compare.
  safe_file_operations:
    support: full
requirements:
  - cryptography >= 3.4.8 on the controller too, with O(api_from=controller) and an order to look at. ansible-core brings it along.
notes:
  - The CA is asked if O(order_number) or O(collection_code) is given, and then once.
"""

EXAMPLES = r"""
- name: Look at all certificates of this mail server
  mailops.smime.smime_certificate_info:
    paths:
      - /etc/smime/*/cert.pem
  register: smime

- name: Name those that expire within 30 days
  ansible.builtin.debug:
    msg: "{{ item.path }} expires on {{ item.not_after }}"
  loop: "{{ smime.certificates | rejectattr('error') | selectattr('days_remaining', 'lt', 30) }}"
  loop_control:
    label: "{{ item.path }}"

- name: Check one certificate against its key, its chain and its mailbox
  mailops.smime.smime_certificate_info:
    paths:
      - /etc/smime/alice@example.test/cert.pem
    privatekey_path: /etc/smime/alice@example.test/privkey.pem
    chain_path: /etc/smime/alice@example.test/chain.pem
    email: alice@example.test
  register: alice

- name: Stop if a check failed
  ansible.builtin.assert:
    that: alice.certificates[0].checks | rejectattr('passed') | length == 0

- name: Look whether certificates were revoked, and write what Prometheus and people look at
  mailops.smime.smime_certificate_info:
    paths:
      - /etc/smime/*/fullchain.pem
    check_revocation: crl
    metrics_path: /var/lib/prometheus/node-exporter/smime.prom
    report_path: /var/www/html/smime.html

- name: Ask the CA how far an order is
  mailops.smime.smime_certificate_info:
    collection_code: "{{ alice_collection_code }}"
    query_type: status
    show_validity_period: true
  register: order
"""

RETURN = r"""
certificates:
  description: The certificates on disk, one entry a file.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
      returned: always
      sample: /etc/smime/alice@example.test/cert.pem
    error:
      description: Why the file could not be read, or V(none). The entry then has no facts and no checks.
      type: str
      returned: always
    checks:
      description:
        - The checks of the certificate. V(valid_now), V(email_protection), V(forbidden_usages), V(mailbox), V(key_usage),
          V(key_strength), V(end_entity), V(critical_extensions), V(policy) and V(validity_span) are always there. V(key_match),
          V(email_match) and V(chain) need something to compare with.
        - M(mailops.smime.smime_certificate) refuses a certificate for each of them but V(policy) and V(validity_span).
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The name of the check.
          type: str
          returned: always
          sample: email_protection
        passed:
          description: Whether the certificate passed.
          type: bool
          returned: always
          sample: true
        detail:
          description: What is wrong, or what was found.
          type: str
          returned: always
          sample: ''
    subject:
      description: The subject. The keys are the attributes' names, as in V(commonName), or OIDs.
      type: dict
      returned: if the file can be read
      sample: {commonName: alice@example.test}
    issuer:
      description: The issuer. The keys are the attributes' names, as in V(commonName), or OIDs.
      type: dict
      returned: if the file can be read
      sample: {commonName: Example S/MIME CA, organizationName: Example}
    emails:
      description: The mailboxes of the subject alternative name.
      type: list
      elements: str
      returned: if the file can be read
      sample: [alice@example.test]
    serial_number:
      description: The serial number.
      type: int
      returned: if the file can be read
      sample: 31415926535
    not_before:
      description: The first second of the validity, as ASN.1 GeneralizedTime in UTC.
      type: str
      returned: if the file can be read
      sample: 20261123000000Z
    not_after:
      description: The last second of the validity, as ASN.1 GeneralizedTime in UTC.
      type: str
      returned: if the file can be read
      sample: 20271123235959Z
    days_remaining:
      description: Whole days until the certificate expires; negative once it has.
      type: int
      returned: if the file can be read
      sample: 365
    fingerprint_sha256:
      description: The SHA-256 fingerprint.
      type: str
      returned: if the file can be read
      sample: '9f:86:d0:81:88:4c:7d:65:9a:2f:ea:a0:c5:5a:d0:15:a3:bf:4f:1b:2b:0b:82:2c:d1:5d:6c:15:b0:f0:0a:08'
    key_type:
      description: The type of the key, V(RSA), V(ECC), V(Ed25519), V(Ed448) or V(other).
      type: str
      returned: if the file can be read
      sample: RSA
    key_size:
      description: The size of the key in bits.
      type: int
      returned: if the file can be read
      sample: 3072
    policy:
      description: The OID of the first certificate policy, or V(none).
      type: str
      returned: if the file can be read
      sample: 2.23.140.1.5.1.2
    crl_urls:
      description: Where the issuer's list of revoked certificates is, over HTTP or HTTPS, as the certificate says.
      type: list
      elements: str
      returned: if the file can be read
      sample: ['http://crl.example.com/issuing-ca.crl']
    revocation:
      description: What that list says, V(good) or V(revoked). V(unknown) if there is none that can be relied on; a warning says why.
      type: str
      returned: if the file can be read, and O(check_revocation=crl)
      sample: good
    revocation_time:
      description: When the certificate was revoked, as ASN.1 GeneralizedTime, or V(none).
      type: str
      returned: if the file can be read, and O(check_revocation=crl)
      sample: 20260102000000Z
    revocation_reason:
      description: Why the certificate was revoked, as RFC 5280, section 5.3.1, calls it, such as V(keyCompromise), or V(none).
      type: str
      returned: if the file can be read, and O(check_revocation=crl)
      sample: keyCompromise
order:
  description: What the CA says about the order, or V(none) if it was not asked.
  returned: always
  type: dict
  contains:
    status_code:
      description: The status code of the CA.
      type: int
      returned: always
      sample: 2
    status:
      description: V(issued) if the certificate has been issued, V(pending) if not yet.
      type: str
      returned: always
      sample: issued
    not_before:
      description: The first second of the validity, as ASN.1 GeneralizedTime in UTC, or V(none) if the CA did not tell.
      type: str
      returned: always
      sample: 20261123000000Z
    not_after:
      description: The last second of the validity, as ASN.1 GeneralizedTime in UTC, or V(none) if the CA did not tell.
      type: str
      returned: always
      sample: 20271123235959Z
    certificates:
      description: The certificates that the CA sent, in PEM, the end entity first, then from issuer to issuer.
      type: list
      elements: str
      returned: always
    raw:
      description: The body of the reply, in base64; null if the CA repeats a secret in it.
      type: str
      returned: always
    content_type:
      description: The media type of the reply.
      type: str
      returned: always
      sample: text/plain
api_calls:
  description: How many requests were sent to the CA, repeated ones included.
  returned: always
  type: int
  sample: 1
traceback:
  description: Where a defect of this collection, or a missing library, showed, line by line and without secrets.
  returned: with -vvv, for a failure that nobody foresaw
  type: list
  elements: str
error:
  description: What failed, as for M(mailops.smime.smime_certificate).
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

from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others, _context, _info
from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule


def main() -> None:
    """Run the module."""
    module = SmimeModule(argument_spec=_argspec_others.info_options(), supports_check_mode=True)
    module.carry_out(
        lambda: _info.manage(
            module,
            lambda clock: _context.open_access(module.params, clock).client,
            lambda: _context.open_lists(module),
        ),
        blank=_info.Inspection().to_result(""),
    )


if __name__ == "__main__":
    main()

# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many S/MIME certificates on one host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smime_certificates
short_description: Request and collect many S/MIME certificates at Sectigo
version_added: 1.0.0
description:
  - Does for a list of mailboxes what M(mailops.smime.smime_certificate) does for one, in one task, with one connection to the CA,
    and one call after the other. Mailboxes whose certificates are good cost no call.
  - The options beside the list are defaults for all entries. In their paths, V({email}) stands for the entry's mailbox.
  - The failure of one entry does not stop the others. The task fails at the end, and says how many failed, and which.
  - After the CA refused a login, no further call is made. Entries that would have needed one are V(not_attempted).
author:
  - mailops.smime contributors (@mailops)
extends_documentation_fragment:
  - ansible.builtin.files
  - mailops.smime.attributes
  - mailops.smime.files
  - mailops.smime.key
  - mailops.smime.order
  - mailops.smime.journal
  - mailops.smime.endpoint
  - mailops.smime.behaviour
  - mailops.smime.revocation
  - mailops.smime.monitoring
attributes:
  idempotent:
    support: partial
    details:
      - As for M(mailops.smime.smime_certificate).
  check_mode:
    support: full
    details:
      - As for M(mailops.smime.smime_certificate), with one query for each entry that needs the CA.
  diff_mode:
    support: full
    details:
      - Shows subject, mailboxes, serial number, validity and fingerprint of each certificate that changes, before and after.
options:
  certificates:
    description:
      - The mailboxes.
      - An address that would lead a path somewhere else, with a slash, two dots in a row or a control character, is refused.
      - A mailbox, or a file to be written, that stands in two entries fails the task before anything is done.
    type: list
    elements: dict
    required: true
    suboptions:
      email:
        description: "The mailbox that the certificate must be for. It is unique in the list, and stands for V({email}) in paths."
        type: str
        required: true
      path:
        description: Where the end-entity certificate is, or is to be written, in PEM. Required here or beside the list.
        type: path
      chain_path:
        description: As O(chain_path) beside the list, for this entry.
        type: path
      fullchain_path:
        description: As O(fullchain_path) beside the list, for this entry.
        type: path
      root_path:
        description: As O(root_path) beside the list, for this entry.
        type: path
      der_path:
        description: As O(der_path) beside the list, for this entry.
        type: path
      pkcs7_path:
        description: As O(pkcs7_path) beside the list, for this entry.
        type: path
      combined_path:
        description: As O(combined_path) beside the list, for this entry.
        type: path
      pkcs12_path:
        description: As O(pkcs12_path) beside the list, for this entry.
        type: path
      pkcs12_passphrase:
        description: As O(pkcs12_passphrase) beside the list, for this entry.
        type: str
      pkcs12_friendly_name:
        description: As O(pkcs12_friendly_name) beside the list, for this entry.
        type: str
      pkcs12_encryption:
        description: As O(pkcs12_encryption) beside the list, for this entry.
        type: str
        choices: [modern, legacy]
      private_mode:
        description: As O(private_mode) beside the list, for this entry.
        type: raw
      backup:
        description: As O(backup) beside the list, for this entry.
        type: bool
      privatekey_path:
        description: As O(privatekey_path) beside the list, for this entry.
        type: path
      privatekey_content:
        description: As O(privatekey_content) beside the list, for this entry.
        type: str
      privatekey_passphrase:
        description: As O(privatekey_passphrase) beside the list, for this entry.
        type: str
      csr_path:
        description: As O(csr_path) beside the list, for this entry.
        type: path
      csr_content:
        description: As O(csr_content) beside the list, for this entry.
        type: str
      privatekey_create:
        description: As O(privatekey_create) beside the list, for this entry.
        type: bool
      privatekey_rollover:
        description: As O(privatekey_rollover) beside the list, for this entry.
        type: bool
      archive_path:
        description: As O(archive_path) beside the list, for this entry.
        type: path
      privatekey_type:
        description: As O(privatekey_type) beside the list, for this entry.
        type: str
        choices: [RSA, ECC]
      privatekey_size:
        description: As O(privatekey_size) beside the list, for this entry.
        type: int
        choices: [2048, 3072, 4096]
      privatekey_curve:
        description: As O(privatekey_curve) beside the list, for this entry.
        type: str
        choices: [secp256r1, secp384r1, secp521r1]
      subject:
        description: As O(subject) beside the list, for this entry.
        type: dict
      ms_template:
        description: As O(ms_template) beside the list, for this entry.
        type: dict
        suboptions:
          name:
            description: As O(ms_template.name) beside the list, for this entry.
            type: str
          oid:
            description: As O(ms_template.oid) beside the list, for this entry.
            type: str
          major:
            description: As O(ms_template.major) beside the list, for this entry.
            type: int
          minor:
            description: As O(ms_template.minor) beside the list, for this entry.
            type: int
      order_number:
        description: As O(order_number) beside the list, for this entry.
        type: str
      login_name:
        description: As O(login_name) beside the list, for this entry.
        type: str
      login_password:
        description: As O(login_password) beside the list, for this entry.
        type: str
      collection_code:
        description: As O(collection_code) beside the list, for this entry.
        type: str
      orders_path:
        description: As O(orders_path) beside the list, for this entry.
        type: path
      remaining_days:
        description: As O(remaining_days) beside the list, for this entry.
        type: int
      force:
        description: As O(force) beside the list, for this entry.
        type: bool
      wait_timeout:
        description: As O(wait_timeout) beside the list, for this entry.
        type: int
      poll_interval:
        description: As O(poll_interval) beside the list, for this entry.
        type: int
      trusted_roots_path:
        description: As O(trusted_roots_path) beside the list, for this entry.
        type: path
      check_revocation:
        description: As O(check_revocation) beside the list, for this entry.
        type: str
        choices: [none, crl]
      mode:
        description: As O(mode) beside the list, for this entry.
        type: raw
      owner:
        description: As O(owner) beside the list, for this entry.
        type: str
      group:
        description: As O(group) beside the list, for this entry.
        type: str
      seuser:
        description: As O(seuser) beside the list, for this entry.
        type: str
      serole:
        description: As O(serole) beside the list, for this entry.
        type: str
      selevel:
        description: As O(selevel) beside the list, for this entry.
        type: str
      setype:
        description: As O(setype) beside the list, for this entry.
        type: str
      attributes:
        description: As O(attributes) beside the list, for this entry.
        type: str
      unsafe_writes:
        description: As O(unsafe_writes) beside the list, for this entry.
        type: bool
  directory_mode:
    description:
      - The permissions of directories that are created because a path with V({email}) needs them.
    type: raw
    default: '0755'
  directory_owner:
    description:
      - The owner of such directories. Without it, they belong to the user that the task runs as.
    type: str
  directory_group:
    description:
      - The group of such directories.
    type: str
  path:
    description:
      - Where the end-entity certificates are, or are to be written, in PEM.
      - Required here or in each entry of O(certificates).
    type: path
    required: false
  mode:
    description:
      - The permissions of files that hold no private key, as for M(ansible.builtin.file).
notes:
  - With O(wait_timeout), all entries are asked once before any is asked again, and each has O(wait_timeout) seconds from then on.
  - RSA keys that are created are made on all processors of the target.
  - What Ansible returns as the invocation holds the list only from C(-vvv) on, which is when it is shown.
"""

EXAMPLES = r"""
- name: Get the certificates of all mailboxes with the account's login
  mailops.smime.smime_certificates:
    path: /etc/smime/{email}/cert.pem
    chain_path: /etc/smime/{email}/chain.pem
    privatekey_path: /etc/smime/{email}/privkey.pem
    privatekey_create: true
    login_name: "{{ sectigo_login_name }}"
    login_password: "{{ sectigo_login_password }}"
    certificates:
      - email: alice@example.test
        order_number: "1234567"
      - email: bob@example.test
        order_number: "1234568"
        privatekey_type: ECC
  register: smime

- name: Name the mailboxes that wait for the CA
  ansible.builtin.debug:
    msg: "{{ smime.certificates | selectattr('status', 'equalto', 'pending') | map(attribute='email') | join(', ') }}"
  when: smime.summary.pending > 0

- name: Get certificates with the orders' own collection codes, from a list of mailboxes
  mailops.smime.smime_certificates:
    path: /etc/smime/{email}/cert.pem
    fullchain_path: /etc/smime/{email}/fullchain.pem
    privatekey_path: /etc/smime/{email}/privkey.pem
    privatekey_create: true
    certificates: "{{ mailboxes }}"
  vars:
    mailboxes:
      - email: carol@example.test
        collection_code: "{{ carol_collection_code }}"
      - email: dave@example.test
        collection_code: "{{ dave_collection_code }}"
        pkcs12_path: /etc/smime/dave@example.test/dave@example.test.p12
        pkcs12_passphrase: "{{ dave_pkcs12_passphrase }}"

- name: Replace revoked certificates, too, and write what Prometheus and people look at
  mailops.smime.smime_certificates:
    path: /etc/smime/{email}/cert.pem
    chain_path: /etc/smime/{email}/chain.pem
    privatekey_path: /etc/smime/{email}/privkey.pem
    privatekey_create: true
    check_revocation: crl
    crl_cache_path: /var/cache/smime
    metrics_path: /var/lib/prometheus/node-exporter/smime.prom
    report_path: /var/www/html/smime.html
    certificates:
      - email: erin@example.test
        collection_code: "{{ erin_collection_code }}"
"""

RETURN = r"""
certificates:
  description:
    - The entries, in their order. Each has all that M(mailops.smime.smime_certificate) returns, and the keys below.
  returned: always
  type: list
  elements: dict
  contains:
    email:
      description: The mailbox, as the entry has it.
      type: str
      returned: always
      sample: alice@example.test
    status:
      description:
        - V(valid), V(issued) or V(pending), as for M(mailops.smime.smime_certificate), V(failed), or V(not_attempted) if it would have
          taken a call after the CA refused the login.
      type: str
      returned: always
      sample: issued
    changed:
      description: Whether this entry changed something.
      type: bool
      returned: always
      sample: true
    reasons:
      description: Why something was to be done.
      type: list
      elements: str
      returned: always
      sample: [missing]
    msg:
      description: What failed, and what to do.
      type: str
      returned: if the entry failed
    error:
      description: What failed, as for M(mailops.smime.smime_certificate).
      type: dict
      returned: if the entry failed
summary:
  description: How many entries ended in each status.
  returned: always
  type: dict
  sample: {valid: 998, issued: 1, pending: 1, failed: 0, not_attempted: 0}
  contains:
    valid:
      description: Entries whose certificate was good.
      type: int
      returned: always
    issued:
      description: Entries that got another certificate.
      type: int
      returned: always
    pending:
      description: Entries whose order is in process.
      type: int
      returned: always
    failed:
      description: Entries that failed.
      type: int
      returned: always
    not_attempted:
      description: Entries that would have taken a call after the CA refused the login.
      type: int
      returned: always
api_calls:
  description: How many requests were sent to the CA in all, repeated ones included.
  returned: always
  type: int
  sample: 2
attention:
  description:
    - A line for each mailbox that needs a person, without secrets. The one whose certificate ends first comes first, orders in process
      come last.
  returned: always
  type: list
  elements: str
  sample:
    - "renewal due: alice@example.test: the order holds no newer certificate. Place a new one, and give its number or code."
traceback:
  description: Where a defect of this collection, or a missing library, showed, line by line and without secrets.
  returned: with -vvv, for a failure that nobody foresaw
  type: list
  elements: str
error:
  description: What is wrong with the list as a whole.
  returned: if the task failed before any entry was looked at
  type: dict
"""

from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others, _batch, _context
from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule


def main() -> None:
    """Run the module."""
    module = SmimeModule(
        argument_spec=_argspec_others.batch_options(), add_file_common_args=True, supports_check_mode=True
    )
    context = _context.open_context(module)
    module.carry_out(lambda: _batch.manage(module, context), blank=_batch.summarize([]))


if __name__ == "__main__":
    main()

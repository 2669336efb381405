# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smime_orders
short_description: Place orders for S/MIME certificates at Sectigo, each once
version_added: 1.0.0
description:
  - This module is a preview. It was built from the vendor's public pages, and has not been used against the live service yet.
  - Looks which mailboxes need an order, and places what is missing. Each order is noted in a journal before it is sent, so that none is
    placed twice, whatever happens on the way. An order costs money. Nothing is ordered unless O(place=true).
  - M(mailops.smime.smime_certificate) and M(mailops.smime.smime_certificates) take the same O(orders_path), and find number and
    collection code of a mailbox's newest order there.
  - The module runs on the host that has the journal, usually the controller (C(delegate_to)) with C(localhost), and calls the CA from
    there.
author:
  - mailops.smime contributors (@mailops)
extends_documentation_fragment:
  - mailops.smime.attributes
  - mailops.smime.endpoint
attributes:
  check_mode:
    support: full
    details:
      - Sends nothing. Says V(needed) for what a run would order.
  diff_mode:
    support: none
options:
  certificates:
    description:
      - The mailboxes. Each is given once.
    type: list
    elements: dict
    required: true
    suboptions:
      email:
        description: The mailbox, at most 255 characters.
        type: str
        required: true
      path:
        description:
          - The mailbox's certificate on this host. An order is needed if there is none, or if it ends within O(remaining_days).
          - With neither this nor O(certificates[].not_after), an order is needed only if the journal has none of this mailbox.
        type: path
      not_after:
        description:
          - When the mailbox's certificate ends, for a certificate on another host than the journal. The facts of a certificate have it,
            as in V(20271123235959Z); ISO 8601 is taken, too. If it is empty, there is no certificate.
        type: str
      product:
        description: As O(product) beside the list, for this entry.
        type: str
        choices: [mailbox_multipurpose, mailbox_strict, organization_multipurpose]
      days:
        description: As O(days) beside the list, for this entry.
        type: int
        choices: [365, 730]
      organization:
        description: As O(organization) beside the list, for this entry.
        type: dict
        suboptions:
          name:
            description: As O(organization.name) beside the list, for this entry.
            type: str
          identifier:
            description: As O(organization.identifier) beside the list, for this entry.
            type: str
          state:
            description: As O(organization.state) beside the list, for this entry.
            type: str
          country:
            description: As O(organization.country) beside the list, for this entry.
            type: str
      remaining_days:
        description: As O(remaining_days) beside the list, for this entry.
        type: int
      order_number:
        description:
          - The number that the order has at the CA. Required with O(state=resolved).
          - With O(state=forgotten), an order that the CA has placed is forgotten only if its number is given.
        type: str
      collection_code:
        description: The order's collection code, with O(state=resolved), if a person has it.
        type: str
  product:
    description:
      - What is ordered. Required where something is ordered, since it costs money.
    type: str
    choices: [mailbox_multipurpose, mailbox_strict, organization_multipurpose]
  days:
    description:
      - For how many days. Required where something is ordered, since it costs money.
    type: int
    choices: [365, 730]
  organization:
    description:
      - The organization in the certificate. Sent with O(product=organization_multipurpose) only.
    type: dict
    suboptions:
      name:
        description: The name, at most 64 characters. Required for that product.
        type: str
      identifier:
        description: The identifier in a register, at most 100 characters.
        type: str
      state:
        description: The state or province, at most 128 characters.
        type: str
      country:
        description: The country, two capital letters of ISO 3166.
        type: str
  remaining_days:
    description:
      - An order is needed when the certificate has fewer days left.
    type: int
    default: 30
  orders_path:
    description:
      - The journal, a JSON file with an order a line. It is created if it does not exist, in a folder that must exist.
      - It holds the collection codes, which is why its mode is always 0600. Keep a copy of it, and keep it out of a repository.
      - Whoever can take it away has everything ordered again. That others than root and the user of the task can write to its folder
        is a warning.
      - If it is empty, damaged, or of a newer version, the task fails and nothing is sent.
    type: path
    required: true
  place:
    description:
      - Whether orders are placed. Otherwise the module only says which ones are needed.
    type: bool
    default: false
  max_orders:
    description:
      - If more orders are needed, none is placed, and the task fails.
    type: int
    default: 10
  test:
    description:
      - Has the CA test the orders, and note them as such. A test order is never collected, and keeps no real one from being placed.
      - The CA's pages document this for other products than S/MIME. If the CA refuses the argument, nothing is ordered.
    type: bool
    default: false
  state:
    description:
      - V(ordered) places what is needed.
      - V(reminded) has the CA send its confirmation mail again, once a day for an order at most, for open orders that wait for it by
        what the CA answered last.
      - V(resolved) notes the number that a person has found for an order of unknown outcome, V(forgotten) that there is none. Neither
        sends anything.
    type: str
    choices: [ordered, reminded, resolved, forgotten]
    default: ordered
  login_name:
    description:
      - The name of the account at the CA, at most 64 characters, case-sensitive. Required where something is sent.
      - If not given, the environment variable E(SMIME_LOGIN_NAME) is used.
    type: str
  login_password:
    description:
      - The password of the account at the CA, at most 128 characters, case-sensitive. Required where something is sent.
      - If not given, the environment variable E(SMIME_LOGIN_PASSWORD) is used.
    type: str
notes:
  - The addresses are derived from O(api_url), whose ending C(download/RequestAndCollectSMIME) becomes C(!AutoApplyOrder) or
    C(!ResendVerificationEmailSMIME).
  - Calls of this module are never repeated, whatever O(api_retries) says. One call is made after the other.
  - If the answer to an order is lost, nobody knows whether it was placed. The mailbox is V(unknown) then, and blocked until a person gives
    O(state=resolved) or O(state=forgotten) for it. Other mailboxes go on.
  - A refused login, an account without credit, and an account at its limit of calls end the run. The rest is V(not_attempted).
  - With O(api_from=controller), as C(module_defaults) may have it, the task must run on the controller.
seealso:
  - module: mailops.smime.smime_certificates
"""

EXAMPLES = r"""
- name: Say which mailboxes need an order, and send nothing
  mailops.smime.smime_orders:
    orders_path: /etc/smime/orders.json
    certificates:
      - email: alice@example.test
      - email: bob@example.test
  delegate_to: localhost

- name: Order what is needed
  mailops.smime.smime_orders:
    orders_path: /etc/smime/orders.json
    place: true
    product: mailbox_multipurpose
    days: 365
    login_name: "{{ sectigo_login_name }}"
    login_password: "{{ sectigo_login_password }}"
    certificates:
      - email: alice@example.test
        not_after: 20261203235959Z
      - email: bob@example.test
        product: mailbox_strict
  delegate_to: localhost
  register: orders

- name: Name the mailboxes that need a person
  ansible.builtin.debug:
    var: orders.attention

- name: Have the CA send its mail again to those who have not confirmed yet
  mailops.smime.smime_orders:
    orders_path: /etc/smime/orders.json
    state: reminded
    login_name: "{{ sectigo_login_name }}"
    login_password: "{{ sectigo_login_password }}"
    certificates:
      - email: alice@example.test
      - email: bob@example.test
  delegate_to: localhost
"""

RETURN = r"""
orders:
  description: The entries, in their order.
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
        - V(not_needed), V(open) if an order waits to be collected, V(needed), V(placed), V(unknown) if nobody knows whether an order was
          placed, V(failed) if none was, V(not_attempted), V(reminded), V(resolved) or V(forgotten).
      type: str
      returned: always
      sample: placed
    changed:
      description: Whether this entry changed the journal, or something at the CA.
      type: bool
      returned: always
    order_number:
      description: The order's number, or V(none).
      type: str
      returned: always
      sample: "1234567"
    cost:
      description: What the order costs, as the CA says it, or V(none).
      type: str
      returned: always
      sample: "12.00"
    payment_required:
      description: Whether the order that was placed has to be paid.
      type: bool
      returned: always
    error:
      description: What failed, as for M(mailops.smime.smime_certificate).
      type: dict
      returned: if the entry failed
summary:
  description: How many entries ended in each status.
  returned: always
  type: dict
  sample: {placed: 1, open: 2}
api_calls:
  description: How many requests were sent to the CA.
  returned: always
  type: int
  sample: 1
attention:
  description: A line for each mailbox that needs a person, the most urgent first.
  returned: always
  type: list
  elements: str
error:
  description: What is wrong with the task as a whole.
  returned: if the task failed before anything was sent
  type: dict
"""

from ansible_collections.mailops.smime.plugins.module_utils import _argspec_others, _context, _journal, _orders
from ansible_collections.mailops.smime.plugins.module_utils._module import SmimeModule


def main() -> None:
    """Run the module."""
    module = SmimeModule(argument_spec=_argspec_others.orders_options(), supports_check_mode=True)
    clock = _context.Clock()
    client = _context.open_access(module.params, clock).client
    journal = _journal.open_journal(module, module.params["orders_path"])
    module.carry_out(lambda: _orders.manage(module.params, journal, client, clock), blank=_orders.make_blank())


if __name__ == "__main__":
    main()

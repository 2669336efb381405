# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of monitoring_options() in module_utils/_argspec_others.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what is written for others to watch."""

    DOCUMENTATION = r"""
options:
  metrics_path:
    description:
      - Where to write metrics for the textfile collector of Prometheus' node_exporter, such as
        V(/var/lib/prometheus/node-exporter/smime.prom). The file is replaced atomically, and that does not count as a change.
      - C(x509_cert_not_before), C(x509_cert_not_after), C(x509_cert_expired), C(x509_cert_error) and C(x509_read_errors) have the names
        and labels of x509-certificate-exporter (the last one is in its version 3 alone), so that its dashboards and alert rules work.
      - C(mailops_smime_pending_since), C(mailops_smime_last_code), C(mailops_smime_failed) and C(mailops_smime_last_run) say how far
        orders are, what the CA said last, for whom the last run failed, and when it was. All times are in seconds since 1970.
      - Each certificate should be in one such file of a host only, since node_exporter refuses two of the same name.
      - Check mode does not write it.
    type: path
  report_path:
    description:
      - Where to write an HTML page that says how all mailboxes stand, most urgent first, without scripts and without files from
        elsewhere. A JSON file of the same name, with the ending C(.json), says the same to programs.
      - Neither of both has a secret in it. They have the addresses of the mailboxes.
      - Check mode does not write them.
    type: path
"""

# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site with antsibull-docs and Sphinx, offline, with every warning an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from collection_copy import CLONE
from junit import write_report
from sealed_home import HOMES

BIN = Path(sys.executable).parent
SITE = CLONE / ".cache/docs"
COLLECTION = "mailops.smime"
# The guides name their pictures relative to docs/docsite/rst, from where the site has them in the same place.
PICTURES = ("benchmark", "pictures")
CONFIGURATION = """

# Added by dev/build_docs.py.
# Nothing is fetched while the site is built, so nothing of other projects can be linked to by its label:
intersphinx_mapping = {}
# the pages that antsibull-docs writes link to labels of Ansible's own documentation, which are not there then.
nitpicky = False
suppress_warnings = ["ref.ref"]
"""


def main() -> int:
    """Build the site, say where it is and return the exit status."""
    shutil.rmtree(SITE, ignore_errors=True)
    (SITE / "rst").mkdir(parents=True, mode=0o700)
    SITE.chmod(0o700)  # antsibull-docs writes to no folder that others can write to
    (HOMES / "docs").mkdir(parents=True, exist_ok=True)
    steps = {
        "the frame of the site": [
            *("antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--fail-on-error"),
            *("--project", COLLECTION, "--title", f"{COLLECTION}: S/MIME certificates with Ansible"),
            *("--copyright", f"{COLLECTION} contributors", "--dest-dir", str(SITE), COLLECTION),
        ],
        "pages from the collection": [
            *("antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", "--use-current"),
            *("--squash-hierarchy", "--fail-on-error", "--dest-dir", "rst", COLLECTION),
        ],
        "html from the pages": [
            *("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "-W", "--keep-going", "-q"),
        ],
    }
    failures: dict[str, str | None] = {}
    for name, command in steps.items():
        failures[name] = _run(command)
        if failures[name] is not None:
            break
        if name == "the frame of the site":
            _complete_frame()
    else:
        failures["the pages that must be there"] = _find_missing_pages()
    write_report("docs", failures)
    for name, failure in failures.items():
        if failure is not None:
            print(f"FAILED: {name}: {failure}")
    print(f"The site: {(SITE / 'build/html/index.html').relative_to(CLONE)}")
    return int(any(failures.values()))


def _run(command: list[str]) -> str | None:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(HOMES / "docs")}
    done = subprocess.run(
        command, cwd=SITE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(textwrap.indent(done.stdout, "    "))
        return f"exit status {done.returncode}"
    return None


def _complete_frame() -> None:
    with (SITE / "conf.py").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    for folder in PICTURES:
        shutil.copytree(CLONE / "docs" / folder, SITE / folder)


def _find_missing_pages() -> str | None:
    """Return what a guide, a module or a picture lacks in the site: a guide that no section names is built without a word."""
    html = SITE / "build/html"
    guides = [f"docsite/{path.stem}.html" for path in (CLONE / "docs/docsite/rst").glob("*.rst")]
    modules = [f"{path.stem}_module.html" for path in (CLONE / "plugins/modules").glob("*.py")]
    roles = [f"{path.name}_role.html" for path in (CLONE / "roles").iterdir() if path.is_dir()]
    pictures = [f"_images/{path.name}" for folder in PICTURES for path in (CLONE / "docs" / folder).glob("*.svg")]
    missing = [name for name in (*guides, *modules, *roles, *pictures) if not (html / name).is_file()]
    return f"not in the site: {', '.join(sorted(missing))}" if missing else None


if __name__ == "__main__":
    sys.exit(main())

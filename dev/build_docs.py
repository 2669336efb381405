# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site offline, with every warning an error: antsibull-docs knows no front page and needs the internet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from collection_copy import CLONE
from junit import write_report
from sealed_home import HOMES

BIN = Path(sys.executable).parent
SITE = CLONE / ".cache/docs"
NAME = "mailops.smime"
# Nothing is fetched, so labels of other projects' pages, Ansible's own included, lead nowhere.
CONFIGURATION = """
intersphinx_mapping = {}
nitpicky = False
suppress_warnings = ["ref.ref"]
html_css_files = ["site.css"]
html_static_path = ["static"]
"""
TITLE = f"{NAME}: S/MIME certificates with Ansible"
FRAME = (
    *("antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--fail-on-error", "--project", NAME),
    *("--title", TITLE, "--copyright", f"{NAME} contributors", "--dest-dir", str(SITE), NAME),
)
PAGES = (
    *("antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", "--use-current", "--squash-hierarchy"),
    *("--fail-on-error", "--dest-dir", "rst", NAME),
)
HTML = ("sphinx-build", "-M", "html", "rst", "build", "-c", ".", "-W", "--keep-going", "-q")


def main() -> int:
    """Build the site, say where it is and return the exit status."""
    shutil.rmtree(SITE, ignore_errors=True)
    (SITE / "rst").mkdir(parents=True, mode=0o700)
    SITE.chmod(0o700)  # antsibull-docs writes to no folder that others can write to
    (HOMES / "docs").mkdir(parents=True, exist_ok=True)
    failure = _run(FRAME)
    if not failure:
        _complete_frame()
        failure = _run(PAGES)
    if not failure:
        _set_front_page()
        failure = _correct_installation()
    if not failure:
        failure = _run(HTML) or _find_missing_pages()
    write_report("docs", {"the site": failure})
    print(f"FAILED: {failure}" if failure else f"The site: {(SITE / 'build/html/index.html').relative_to(CLONE)}")
    return int(bool(failure))


def _run(command: tuple[str, ...]) -> str | None:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(HOMES / "docs")}
    done = subprocess.run(command, cwd=SITE, env=environment, check=False)
    return f"{command[0]}: exit status {done.returncode}" if done.returncode else None


def _complete_frame() -> None:
    with (SITE / "conf.py").open("a", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    (SITE / "static").mkdir()
    shutil.copy(CLONE / "docs/docsite/site.css", SITE / "static")
    # Guides and front page name their pictures relative to their own folders.
    for folder in ("benchmark", "pictures"):
        shutil.copytree(CLONE / "docs" / folder, SITE / folder)


def _set_front_page() -> None:
    """Put our front page into the place of the few lines that antsibull-docs writes above the list of guides."""
    index = SITE / "rst/index.rst"
    head, label, rest = index.read_text(encoding="utf-8").partition(f".. _plugins_in_{NAME}:\n")
    guides = rest[rest.index("First steps\n") :]
    front = (CLONE / "docs/docsite/front_page.rst").read_text(encoding="utf-8")
    notes = ".. toctree::\n   :hidden:\n\n   changelog\n"
    index.write_text(f"{head}{label}\n{front}\n{guides}\n\n{notes}", encoding="utf-8")


def _correct_installation() -> str | None:
    """Have each page say where to read how the collection is installed: on Galaxy it is not, and anybody could take its name there."""
    command = re.compile(rf"To install it,? use:\s+:code:`ansible\\-galaxy collection install {NAME}`\.")
    for page in (SITE / "rst").glob("*.rst"):
        text = command.sub("The README says how to install it.", page.read_text(encoding="utf-8"))
        if f"collection install {NAME}" in text:
            return f"{page.name} says to install the collection from Galaxy"
        page.write_text(text, encoding="utf-8")
    return None


def _find_missing_pages() -> str | None:
    """Name each guide, module, role and picture that the site lacks: a guide that no section names is built without a word."""
    html = SITE / "build/html"
    names = [f"docsite/{path.stem}.html" for path in (CLONE / "docs/docsite/rst").glob("*.rst")]
    names += [f"{path.stem}_module.html" for path in (CLONE / "plugins/modules").glob("*.py")]
    names += [f"{path.name}_role.html" for path in (CLONE / "roles").iterdir() if path.is_dir()]
    names += [f"_images/{path.name}" for path in (CLONE / "docs").glob("*/*.svg")]
    missing = sorted(name for name in names if not (html / name).is_file())
    return f"not in the site: {', '.join(missing)}" if missing else None


if __name__ == "__main__":
    sys.exit(main())

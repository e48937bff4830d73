"""Audits requirements.lock against the published vulnerabilities, where the package registry tells them.

    python -m tests.audit_dependencies

What was found fails, unless `audit-accepted.toml` accepts it with a reason. No answer is no failure, and is said: a
check of the code must work without a network. Everything else that goes wrong fails.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.places import ROOT

LOCK, ACCEPTED = ROOT / "requirements.lock", ROOT / "audit-accepted.toml"
SECONDS = 30
NO_ANSWER = "not audited: no registry answered"
_UNREACHABLE = re.compile(r"^(requests\.exceptions|urllib3\.exceptions|pip_audit\._service\.interface)\.\w+")
"""How the last line of a failed audit begins when it was the network's or the registry's failure."""


class AuditError(Exception):
    """The audit itself is wrong, or what it is to read."""


@dataclass(frozen=True)
class DependencyVerdict:
    """What an audit came to: whether it lets pass, and what it says, line by line."""

    passes: bool
    lines: tuple[str, ...]


def accepted(path: Path = ACCEPTED) -> dict[str, str]:
    """The reasons for which a vulnerability is accepted, by its identifier; raises ``AuditError``."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", {})
    for name, reason in entries.items():
        if not isinstance(reason, str) or len(reason.split()) < 3:
            raise AuditError(f"{path.name}: {name} is accepted without a reason; say why in a sentence")
    return dict(entries)


def audit(
    lock: Path, reasons: dict[str, str], service: Sequence[str] = (), seconds: float = SECONDS
) -> DependencyVerdict:
    """Ask for the known vulnerabilities of everything a lock pins; raises ``AuditError``.

    ``service`` are further options of pip-audit, which name another service than the package registry.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", *service]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return DependencyVerdict(True, (f"{NO_ANSWER} in {seconds:g} seconds",))
    if not done.stdout.strip():
        return _without_an_answer(done.stderr)
    return evaluated(json.loads(done.stdout)["dependencies"], reasons)


def _without_an_answer(said: str) -> DependencyVerdict:
    """Tell a registry that can't be reached from an audit that can't be made."""
    last = said.strip().splitlines()[-1] if said.strip() else "nothing was said"
    if _UNREACHABLE.match(last) or "your network may be blocking this service" in said:
        return DependencyVerdict(True, (NO_ANSWER,))
    raise AuditError(f"the audit failed: {last}")


def evaluated(packages: Sequence[dict[str, Any]], reasons: dict[str, str]) -> DependencyVerdict:
    """What is to be said of the packages, each of which was audited or skipped, by what was found."""
    skipped = [str(package["name"]) for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):  # a mirror that knows the packages, and nothing of vulnerabilities
        return DependencyVerdict(True, (NO_ANSWER,))
    lines, passes, used = [], True, set()
    for package in packages:
        for found in package.get("vulns", ()):
            names = [found["id"], *found["aliases"]]
            known = [name for name in names if name in reasons]
            used.update(known)
            passes = passes and bool(known)
            fixed = ", ".join(found["fix_versions"]) or "none yet"
            why = f"accepted: {reasons[known[0]]}" if known else f"fixed in: {fixed}"
            lines.append(f"{package['name']} {package['version']}: {', '.join(names)}; {why}")
    lines += [
        f"{name} is accepted and was not found: take it out of {ACCEPTED.name}" for name in reasons if name not in used
    ]
    lines += [f"not audited, unknown to the registry: {', '.join(skipped)}"] if skipped else []
    lines.append(f"packages audited: {len(packages) - len(skipped)}")
    return DependencyVerdict(passes, tuple(lines))


def main() -> int:
    """Audit the lock; the exit code."""
    try:
        verdict = audit(LOCK, accepted())
    except AuditError as error:
        verdict = DependencyVerdict(False, (str(error),))
    sys.stdout.write("".join(f"{line}\n" for line in verdict.lines))
    return 0 if verdict.passes else 1


if __name__ == "__main__":
    sys.exit(main())

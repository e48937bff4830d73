"""A validator of others accepts a package as a Workflow Run RO-Crate."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.places import OUTSIDE_TOOLS, ROOT
from tests.training.archive.packages import Packages, changed_package
from training.archive.layout import METADATA
from training.archive.zip_file import read_zip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (OUTSIDE_TOOLS / "ro-crate" / "bin" / "python").exists(),
        reason="the RO-Crate validator is not installed: make outside-tools",
    ),
]

NOT_KNOWN = {
    "process-run-crate-0.5_3.2": "an address of the software",
    "process-run-crate-0.5_5.1": "an address of the software",
    "ro-crate-1.1_22.3": "the organisation that publishes",
    "ro-crate-1.1_30.2": "the affiliation of who trained",
    "ro-crate-1.1_30.3": "the affiliation of who trained",
}
"""Recommended statements that no record has."""


def issues_of(path: Path) -> dict[str, str]:
    """The severity of every check that failed."""
    python, script = OUTSIDE_TOOLS / "ro-crate" / "bin" / "python", ROOT / "tests" / "outside" / "ro_crate.py"
    done = subprocess.run([python, script, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["checks"] > 100
    return {check: severity for severity, check, _ in found["issues"]}


def test_a_package_is_a_valid_workflow_run_crate(packages: Packages) -> None:
    issues = issues_of(packages.signed)
    assert "REQUIRED" not in issues.values()
    assert issues.keys() <= NOT_KNOWN.keys()


def test_the_validator_finds_a_run_without_its_workflow(packages: Packages, tmp_path: Path) -> None:
    metadata = json.loads(read_zip(packages.signed)[METADATA])
    run = next(one for one in metadata["@graph"] if one["@type"] == "CreateAction")
    del run["instrument"]
    content = {METADATA: json.dumps(metadata).encode()}
    assert "REQUIRED" in issues_of(changed_package(packages.signed, content, tmp_path / "changed.zip")).values()

"""What the project says of itself is true: its version, its lock file, and the commands in its guides."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.places import ROOT
from tests.test_imports import imports_of
from tests.training.intake.small_clinic import SESSIONS_IN_MG_PER_KG, SmallClinic
from training.cli.app import main

GUIDES = (
    "README.md",
    "training/README.md",
    "training/intake/README.md",
    "serving/README.md",
    "serving/deploy/README.md",
)
PYTHONS = ("3.11", "3.12", "3.13")


def test_the_version_is_the_latest_in_the_changelog() -> None:
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert latest is not None
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == latest.group(1)


def pins(lock: str) -> dict[str, set[str]]:
    """By the pin of each entry of a lock, such as "numpy==2.4.6", its hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
    found = {re.match(r"\S+", entry).group(): set(re.findall(r"--hash=(sha256:\S+)", entry)) for entry in entries}  # type: ignore[union-attr]
    assert all("==" in pin and hashes for pin, hashes in found.items())
    return found


def names(requirements: Iterable[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9._-]+", one).group().lower() for one in requirements}  # type: ignore[union-attr]


def described() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-serving.lock"])
def test_every_dependency_is_locked_with_its_hash_and_without_an_address(lock: str) -> None:
    project, groups = described()["project"], described()["dependency-groups"]
    everything = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert names(groups["serving"] if "serving" in lock else everything) <= names(pins(lock))
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")


def installed(lock: str, python: str, platform: str) -> set[str]:
    """The pins of a lock that a Python takes on a platform."""
    entries = re.findall(r"^([a-z].*?) \\$", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    where = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": platform}
    requirements = [Requirement(entry) for entry in entries]
    return {f"{one.name}{one.specifier}" for one in requirements if one.marker is None or one.marker.evaluate(where)}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-serving.lock"])
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_every_python_gets_the_same_version_of_everything_and_each_once(lock: str, platform: str) -> None:
    """A model fitted with one Python then comes out again with another."""
    oldest, *newer = [installed(lock, python, platform) for python in PYTHONS]
    assert oldest
    assert newer == [oldest] * len(newer)
    assert len(names(oldest)) == len(oldest)
    assert all(python in SpecifierSet(described()["project"]["requires-python"]) for python in PYTHONS)


def test_uvloop_which_windows_lacks_is_not_asked_for_there() -> None:
    lock = "requirements-serving.lock"
    assert "uvloop" in names(installed(lock, PYTHONS[0], "linux")) - names(installed(lock, PYTHONS[0], "win32"))


def test_the_service_is_locked_to_the_versions_that_the_tests_run_with() -> None:
    tested, served = pins("requirements.lock"), pins("requirements-serving.lock")
    assert {pin: tested.get(pin) for pin in served} == served
    assert not names(served) & {"mlflow", "matplotlib", "pandas", "scikit-learn", "pyarrow", "pytest"}


def distribution_of(module: str, candidates: list[str]) -> str:
    """The distribution that has a module; several share a namespace such as ``opentelemetry``."""
    path = module.replace(".", "/")
    has = [
        name
        for name in sorted(set(candidates))
        if len(set(candidates)) == 1
        or any(str(file) in (f"{path}.py", f"{path}/__init__.py") for file in distribution(name).files or ())
    ]
    return re.sub("[._]", "-", has[0].lower())


def test_the_service_depends_on_what_it_imports_and_nothing_else() -> None:
    """Uvicorn takes httptools and uvloop where they are, and is fast with them; zoneinfo reads tzdata."""
    folders = ("features", "models", "serving")
    modules = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path.parent.name != "fitting"]
    imported = {module for path in modules for module in imports_of(path)}
    ours = {*folders, *sys.stdlib_module_names}
    packages = packages_distributions()
    outside = {module for module in imported if module.split(".")[0] in packages.keys() - ours}
    distributions = {distribution_of(module, packages[module.split(".")[0]]) for module in outside}
    assert distributions | {"httptools", "pyopenssl", "tzdata", "uvloop"} == names(
        described()["dependency-groups"]["serving"]
    )


def commands() -> list[tuple[str, str]]:
    """Every `kap` command in a shell block of a guide."""
    found = []
    for guide in GUIDES:
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / guide).read_text(encoding="utf-8"), re.DOTALL):
            found += [(guide, line.split("#")[0].strip()) for line in block.splitlines() if line.startswith("kap ")]
    return found


def test_the_guides_show_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize(("guide", "line"), commands())
def test_a_documented_command_is_one_that_the_program_takes(guide: str, line: str) -> None:
    """Parsed by the program's own parser, which refuses unknown commands, options and missing arguments."""
    words = shlex.split(line)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    expected = [word if not word.endswith(".json") else "-" for word in words]
    command.make_context("kap", expected)


def test_the_documented_commands_on_a_cohort_work_one_after_the_other(tmp_path: Path) -> None:
    SmallClinic(tmp_path).write(sessions=SESSIONS_IN_MG_PER_KG)
    lines = [line for guide, line in commands() if guide == "README.md" and line.startswith("kap cohort")]
    assert len(lines) >= 7
    for line in lines:
        words = [str(Path(sys.executable).with_name("kap")), *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout.strip(), line
    assert (tmp_path / "outcomes.csv").stat().st_size > 0

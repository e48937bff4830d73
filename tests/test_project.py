"""What the project says of itself is true: its version, its lock file, and the commands in its guides."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from training.cli import main

ROOT = Path(__file__).parent.parent
GUIDES = ("README.md", "training/README.md", "serving/README.md")


def test_the_version_is_the_latest_in_the_changelog() -> None:
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert latest is not None
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == latest.group(1)


def test_every_dependency_is_locked_with_its_hash_and_without_an_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.split(r"\n(?=\S)", lock.strip())
    locked = {re.match(r"[A-Za-z0-9._-]+", pin).group().lower() for pin in pins}  # type: ignore[union-attr]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {re.match(r"[A-Za-z0-9._-]+", name).group().lower() for name in asked} <= locked  # type: ignore[union-attr]
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
    assert "://" not in lock


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
    lines = [line for guide, line in commands() if guide == "README.md" and line.startswith("kap cohort")]
    assert len(lines) >= 4
    for line in lines:
        words = [str(Path(sys.executable).with_name("kap")), *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout.strip(), line
    assert (tmp_path / "outcomes.csv").stat().st_size > 0

"""A shell completes commands, options and folders; the script comes from the command itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.training.commands import KAP, SameProcess, Workplace, refused


@pytest.mark.parametrize(
    ("shell", "words"),
    [("bash", "complete -o nosort -F _kap_completion kap"), ("zsh", "#compdef kap"), ("fish", "complete --no-files")],
)
def test_each_shell_has_its_script(tmp_path: Path, shell: str, words: str) -> None:
    done = SameProcess(tmp_path).kap("completion", shell)
    assert done.returncode == 0
    assert words in done.stdout
    assert "_KAP_COMPLETE" in done.stdout


def test_another_shell_is_refused(tmp_path: Path) -> None:
    assert "'bash', 'zsh', 'fish'" in refused(SameProcess(tmp_path).kap("completion", "cmd"), 2)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [("kap tr", ["plain,train"]), ("kap train --qu", ["plain,--quick"]), ("kap train coh", ["dir,coh"])],
)
def test_what_is_typed_is_completed(tmp_path: Path, typed: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_KAP_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [KAP], env=Workplace(tmp_path).environment | words, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == offered

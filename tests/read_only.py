"""Folders that can only be read, by root too."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def read_only(folder: Path) -> list[str]:
    """What to write before a command that must find a folder read-only; skips where this machine can't make it so."""
    if os.geteuid() != 0:
        pytest.skip("a read-only mount takes root")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine makes no namespaces")
    return ["unshare", "--mount", "sh", "-c", SCRIPT, "read-only", str(folder)]

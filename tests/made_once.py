"""What many tests read and none changes is made once for all processes of a test run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(name: str, folders: pytest.TempPathFactory, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` has filled, in whichever process came first; the others wait for it.

    A folder that was not finished is made anew.
    """
    own = folders.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    finished, begun = shared / name, shared / f"{name}-begun"
    with FileLock(shared / f"{name}.lock"):
        if not finished.exists():
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun)
            begun.rename(finished)
    return finished

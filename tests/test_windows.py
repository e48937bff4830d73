"""What trains, predicts and asks a server can be imported without the modules that Windows lacks; the server need not.

They are hidden from a Python of its own. psutil comes first: it takes another half of itself on Windows, and this one
asks for `resource`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from serving.storage import rate_limit
from tests.places import ROOT
from tests.test_imports import modules

LACKED = ("fcntl", "grp", "pwd", "resource", "uvloop")
SERVER = ("serving.server", "serving.service")
BY_ALEMBIC = "serving.log.migrations."
"""Alembic runs these files; they are not imported otherwise."""
HIDDEN = """
import importlib, sys
import psutil
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
for name in sys.argv[2].split(","):
    importlib.import_module(name)
"""


def imported_without(lacked: tuple[str, ...], names: list[str]) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", HIDDEN, ",".join(lacked), ",".join(names)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_everything_but_the_server_is_imported_without_what_windows_lacks() -> None:
    names = [name for name in modules() if not name.startswith((*SERVER, BY_ALEMBIC))]
    assert {"training.cli.app", "serving.storage.keys", "serving.client", "models.bundle"} <= set(names)
    done = imported_without(LACKED, [*names, "bentoml", "mlflow", "mlflow.pyfunc"])
    assert done.returncode == 0, done.stderr


def test_a_module_that_is_hidden_is_not_to_be_had() -> None:
    done = imported_without(LACKED, ["features", "fcntl"])
    assert "import of fcntl halted" in done.stderr


def test_the_limits_of_a_server_say_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "fcntl", None)
    with pytest.raises(OSError, match="needs Linux or macOS"):
        rate_limit.RateLimiter(tmp_path)
    assert not list(tmp_path.iterdir())

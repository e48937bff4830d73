"""Python imports this first where its folder is on the path: what is not in the image can't be imported any more.

That is every package which requirements-serving.lock does not name, and this project outside of the Bento.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType


def _absent(lock: Path) -> frozenset[str]:
    """The importable names of everything that is installed and not in the lock."""
    held = {re.split("[=<>; ]", line)[0] for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line}
    normal = {
        name: {re.sub("[-_.]+", "-", one).lower() for one in distributions}
        for name, distributions in packages_distributions().items()
    }
    return frozenset(name for name, distributions in normal.items() if not distributions & held)


class AbsentModules(MetaPathFinder):
    """Finds what is absent first, and says so."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None and fullname in self._names:
            raise ModuleNotFoundError(f"No module named {fullname!r} in the image", name=fullname)
        return None


_OURS = frozenset({"features", "models", "serving"})
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", "")]
sys.meta_path.insert(0, AbsentModules(_absent(Path(os.environ["KAP_TEST_LOCK"])) - _OURS))

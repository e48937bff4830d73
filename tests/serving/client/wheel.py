"""The wheel of the client alone: `serving.client` and every module of this project that it imports.

``make client-wheel`` runs it. The modules are copied to a folder of their own, and the wheel is built there.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.places import ROOT
from tests.test_imports import modules, project_imports

PROJECT = ROOT / "serving" / "client" / "pyproject.toml"


def client_modules() -> set[str]:
    """Every module that ``import serving.client`` loads, and the packages that they lie in."""
    known, reached, pending = modules(), set[str](), ["serving.client"]
    while pending:
        name = pending.pop()
        if name and name not in reached:
            reached.add(name)
            pending += [*project_imports(known[name], known), name.rpartition(".")[0]]
    return reached


def build(folder: Path) -> Path:
    """The wheel in a folder."""
    with TemporaryDirectory() as staged:
        for name in client_modules():
            place = Path(staged, modules()[name].relative_to(ROOT))
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules()[name], place)
        for source in (PROJECT, ROOT / "LICENSE", ROOT / "serving" / "README.md"):
            shutil.copy(source, staged)
        for top in ("features", "models", "serving"):
            Path(staged, top, "py.typed").touch()
        command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--offline"]
        subprocess.run([*command, "--python", sys.executable, "--out-dir", str(folder), staged], check=True)
    (wheel,) = folder.glob("kap_outcomes_client-*.whl")
    return wheel


if __name__ == "__main__":
    print(build(Path(sys.argv[1]).absolute()))  # noqa: T201

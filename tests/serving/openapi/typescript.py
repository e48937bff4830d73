"""A folder with the TypeScript tools that the guide names, as npm has them; kept from one run to the next."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

PACKAGES = {"openapi-typescript": "7.13.0", "openapi-fetch": "0.17.0", "typescript": "5.9.3"}
OPTIONS = ("--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck")
FOLDER = Path(tempfile.gettempdir()) / ("kap-typescript-" + "-".join(PACKAGES.values()))
SECONDS = 300


def typescript_folder() -> Path:
    """The folder; skips the test if there is no npm, or no registry that it reaches."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are required (apt-get install nodejs npm)")
    if not (FOLDER / "complete").exists():
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        package = {"private": True, "type": "module", "dependencies": PACKAGES}
        (FOLDER / "package.json").write_text(json.dumps(package), encoding="utf-8")
        found = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, check=False, timeout=SECONDS
        )
        if found.returncode:
            pytest.skip("npm can't install: " + found.stderr.decode(errors="replace")[-200:])
        (FOLDER / "complete").touch()
    return FOLDER


def generated(folder: Path, document: dict[str, Any]) -> Path:
    """A folder of its own beside the tools, with ``kap.d.ts`` as openapi-typescript makes it."""
    own = Path(tempfile.mkdtemp(prefix="test-", dir=folder))
    (own / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    run(folder, "openapi-typescript", str(own / "openapi.json"), "-o", str(own / "kap.d.ts"))
    return own


def run(folder: Path, tool: str, *options: str) -> str:
    """What a tool of the folder, or node, writes; the test fails with it if the tool does."""
    command = shutil.which("node") if tool == "node" else str(folder / "node_modules" / ".bin" / tool)
    found = subprocess.run(
        [str(command), *options], cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout

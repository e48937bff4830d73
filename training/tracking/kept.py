"""A training whose recording failed, kept in a folder: a small store of its own, which `kap record` records later.

The folder holds what the run would have held, with the held-out predictions under pseudonyms, so only its owner may
open it. `recording.json` says what it is and has a digest of every file; a folder that differs is refused.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.stores.sqlite_address import sqlite_address
from training.stores.store_schema import store_at

if TYPE_CHECKING:
    from training.tracking.recorded_run import RecordedRun

FORMAT = 1
DESCRIPTION = "recording.json"
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
_WHAT = (
    "A training that could not be recorded in its tracking store. `kap record` with this folder records it there. "
    "It holds predictions for patients under pseudonyms."
)


@dataclass(frozen=True)
class KeptTraining:
    """A kept training that was found whole. ``digest`` is that of its description, which names the rest."""

    folder: Path
    digest: str
    run_id: str
    model: str
    protocol: str
    bundle_digest: str
    bundle: Path

    def artifacts_of(self, run_id: str) -> Path:
        """The folder of a run's artifacts, wherever the whole folder stands now."""
        return self.folder / ARTIFACTS / run_id / "artifacts"

    @contextmanager
    def opened(self) -> Iterator[MlflowClient]:
        """A client of the folder's runs, which reads a copy of the database: the folder stays as it is."""
        with tempfile.TemporaryDirectory() as scratch:
            copy = sqlite_address(shutil.copyfile(self.folder / DATABASE, Path(scratch) / DATABASE))
            yield MlflowClient(copy, copy)


def keep(names: tuple[str, str], why: str, write: Callable[[], "RecordedRun"]) -> Path:
    """Make a folder, let ``write`` record in its store, and describe it; returns the folder.

    ``names`` are those of the registered model and the protocol, and ``why`` says why it could not be recorded. The
    folder lies in the present folder, or below the system's temporary one if that can't be written. Raises ``OSError``
    or ``MlflowException`` if nothing can be written.
    """
    model, protocol = names
    folder = _new_folder()
    with store_at(sqlite_address(folder / DATABASE)):
        place = (folder / ARTIFACTS).as_uri()
        MlflowClient().create_experiment(f"{model}/{protocol}", artifact_location=place)
        recorded = write()
    bundle = next((folder / ARTIFACTS / "models").glob("*/artifacts/artifacts/bundle"))
    described = {
        "format": FORMAT,
        "what": _WHAT,
        "why": why,
        "kept_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": recorded.run_id,
        "model": model,
        "protocol": protocol,
        "bundle_digest": recorded.bundle_digest,
        "bundle": bundle.relative_to(folder).as_posix(),
        "report": f"{ARTIFACTS}/{recorded.run_id}/artifacts/report.html",
        "files": _digests(folder),
    }
    (folder / DESCRIPTION).write_text(json.dumps(described, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return folder


def read_kept(folder: Path) -> KeptTraining:
    """The training kept in a folder; raises ``InputRefusedError`` unless it is whole and unchanged."""
    try:
        content = (folder / DESCRIPTION).read_bytes()
        described = json.loads(content)
        files = dict(described["files"])
        found = KeptTraining(
            folder=folder.resolve(),
            digest=hashlib.sha256(content).hexdigest(),
            bundle=folder.resolve() / str(described["bundle"]),
            **{name: str(described[name]) for name in ("run_id", "model", "protocol", "bundle_digest")},
        )
        number = described["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _refused(folder, f"a folder that kap train has kept, with {DESCRIPTION}", "another one") from None
    if number != FORMAT:
        raise _refused(folder, f"a kept training of format {FORMAT}", "one of another version of kap")
    present = _digests(folder)
    changed = sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise _refused(folder, "a kept training as it was written", f"{changed[0]}{more} changed, lost or added")
    return found


def _new_folder() -> Path:
    name = f"kap-recording-{datetime.now(UTC):%Y%m%d-%H%M%S}-"
    try:
        return Path(tempfile.mkdtemp(prefix=name, dir=Path.cwd()))  # only its owner may open it
    except OSError:
        return Path(tempfile.mkdtemp(prefix=name))


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / DESCRIPTION)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _refused(folder: Path, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(folder.name, None, None, required, found)])

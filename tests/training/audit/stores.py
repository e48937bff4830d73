"""A promoted model with everything behind it: trainings, decisions, an evaluation, a log, seals kept elsewhere."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from models.bundle import load_bundle
from tests.serving.requests import example
from tests.training.cli.test_evidence_commands import ALONE, SETTINGS, made_up
from tests.training.commands import SameProcess
from tests.training.prediction_logs import PredictionLog, ServedBundle

PATIENTS, OTHER_PATIENTS = 240, 120
WHO = ("--by", "Ada Lovelace", "--reason", "reviewed")
OVERRIDE = ("--override", *WHO)


TRACEBACK = "Traceback"


@dataclass(frozen=True)
class Audit:
    """What the commands of an auditor said, and whether all of them passed."""

    passed: bool
    said: str


@dataclass(frozen=True)
class PromotedStores(SameProcess):
    """Stores below ``folder``, and what the auditor keeps below ``kept``, where nobody else writes."""

    kept: Path

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "KAP_SECRET_FILE": str(self.log.folder / "secret"),
            "HOME": str(self.kept),
            "XDG_CONFIG_HOME": str(self.kept / "config"),
        }

    @property
    def log(self) -> PredictionLog:
        return PredictionLog(self.folder / "log")

    @property
    def copies(self) -> Path:
        """The folder of the model's copies in BentoML's store."""
        return self.folder / "bentoml" / "models" / "kap-outcomes"

    def make(self) -> None:
        """Fill the stores: version 1 and then version 2 become champion; version 2 is evaluated on another cohort."""
        settings = self.folder / "settings.toml"
        settings.write_text(SETTINGS)
        made_up(self.folder / "cohort", PATIENTS, 4, seed=11)
        made_up(self.folder / "other", OTHER_PATIENTS, 2, seed=12)
        for version in ("1", "2"):
            self.do("train", "cohort", "--quick", "--seed", version, "--config", settings, *ALONE)
            self.do("promote", version, *OVERRIDE)
            self.answer(version)
            self.put_aside(self.kept / f"after-{version}")
        self.do("evaluate", "2", "other", *ALONE)
        self.seal()

    def seal(self) -> None:
        """Write the auditor's seals of decisions and predictions, in place of earlier ones."""
        for seal, *command in (("decisions.json", "history"), ("log.json", "audit", "log", self.log.file)):
            (self.kept / seal).unlink(missing_ok=True)
            self.do(*command, "--seal", self.kept / seal)

    def answer(self, version: str) -> None:
        """Log an answer of the champion, as the service does."""
        self.log.folder.mkdir(exist_ok=True)
        (folder,) = (path for path in self.copies.glob("*/") if f"mlflow_version: '{version}'" in _details(path))
        run_id = next(line.split()[-1] for line in _details(folder).splitlines() if "run_id:" in line)
        self.log.answer(ServedBundle(load_bundle(folder / "bundle"), version, run_id), example())

    def do(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A command that must succeed."""
        done = self.kap(*arguments)
        assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done

    def audit(self) -> Audit:
        """Everything that an auditor asks: the champion's record, the decisions and the log, since the seals."""
        asked = (
            ("audit", "verify", "champion"),
            ("history", "--since", self.kept / "decisions.json"),
            ("audit", "log", self.log.file, "--since", self.kept / "log.json"),
        )
        done = [self._asked(*command) for command in asked]
        allowed = {0: (0, 5), 1: (0,), 2: (0,)}  # 5: nothing is retrained here
        passed = all(each.returncode in allowed[number] for number, each in enumerate(done))
        return Audit(passed, "\n".join(f"exit code {each.returncode}\n{each.stdout}{each.stderr}" for each in done))

    def _asked(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A command whose traceback is what it said: no change may end in one."""
        try:
            return self.kap(*command)
        except Exception as error:  # noqa: BLE001 - the command's own
            return subprocess.CompletedProcess(command, 1, "", f"{TRACEBACK}: {error!r}\n")

    def put_aside(self, where: Path) -> None:
        """Copy all stores, as a backup of this moment."""
        shutil.copytree(self.folder, where, ignore=lambda _, names: [name for name in names if _of_database(name)])
        for path in self.folder.rglob("*.db"):
            _copy_database(path, where / path.relative_to(self.folder))

    def put_back(self, where: Path, *parts: str) -> None:
        """Put stores back to a backup: the named parts of the folder, or all of it."""
        for part in parts or tuple(sorted({each.name for each in (*where.iterdir(), *self.folder.iterdir())})):
            _put_back(where / part, self.folder / part)


def _details(folder: Path) -> str:
    return (folder / "model.yaml").read_text(encoding="utf-8")


def _put_back(then: Path, now: Path) -> None:
    """Make ``now`` what ``then`` is. Databases are overwritten in place, because a process may hold them open."""
    for path in _files(now):
        if not _of_database(path.name) and not (then / path.relative_to(now)).exists():
            path.unlink()
    for path in _files(then):
        target = now / path.relative_to(then)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".db" and target.exists():
            _copy_database(path, target)
        elif not target.exists() or target.read_bytes() != path.read_bytes():
            shutil.copy2(path, target)
    for folder, _, _ in os.walk(now, topdown=False):
        if not any(Path(folder).iterdir()):
            Path(folder).rmdir()


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as of one moment, also while a process has it open."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _of_database(name: str) -> bool:
    """Whether a file is SQLite's own, beside a database."""
    return name.endswith((".db-wal", ".db-shm", ".db-journal"))


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        yield from (path for path in sorted(place.rglob("*")) if path.is_file())

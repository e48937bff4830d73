"""What every measure needs: a model that is trained, registered and promoted, and requests about patients."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import run, say
from tests.benchmarks.serve.plan import Bodies
from tests.benchmarks.serve.servers import BIN

PATIENTS = 6_000
"""Enough for every head to be won by a score that tells patients apart, so that each answer has reasons for both."""
HEADS = "logistic"
SETTINGS = f"""[training]
candidates = ["no_model", "{HEADS}"]
site_events = 1_000_000
fewest_repeats = 1
most_repeats = 1
"""
"""Folds of patients, drawn once: the choice among candidates is not what is measured here. Refits are made in full."""


@dataclass(frozen=True)
class PreparedFolder:
    """The folder in which all is."""

    folder: Path

    def bodies(self, name: Bodies) -> str:
        """The file of one kind of bodies."""
        return str(self.folder / name)


def prepare(folder: Path) -> PreparedFolder:
    """Simulate, train, promote by override and write the requests; raises RuntimeError where a command fails.

    A quick training leaves evidence out, nothing of the model. Raises ValueError where a head has no reasons to
    give. A folder that was prepared before is taken as it is.
    """
    done = folder / "prepared"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _prepare(folder)
        done.touch()
    return PreparedFolder(folder)


def _prepare(folder: Path) -> None:
    say(f"training a model ({HEADS} heads) on {PATIENTS:,} synthetic patients")
    settings, cohort = folder / "training.toml", folder / "cohort"
    settings.write_text(SETTINGS, encoding="utf-8")
    kap = BIN / "kap"
    run([kap, "cohort", "simulate", cohort, "--patients", str(PATIENTS)], folder)
    trained = run([kap, "train", cohort, "--quick", "--config", settings, "--workers", "2", "--json"], folder)
    landmarks = json.loads(trained.output.splitlines()[-1])["landmarks"]
    winners = {landmark[head]["winner"] for landmark in landmarks for head in ("remission", "relapse")}
    if winners != {HEADS}:
        raise ValueError(f"{HEADS} heads are required, the training chose {', '.join(sorted(winners))}")
    reason = "to measure how fast it answers; nobody is treated by it"
    run([kap, "promote", "1", "--override", "--by", "the benchmark", "--reason", reason], folder)
    run([sys.executable, "-m", "tests.benchmarks.serve.patients", cohort, folder], folder)

"""`make bench`: what the system costs, measured, beside what it may cost; prints one table and checks nothing else.

Everything runs in processes of its own in a temporary folder, which is removed. A missed bar does not fail the
command, for a figure depends on the machine and on what else it does; a part that could not be measured does.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from math import log
from pathlib import Path

from tests.benchmarks.measure import Usage, middle, run, say
from tests.benchmarks.parts import end, measured
from tests.benchmarks.table import BenchmarkLine

KAP = Path(sys.executable).with_name("kap")
DISK_FOR_A_MILLION = 5 * 10**9
FULL_ANSWER_MS = {"logistic": 0.6, "xgboost": 1.2}
"""Milliseconds that one patient's full answer may take, by kind of head."""
BATCHES = (
    ("each_second", "without reasons and curve", 10_000),
    ("each_second_in_full", "in full", 4_000),
)
"""Answers to many patients at once, and how many patients a second they must reach."""
GROWTH, LARGE = (1_250, 2_500, 5_000), (20_000, 100_000)
"""Patients of the trainings whose growth is measured; the large ones only if they are asked for."""
MEMORY = 1500
"""Megabytes that a command may take at most, whatever the size of the cohort."""
FEW = 100
"""Patients who take hardly longer than none: what a command takes to start."""


class Benchmark:
    """Measures in a scratch folder; what several measures need is made once, when the first of them asks.

    ``scale`` multiplies the sizes: 1, or 0.1 for a quick look. Bars that depend on size are checked at 1 only.
    ``large`` adds the trainings that take an hour.
    """

    def __init__(self, folder: Path, scale: float, *, large: bool = False) -> None:
        self.folder = folder
        self.scale = scale
        self.large = large
        self.patients = int(100_000 * scale)
        self._cohorts: dict[int, tuple[Path, Usage]] = {}

    def simulate(self) -> Iterator[BenchmarkLine]:
        """Drawing a synthetic cohort."""
        yield self._at_most(f"simulate {self.patients:,} patients", self.cohort[1].seconds, 60)

    def check(self) -> Iterator[BenchmarkLine]:
        """Reading and checking that cohort."""
        say("checking the cohort")
        found = middle([run([KAP, "cohort", "check", self.cohort[0]], self.folder) for _ in range(3)])
        yield self._at_most(f"kap cohort check, {self.patients:,} patients, CSV: time", found.seconds, 10)
        name = f"kap cohort check, {self.patients:,} patients, CSV: peak memory"
        yield self._at_most(name, found.megabytes, MEMORY, "MB")
        name = f"kap cohort check, {10 * self.patients:,} patients, CSV"
        if left_out := self._too_many():
            yield BenchmarkLine(name, left_out, f"at most {MEMORY:,} MB", None)
            return
        say("checking ten times as many")
        many = run([KAP, "cohort", "check", self.many[0]], self.folder)
        yield BenchmarkLine(f"{name}: time", f"{many.seconds:,.0f} s", "", None)
        yield self._at_most(f"{name}: peak memory", many.megabytes, MEMORY, "MB")

    def features(self) -> Iterator[BenchmarkLine]:
        """Building features, and the same in plain pandas on a sample."""
        say("features, and the same in plain pandas")
        found = json.loads(self._module("features_speed", self.cohort[0], "300").output)
        size = f"{found['patients']:,} patients, {found['ratings']:,} ratings, {found['landmarks']} landmarks"
        yield self._at_most(f"features, {size}", found["all_landmarks"], 0.27)
        one = found["one_patient"] * 1000
        name = "features of a cohort of one patient, one landmark: p50 of 2,000"
        yield BenchmarkLine(name, f"{one:.3f} ms", "at most 0.1 ms", one <= 0.1)
        ours, plain = found["last_landmark"] / found["patients"], found["plain"] / found["sampled"]
        figure = f"{plain / ours:,.0f} times faster ({ours * 1e6:.1f} us for {plain * 1e3:.1f} ms)"
        name = f"features of one patient, beside plain pandas ({found['sampled']} patients, one landmark)"
        yield BenchmarkLine(name, figure, "at least 30 times", plain / ours >= 30)

    def one_patient(self) -> Iterator[BenchmarkLine]:
        """One patient's answer without HTTP."""
        say("one patient, after training a small model")
        cohort, _ = self._simulated(1200)
        found = json.loads(self._module("one_patient", cohort, "2000").output)
        for kind, taken in found.items():
            name, bar = f"one patient, {kind} heads, full answer without HTTP", FULL_ANSWER_MS[kind]
            middle_ms = taken["p50"]
            yield BenchmarkLine(f"{name}: p50 of 2,000", f"{middle_ms:.2f} ms", f"at most {bar} ms", middle_ms <= bar)
            yield BenchmarkLine(f"{name}: p99", f"{taken['p99']:.2f} ms", "", None)
            intervals = middle_ms - taken["p50_without_intervals"]
            figure = f"{intervals:.2f} ms of the p50"
            yield BenchmarkLine(f"{name}: intervals", figure, "at most 1 ms", intervals <= 1)
            for key, what, least in BATCHES:
                name = f"1,000 patients together, {kind} heads, without HTTP, {what}"
                figure = f"{taken[key]:,.0f} patients a second"
                yield BenchmarkLine(name, figure, f"at least {least:,} a second", taken[key] >= least)

    def train(self) -> Iterator[BenchmarkLine]:
        """A whole training with all its evidence, recorded and registered; and a quick one."""
        landmarks = json.loads(self.training.output.splitlines()[-1])["landmarks"]
        heads = [landmark[head] for landmark in landmarks for head in ("remission", "relapse")]
        won = Counter(str(head["winner"]) for head in heads)
        winners = ", ".join(f"{count} {name}" for name, count in won.most_common())
        name = f"kap train, {self.development:,} patients, {len(landmarks)} landmarks (won by {winners})"
        yield self._at_most(name, self.training.seconds, 90)
        patients = self.development
        say(f"a quick training on {patients:,} patients")
        quick = run([KAP, "train", self._simulated(patients)[0], "--quick", "--workers", "2", "--json"], self.folder)
        yield self._at_most(f"kap train --quick, {patients:,} patients", quick.seconds, 20)

    def growth(self) -> Iterator[BenchmarkLine]:
        """Quick trainings of ever more patients; time and memory may grow as n log n, from the first to the last."""
        folder = self.folder / "growth"  # a store of its own: version 1 is the model of `train`
        folder.mkdir()
        sizes = [int(patients * self.scale) for patients in (GROWTH + LARGE if self.large else GROWTH)]
        first: tuple[int, Usage] | None = None
        for patients in sizes:
            cohort, _ = self._simulated(patients)
            say(f"a quick training on {patients:,} patients")
            used = run([KAP, "train", cohort, "--quick", "--workers", "2"], folder)
            first = first or (patients, used)
            yield from self._grown(first, patients, used)

    def _grown(self, first: tuple[int, Usage], patients: int, used: Usage) -> Iterator[BenchmarkLine]:
        """Time and memory of a training, as many times those of the first as n log n allows."""
        few, before = first
        most = patients * log(patients) / (few * log(few))
        for what, one, other, unit in (
            ("time", before.seconds, used.seconds, "s"),
            ("the largest process", before.megabytes, used.megabytes, "MB"),
        ):
            name = f"kap train --quick, {patients:,} patients: {what}"
            if patients == few:
                yield BenchmarkLine(name, f"{other:,.0f} {unit}", "", None)
                continue
            met = other <= most * one if self.scale == 1 else None
            figure = f"{other:,.0f} {unit}, {other / one:.1f} times"
            yield BenchmarkLine(name, figure, f"at most {most:.1f} times", met)

    def score(self) -> Iterator[BenchmarkLine]:
        """Scoring cohorts of two sizes with the registered model."""
        start = self._scored(self._simulated(FEW)[0], times=3)
        few = self._scored(self.cohort[0], times=3)
        name = f"kap score, {self.patients:,} patients"
        grown = few.seconds - start.seconds
        yield self._at_most(f"{name}: time", few.seconds, 10)
        yield BenchmarkLine(f"{name}: time more than for {FEW}", f"{grown:.1f} s", "", None)
        yield self._at_most(f"{name}: peak memory", few.megabytes, MEMORY, "MB")
        name = f"kap score, {10 * self.patients:,} patients"
        if left_out := self._too_many():
            yield BenchmarkLine(name, left_out, f"at most 30 s and {MEMORY:,} MB", None)
            return
        many = self._scored(self.many[0], times=1)
        yield self._at_most(f"{name}: time", many.seconds, 30)
        yield self._at_most(f"{name}: peak memory", many.megabytes, MEMORY, "MB")
        times = (many.seconds - start.seconds) / grown
        figure = f"{many.seconds - start.seconds:.0f} s, {times:.1f} times"
        yield BenchmarkLine(f"{name}: time more than for {FEW}", figure, "at most 10 times", times <= 10)

    @property
    def development(self) -> int:
        """Patients of a training."""
        return int(2500 * self.scale)

    @cached_property
    def cohort(self) -> tuple[Path, Usage]:
        """The large cohort, and what it took to draw it."""
        return self._simulated(self.patients)

    @cached_property
    def many(self) -> tuple[Path, Usage]:
        """Ten times as many patients, if there is room for them."""
        return self._simulated(10 * self.patients)

    def _too_many(self) -> str:
        """Why there is no room for ten times as many patients; empty if there is."""
        free = shutil.disk_usage(self.folder).free
        if self.scale < 1:
            return "left out of a quick look"
        return f"left out: {free / 1e9:.1f} GB of disk are free" if free < DISK_FOR_A_MILLION else ""

    @cached_property
    def training(self) -> Usage:
        """A training with the default settings, which registers version 1."""
        cohort, _ = self._simulated(self.development)
        say(f"training on {self.development:,} patients")
        return run([KAP, "train", cohort, "--workers", "2", "--json"], self.folder)

    def _simulated(self, patients: int) -> tuple[Path, Usage]:
        """A cohort of so many, drawn when it is first asked for, and what that took."""
        if patients not in self._cohorts:
            say(f"simulating {patients:,} patients")
            cohort = self.folder / f"cohort-of-{patients}"
            used = run([KAP, "cohort", "simulate", cohort, "--patients", str(patients)], self.folder)
            self._cohorts[patients] = (cohort, used)
        return self._cohorts[patients]

    def _scored(self, cohort: Path, times: int) -> Usage:
        assert self.training  # version 1 is registered
        say(f"scoring {cohort.name}")
        out = self.folder / "predictions.parquet"
        command: list[str | Path] = [KAP, "score", cohort, "--out", out, "--model", "1", "--workers", "2"]
        return middle([run(command, self.folder) for _ in range(times)])

    def _module(self, name: str, *arguments: str | Path) -> Usage:
        return run([sys.executable, "-m", f"tests.benchmarks.{name}", *arguments], self.folder)

    def _at_most(self, name: str, figure: float, bar: float, unit: str = "s") -> BenchmarkLine:
        digits = 3 if figure < 1 else 2 if figure < 10 else 0
        met = figure <= bar if self.scale == 1 else None
        return BenchmarkLine(name, f"{figure:,.{digits}f} {unit}", f"at most {bar:,} {unit}", met)


PARTS: dict[str, Callable[[Benchmark], Iterator[BenchmarkLine]]] = {
    "simulate": Benchmark.simulate,
    "check": Benchmark.check,
    "features": Benchmark.features,
    "one_patient": Benchmark.one_patient,
    "train": Benchmark.train,
    "growth": Benchmark.growth,
    "score": Benchmark.score,
}


def main() -> None:
    """Measure what was asked for and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size; bars on size are not checked")
    parser.add_argument("--large", action="store_true", help="the part growth also trains on 20,000 and 100,000")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kap-bench-") as scratch:
        bench = Benchmark(Path(scratch), 0.1 if asked.quick else 1, large=asked.large)
        wanted = {name: partial(measure, bench) for name, measure in PARTS.items() if name in (asked.only or PARTS)}
        report = measured(wanted)
    end(report)


if __name__ == "__main__":
    main()

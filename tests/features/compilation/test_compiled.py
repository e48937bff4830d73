"""Compiled functions: the numbers that Python gives, code that another process finds again, and never outdated code."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.compilation.code_files import SUFFIX, UNUSED_SECONDS
from features.compilation.decorator import compiled
from tests.places import ROOT
from tests.read_only import read_only

TOTAL = """
import numpy as np
from numpy.typing import NDArray

from doses.unit import MG_PER_G, in_grams
from features.compilation.decorator import compiled


@compiled
def total(doses: NDArray[np.float64]) -> float:
    found = 0.0
    for dose in doses:
        found += in_grams(dose) * MG_PER_G
    return found
"""
UNIT = """
from features.compilation.decorator import compiled

MG_PER_G = 1000.0


@compiled
def in_grams(dose: float) -> float:
    return dose / 1000
"""
ASK = """
import numpy as np
from doses.total import total
print(total(np.array([0.5, 0.25])), sum(total.dispatcher().stats.cache_misses.values()))
"""
COMPILED, FOUND = 1, 0
TWICE = UNIT.replace("1000.0", "2000.00")
"""Of another length: within a second, Python itself tells files apart by nothing else."""


@dataclass(frozen=True)
class DoseProject:
    """A folder with a package of two modules, whose compiled function uses a constant and a function of the other."""

    folder: Path
    home: Path

    @classmethod
    def written(cls, folder: Path) -> "DoseProject":
        shutil.copytree(
            ROOT / "features/compilation", folder / "features/compilation", ignore=shutil.ignore_patterns("__pycache__")
        )
        (folder / "doses").mkdir()
        for package in ("features", "doses"):
            (folder / package / "__init__.py").touch()
        (folder / "doses/total.py").write_text(TOTAL, encoding="utf-8")
        (folder / "doses/unit.py").write_text(UNIT, encoding="utf-8")
        return cls(folder, folder / "home")

    @property
    def unit(self) -> Path:
        return self.folder / "doses/unit.py"

    @property
    def beside_sources(self) -> Path:
        return self.folder / "features/compilation/__pycache__"

    @property
    def of_user(self) -> Path:
        return self.home / ".cache/kap-outcomes"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG", "COVERAGE"))}
        return kept | {"PYTHONPATH": str(self.folder), "HOME": str(self.home), **more}

    def start(self, *before: str, **more: str) -> "subprocess.Popen[str]":
        """A process that asks for the total of 0.5 mg and 0.25 mg."""
        command = [*before, sys.executable, "-c", ASK]
        environment = self.environment(**more)
        return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=subprocess.PIPE, text=True)

    def ask(self, *before: str, **more: str) -> tuple[float, int]:
        """The total, and how often the process compiled it: once or never."""
        process = self.start(*before, **more)
        total, times = process.communicate(timeout=120)[0].split()
        return float(total), int(times)


@pytest.fixture
def project(tmp_path: Path) -> DoseProject:
    return DoseProject.written(tmp_path)


@compiled
def weighted(values: NDArray[np.float64], weights: NDArray[np.float64], more: float) -> float:
    found = 0.0
    for place in range(values.size):
        found += values[place] * weights[place] + more
    return found


@compiled
def ratio(of: float, to: float) -> float:
    return of / to


def test_it_gives_the_bits_that_python_gives() -> None:
    """Sums in their order, products rounded before they are added; a division by zero as NumPy does it."""
    values, weights = np.random.default_rng(20261130).normal(size=(2, 1000))
    expected = 0.0
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        expected += value * weight + 0.1
    assert weighted(values, weights, 0.1) == expected
    assert [ratio(1.0, 0.0), ratio(-1.0, 0.0)] == [np.inf, -np.inf]
    assert np.isnan(ratio(0.0, 0.0))


def test_its_machine_code_is_for_every_processor_of_the_kind() -> None:
    dispatcher = weighted.dispatcher()
    weighted(np.ones(2), np.ones(2), 0.0)
    (assembly,) = dispatcher.inspect_asm().values()
    _, processor, features = dispatcher.targetctx.codegen().magic_tuple()
    assert (processor, features) == ("generic", "")
    assert not [step for step in ("vfmadd", "fmadd", "ymm", "zmm") if step in assembly]


def test_another_process_compiles_nothing(project: DoseProject) -> None:
    assert project.ask() == (0.75, COMPILED)
    assert project.ask() == (0.75, FOUND)


def test_a_changed_constant_of_another_module_compiles_anew(project: DoseProject) -> None:
    project.ask()
    project.unit.write_text(TWICE, encoding="utf-8")
    assert project.ask() == (1.5, COMPILED)
    project.unit.write_text(UNIT, encoding="utf-8")
    assert project.ask() == (0.75, FOUND)


def test_a_changed_function_of_another_module_compiles_anew(project: DoseProject) -> None:
    project.ask()
    project.unit.write_text(UNIT.replace("dose / 1000", "dose / 500"), encoding="utf-8")
    assert project.ask() == (1.5, COMPILED)


def test_sources_that_change_before_the_first_call_leave_no_wrong_code_behind(project: DoseProject) -> None:
    """As when software is updated under a process that runs."""
    update = f"import doses.unit, pathlib; pathlib.Path(doses.unit.__file__).write_text({TWICE!r})\n"
    ask = ASK.replace("print", update + "print")
    subprocess.run([sys.executable, "-c", ask], env=project.environment(), cwd=project.folder, check=True)
    assert project.ask() == (1.5, COMPILED)
    project.unit.write_text(UNIT, encoding="utf-8")
    assert project.ask() == (0.75, FOUND)


def test_code_kept_beside_its_sources_leaves_nothing_in_the_home_of_a_user(project: DoseProject) -> None:
    project.ask()
    project.ask()
    assert not project.home.exists()


def test_what_is_found_in_the_home_of_a_user_is_then_beside_the_sources_for_all(project: DoseProject) -> None:
    project.ask(PYTHONDONTWRITEBYTECODE="1")
    assert project.ask() == (0.75, FOUND)
    assert project.ask(HOME="/dev/null") == (0.75, FOUND)


def test_sources_that_cannot_be_written_are_compiled_once_for_each_user(project: DoseProject) -> None:
    """Not even a later date of the sources changes that: their content counts."""
    elsewhere = project.folder.with_name("home-elsewhere")
    assert project.ask(*read_only(project.folder), HOME=str(elsewhere)) == (0.75, COMPILED)
    os.utime(project.unit, (0, 0))
    assert project.ask(*read_only(project.folder), HOME=str(elsewhere)) == (0.75, FOUND)


def test_filled_and_read_only_it_compiles_nothing(project: DoseProject) -> None:
    project.ask(HOME="/dev/null")
    assert project.ask(*read_only(project.folder)) == (0.75, FOUND)


def test_read_only_and_not_filled_it_compiles_in_memory(project: DoseProject) -> None:
    assert project.ask(*read_only(project.folder)) == (0.75, COMPILED)
    assert project.ask(*read_only(project.folder)) == (0.75, COMPILED)


def test_processes_that_start_at_once_do_each_other_no_harm(project: DoseProject) -> None:
    started = [project.start() for _ in range(4)]
    assert [process.communicate(timeout=120)[0].split()[0] for process in started] == ["0.75"] * 4
    assert project.ask() == (0.75, FOUND)
    kept = [path.name for path in project.beside_sources.iterdir() if SUFFIX in path.name]
    assert len(kept) == 2
    assert all(name.endswith(SUFFIX) for name in kept)


@pytest.mark.parametrize("damage", [b"", b"half"])
def test_a_damaged_file_is_compiled_anew(project: DoseProject, damage: bytes) -> None:
    project.ask(HOME="/dev/null")
    (kept,) = project.beside_sources.glob(f"*-total-*{SUFFIX}")
    kept.write_bytes(kept.read_bytes()[:100] + damage)
    assert project.ask(HOME="/dev/null") == (0.75, COMPILED)
    assert project.ask(HOME="/dev/null") == (0.75, FOUND)


def test_a_folder_that_others_can_change_is_not_loaded_from(project: DoseProject) -> None:
    """What is in it would be run."""
    project.ask(PYTHONDONTWRITEBYTECODE="1")
    project.of_user.chmod(0o777)
    assert project.ask(PYTHONDONTWRITEBYTECODE="1") == (0.75, COMPILED)
    project.of_user.chmod(0o700)
    assert project.ask(PYTHONDONTWRITEBYTECODE="1") == (0.75, FOUND)


def test_python_without_compiled_files_leaves_none_beside_the_sources(project: DoseProject) -> None:
    project.ask(PYTHONDONTWRITEBYTECODE="1")
    assert not project.beside_sources.exists()


def test_code_that_nothing_loads_any_more_is_removed(project: DoseProject) -> None:
    project.ask()
    (old,) = project.beside_sources.glob(f"*-total-*{SUFFIX}")
    (used,) = project.beside_sources.glob(f"*-in_grams-*{SUFFIX}")
    os.utime(old, (old.stat().st_mtime - UNUSED_SECONDS - 60,) * 2)
    project.unit.write_text(TWICE, encoding="utf-8")
    project.ask()
    assert (old.exists(), used.exists()) == (False, True)

"""Finds candidates that are not of this project: a class, an instance or a factory, by address or by entry point.

What can't be used is refused in one sentence with the remedy, before anything is fitted.
"""

import copy
import hashlib
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points, packages_distributions, version
from pathlib import Path
from typing import Any

from features.protocol.nearest_word import did_you_mean
from features.protocol.problems import InputRefusedError, Problem
from training.config import CANDIDATE_GROUP, CANDIDATES, TrainingConfig

REMISSION_NEEDS, RELAPSE_NEEDS = "predict_proba", ("predict_cumulative_incidence", "predict_survival_function")
"""Methods by which an estimator takes a head; for relapse either, the first that it has."""


def require_own_candidates(config: TrainingConfig) -> None:
    """Raise ``InputRefusedError`` for a candidate of another package that can't be used; others are not looked at."""
    for name in config.candidates:
        if name not in CANDIDATES:
            made(name, config.seed)
            _require_code_as_imported(name)


_FIRST_USED: dict[str, tuple[Any, str]] = {}
"""What each candidate's name stood for in this process, and where its code came from then."""


def _require_code_as_imported(name: str) -> None:
    """Refuse an object whose file was changed since it was first used: the record would name code that did not run."""
    used, origin = resolved(name), origin_of(name)
    first_used, first_origin = _FIRST_USED.setdefault(name, (used, origin))
    if first_used is used and first_origin != origin:
        required = "code as it was imported: start Python again, or reload the module (importlib.reload)"
        raise _refused(name, required, f"{origin.partition(' ')[0]} changed since")
    _FIRST_USED[name] = used, origin


def heads_of(estimator: Any) -> frozenset[str]:
    """The heads that an estimator can take, by the methods that it has."""
    takes = {
        "remission": hasattr(estimator, REMISSION_NEEDS),
        "relapse": any(hasattr(estimator, method) for method in RELAPSE_NEEDS),
    }
    return frozenset(head for head, can in takes.items() if can)


def made(name: str, seed: int) -> Any:
    """An unfitted estimator of a candidate's name, with ``seed`` for every ``random_state``, on one core.

    The fits run in parallel already, and one core keeps the order of sums. Raises ``InputRefusedError`` if the name
    can't be resolved or the estimator lacks a method.
    """
    estimator = _instance(name, resolved(name))
    if not hasattr(estimator, "fit"):
        raise _refused(name, "an estimator with a method fit", "an object without it")
    if not heads_of(estimator):
        methods = f"{REMISSION_NEEDS} (for remission), or {' or '.join(RELAPSE_NEEDS)} (for relapse)"
        raise _refused(name, f"an estimator with {methods}", "an estimator without them")
    if "remission" in heads_of(estimator) and weight_argument(estimator) is None:
        required = "a classifier whose fit takes sample_weight, because patients represent others who were not observed"
        raise _refused(name, required, "a fit without it")
    wanted = {"random_state": seed, "n_jobs": 1}
    if hasattr(estimator, "set_params"):
        known = [key for key in estimator.get_params() if key.rpartition("__")[2] in wanted]
        estimator.set_params(**{key: wanted[key.rpartition("__")[2]] for key in known})
    else:
        for key, value in wanted.items():
            if hasattr(estimator, key):
                setattr(estimator, key, value)
    return estimator


def resolved(name: str) -> Any:
    """The class, instance or factory of a name such as ``package.module:Class``, or of an entry point's name."""
    _look_in_the_current_folder()
    if ":" not in name:
        return _loaded(_entry_point(name))
    if name.startswith("__main__:"):
        required = "a class in a file of its own, which worker processes and an auditor can import"
        raise _refused(name, required, "a class of the running script or notebook")
    return _loaded(EntryPoint(name, name, CANDIDATE_GROUP))


def parameters_of(name: str, seed: int) -> dict[str, str]:
    """The parameters of a candidate's estimator as text, of plain values only; for the record."""
    estimator = made(name, seed)
    found = estimator.get_params() if hasattr(estimator, "get_params") else vars(estimator)
    return {key: str(value) for key, value in sorted(found.items()) if _is_plain(value)}


def origin_of(name: str) -> str:
    """Where a candidate's code comes from: "distribution version", or file and SHA-256 if it is not installed."""
    resolved(name)
    found = None if ":" in name else _entry_point(name)
    if found is not None and found.dist is not None:
        return f"{found.dist.name} {found.dist.version}"
    module = importlib.import_module((name if found is None else found.value).partition(":")[0])
    top = module.__name__.partition(".")[0]
    distributions = packages_distributions().get(top)
    if distributions:
        return f"{distributions[0]} {version(distributions[0])}"
    return _digest_of(Path(str(sys.modules[top].__file__)))


def other_origins(recorded: Mapping[str, str]) -> list[str]:
    """A sentence for each candidate whose code is not here, or not the recorded one.

    ``recorded`` has origins by name.
    """
    sentences = []
    for name, then in recorded.items():
        try:
            now = origin_of(name)
        except InputRefusedError:
            lacking = f"candidate {name} can't be imported: install {then}, or start in the folder that holds it"
            sentences.append(lacking)
            continue
        if now != then:
            sentences.append(f"candidate {name}: training {then}, now {now}")
    return sentences


def weight_argument(estimator: Any) -> str | None:
    """The argument of ``fit`` for a weight per patient, of a pipeline that of its last step; ``None`` without one."""
    steps = getattr(estimator, "steps", None)
    if steps:
        inner = weight_argument(steps[-1][1])
        return None if inner is None else f"{steps[-1][0]}__{inner}"
    try:
        taken = inspect.signature(estimator.fit).parameters
    except (TypeError, ValueError):
        return None
    return "sample_weight" if "sample_weight" in taken else None


@contextmanager
def foreign_code(name: str, method: str) -> Iterator[None]:
    """Refuse a candidate whose own code raises, with the place in the code; its message may hold a patient's value."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a stranger's estimator raises
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
        required = f"an estimator whose {method} takes these features (kap cohort features DIR --out FILE writes them)"
        raise _refused(name, required, found) from None


def _look_in_the_current_folder() -> None:
    """Let modules of the current folder be found, after those installed: the command `kap` does not look there."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


def _entry_point(name: str) -> EntryPoint:
    found = list(entry_points(group=CANDIDATE_GROUP, name=name))
    if len(found) == 1:
        return found[0]
    required = f"the name of one entry point in the group {CANDIDATE_GROUP}, or package.module:Class"
    raise _refused(
        name, required, "none of that name" if not found else f"{len(found)} of that name: uninstall all but one"
    )


def _loaded(point: EntryPoint) -> Any:
    module, _, attribute = point.value.partition(":")
    try:
        return point.load()
    except ModuleNotFoundError as error:
        lacking = error.name or module
        where = "install its package, or start in the folder that holds it"
        raise _refused(point.name, f"a module that can be imported: {where}", f"no module {lacking}") from None
    except AttributeError:
        if hasattr(sys.modules.get(module), "__file__"):
            raise _refused(
                point.name,
                f"a class, an estimator or a factory in {module}",
                f"no {attribute} there{did_you_mean(attribute, _names_in(module))}",
            ) from None
        raise _refused(
            point.name, f"a module {module} that can be imported", "AttributeError while importing"
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever a stranger's module raises
        found = f"{type(error).__name__} while importing it"
        raise _refused(point.name, f"a module that can be imported: try python -c 'import {module}'", found) from None


def _names_in(module: str) -> list[str]:
    return [name for name in vars(sys.modules[module]) if not name.startswith("_")]


def _instance(name: str, found: Any) -> Any:
    """A new estimator: of a class or a factory without arguments, or a copy of an instance."""
    if not inspect.isclass(found) and hasattr(found, "fit"):
        return copy.deepcopy(found)
    if not callable(found):
        raise _refused(name, "a class, an estimator or a factory", "another object")
    try:
        return found()
    except Exception as error:  # noqa: BLE001 - whatever a stranger's class raises
        required = "a class or factory that takes no arguments; else give a configured estimator of the same module"
        raise _refused(name, required, f"{type(error).__name__} when it was called") from None


def _digest_of(file: Path) -> str:
    """The SHA-256 of a module's file, or of all Python files of a package."""
    if file.name != "__init__.py":
        return f"{file.name} sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    hashed = hashlib.sha256()
    for path in sorted(file.parent.rglob("*.py")):
        hashed.update(path.relative_to(file.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{file.parent.name}/*.py sha256:{hashed.hexdigest()}"


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _refused(name: str, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(f"candidate {name}", None, None, required, found)])

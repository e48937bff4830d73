"""The provenance of a training: code, dependencies, machine. Nothing in it is about patients."""

import hashlib
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from training.arithmetic import arithmetic

PACKAGES = (
    "numpy", "pandas", "scikit-learn", "scipy", "xgboost-cpu", "onnxruntime", "mlflow", "bentoml", "kap-outcomes",
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock"
CANDIDATE = "candidate."
"""Prefix of the tags that say where the code of a candidate of another package comes from."""
SOURCES = (".py", ".toml", ".html", ".css")
"""Endings of the files that make up the code: sources, settings and templates."""


@dataclass(frozen=True)
class Provenance:
    """``commit`` is the code's git commit ("unknown" outside a checkout), ``modified`` whether files differed from it.

    ``lock_digest`` is the SHA-256 of the locked dependencies, ``sources_digest`` that of the code that ran, and
    ``blas`` the linear algebra and vector instructions, by which last digits may differ between machines.
    ``candidates`` says where the code of each candidate of another package comes from.
    """

    commit: str
    modified: bool
    lock_digest: str
    sources_digest: str
    python: str
    machine: str
    blas: str
    packages: tuple[tuple[str, str], ...]
    candidates: tuple[tuple[str, str], ...] = ()

    def as_tags(self) -> dict[str, str]:
        """The provenance as flat text, for a run's tags."""
        flat = {key: str(value) for key, value in asdict(self).items() if key not in ("packages", "candidates")}
        own = {candidate_tag(name): origin for name, origin in self.candidates}
        return flat | {f"package.{name}": number for name, number in self.packages} | own


def candidate_tag(name: str) -> str:
    """The tag with the origin of a candidate; a store of runs on Windows takes no colon in a name."""
    return f"{CANDIDATE}{name.replace(':', '.')}"


def collect_provenance() -> Provenance:
    """The provenance of this process."""
    return Provenance(
        commit=_git("rev-parse", "HEAD") or "unknown",
        modified=bool(_git("status", "--porcelain", "--untracked-files=no")),
        lock_digest=_digest([ROOT / LOCK]),
        sources_digest=_digest(sorted(path for name in ("features", "models", "training") for path in _sources(name))),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        blas=arithmetic(),
        packages=tuple((name, _version(name)) for name in PACKAGES),
    )


def lock_digest_of(content: bytes) -> str:
    """The digest of a lock file's content, as a training records it."""
    return hashlib.sha256(LOCK.encode() + b"\0" + content + b"\0").hexdigest()


def _sources(package: str) -> list[Path]:
    return [path for path in (ROOT / package).rglob("*") if path.suffix in SOURCES]


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - whichever git is installed
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _digest(paths: list[Path]) -> str:
    hashed = hashlib.sha256()
    for path in paths:
        if not path.is_file():
            return "unknown"
        hashed.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

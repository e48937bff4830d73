"""The provenance of a training: code, dependencies, machine. Nothing in it is about patients."""

import getpass
import hashlib
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from features.protocol.problems import InputRefusedError, Problem
from training.arithmetic import arithmetic

PACKAGES = (
    "numpy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-learn", "scipy", "joblib", "threadpoolctl", "optuna",
    "xgboost-cpu", "onnx", "onnxruntime", "skl2onnx", "pydantic", "fsspec", "tzdata", "cloudpickle", "mlflow",
    "bentoml", "kap-outcomes",
)  # fmt: skip
"""Packages that compute numbers, read files or turn values into bytes and back."""
ROOT = Path(__file__).resolve().parent.parent
TRAINED_BY, EVALUATED_BY = "trained_by", "evaluated_by"
"""Tags of a run: the person who trained or updated a model, and the one who evaluated it."""
UNKNOWN = "unknown"
LONGEST_NAME = 200
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
    ``candidates`` says where the code of each candidate of another package comes from. ``by`` is the person who did
    it, ``account`` the account and machine under which it ran.
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
    by: str = ""
    account: str = ""

    def as_tags(self, role: str = TRAINED_BY) -> dict[str, str]:
        """The provenance as flat text, for a run's tags; ``role`` is the tag that names the person."""
        apart = ("packages", "candidates", "by")
        flat = {key: str(value) for key, value in asdict(self).items() if key not in apart} | {role: self.by}
        own = {candidate_tag(name): origin for name, origin in self.candidates}
        return flat | {f"package.{name}": number for name, number in self.packages} | own


def candidate_tag(name: str) -> str:
    """The tag with the origin of a candidate; a store of runs on Windows takes no colon in a name."""
    return f"{CANDIDATE}{name.replace(':', '.')}"


def collect_provenance(by: str | None = None) -> Provenance:
    """The provenance of this process; the person is the one named, else the account.

    Raises ``InputRefusedError`` for a name that is empty or has other than printable characters.
    """
    account = account_name()
    return Provenance(
        commit=_git("rev-parse", "HEAD") or "unknown",
        modified=bool(_git("status", "--porcelain", "--untracked-files=no")),
        lock_digest=_digest([ROOT / LOCK]),
        sources_digest=_digest(sorted(path for name in ("features", "models", "training") for path in _sources(name))),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        blas=arithmetic(),
        packages=tuple((name, _version(name)) for name in PACKAGES),
        by=account if by is None else require_name(by),
        account=f"{account} on {platform.node() or UNKNOWN}",
    )


def account_name() -> str:
    """The name of the account under which this process runs."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number without a name
        return UNKNOWN


def require_name(by: str) -> str:
    """The name of a person without spaces around it; raises ``InputRefusedError`` if it is none."""
    name = by.strip()
    if name and name.isprintable() and len(name) <= LONGEST_NAME:
        return name
    required = f"the name of a person, 1 to {LONGEST_NAME} printable characters"
    raise InputRefusedError([Problem("person", None, "--by", required, "no name" if not name else "another text")])


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

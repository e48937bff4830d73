"""The digest of all source files that the machine code of a function can come from."""

from functools import cache
from hashlib import sha256
from pathlib import Path

FEATURES = Path(__file__).parents[1]


@cache
def sources_digest(file: Path) -> str:
    """Of a function's file: of all modules of its top-level package and of `features`, by content and not by time."""
    digest = sha256()
    for folder in sorted({FEATURES, _top_folder(file)}):
        modules = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
        for path in modules:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder.parent).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _top_folder(file: Path) -> Path:
    """The folder of a module's top-level package; the module's file if it is in none."""
    top = file
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    return top

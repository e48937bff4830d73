"""Names of registered models: which one a protocol's versions get, and which one a person means.

A name is valid in MLflow and in BentoML's store: lower-case letters, digits, ``-``, ``_`` and ``.``, at most 63
characters. `release` looks names up in the registry.
"""

import re
import unicodedata
from dataclasses import dataclass

from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError, Problem

MODEL_NAME = "kap-outcomes"
"""The name for the protocol ``kap`` and its variants (``kap-...``), and of every version before names were chosen."""
MODEL_NAME_TAG = "model_name"
"""Tag of a run: the name of the registered model that it made or is about; without it, the name is `MODEL_NAME`."""
LONGEST = 63
SUFFIX = "-outcomes"
ADDRESS = "models:/"
_VALID = re.compile(r"[a-z0-9]([-._a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True)
class ModelReference:
    """A version of a registered model: ``version`` is a number, or an alias such as "champion"."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}" if self.version.isdigit() else f"{self.name}@{self.version}"


def model_name_of(protocol: Protocol, given: str | None = None) -> str:
    """The name under which a protocol's models are registered; ``given`` is the researcher's own choice.

    The protocol ``kap`` and its variants (``kap-synthetic``) have `MODEL_NAME`. Another one has its own name with the
    ending "-outcomes": "Panic trial" becomes ``panic-trial-outcomes``. Raises ``InputRefusedError`` if the result is no
    valid name.
    """
    if given is not None:
        return _valid(given, "--model-name")
    words = unicodedata.normalize("NFKD", protocol.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    if slug == "kap" or slug.startswith("kap-"):
        return MODEL_NAME
    if not slug:
        required = "--model-name NAME, because the protocol's name has no letter from a to z and no digit"
        raise InputRefusedError([Problem("protocol", None, "name", required, "no such name")])
    return _valid(slug[: LONGEST - len(SUFFIX)].removesuffix(SUFFIX).rstrip("-") + SUFFIX, "name")


def version_for_commands(name: str, version: str) -> str:
    """A version as a command takes it: with the model's name, unless that is the usual one."""
    return version if name == MODEL_NAME else str(ModelReference(name, version))


def split_reference(text: str) -> tuple[str | None, str]:
    """The name, if one is given, and the version or alias of ``3``, ``champion``, ``NAME/3`` or ``NAME@champion``.

    An address of MLflow (``models:/NAME/3``) is taken too. The parts are not looked up.
    """
    before, sign, after = text.removeprefix(ADDRESS).rpartition("@")
    if not sign:
        before, sign, after = text.removeprefix(ADDRESS).rpartition("/")
    return (_valid(before, "model") if sign else None), after


def is_model_name(text: str) -> bool:
    """Whether both stores take a text as the name of a model."""
    return len(text) <= LONGEST and _VALID.fullmatch(text) is not None


def _valid(name: str, where: str) -> str:
    if not is_model_name(name):
        required = (
            f"a name of at most {LONGEST} lower-case letters, digits, -, _ and ., with a letter or digit at both ends"
        )
        raise InputRefusedError([Problem("registry", None, where, required, "another text")])
    return name

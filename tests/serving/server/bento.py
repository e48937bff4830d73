"""A Bento built by `make bento`, and what BentoML needs to make its image."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.serving.servers import ROOT

_CONTEXT = """
import shutil, sys
import bentoml
from bentoml._internal.container import construct_containerfile
with construct_containerfile(bentoml.get("kap-outcomes:latest")) as (folder, _):
    shutil.copytree(folder, sys.argv[1])
"""


def make_bento(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`make bento`, without setting up again what the tests run in."""
    command = ["make", "--no-print-directory", "--assume-old=.venv/.compiled", "bento"]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def image_context(environment: Mapping[str, str], folder: Path) -> Path:
    """The folder that an image of the latest Bento is made from: its files, the model, and the container file."""
    command = [sys.executable, "-c", _CONTEXT, str(folder)]
    subprocess.run(command, env=environment, check=True, timeout=300)
    return folder


def container_file(context: Path) -> str:
    return (context / "env/docker/Dockerfile").read_text(encoding="utf-8")


def setup_script(context: Path) -> Path:
    """What the container file runs once sources and packages are in the image."""
    (name,) = re.findall(r"(?m)^RUN .* && \./(env/docker/script__\w+)$", container_file(context))
    return context / name


def image_environment(context: Path) -> dict[str, str]:
    """The environment that the container file gives to its processes, with its arguments' default values."""
    values: dict[str, str] = {}
    environment: dict[str, str] = {}
    for line in container_file(context).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction not in ("ARG", "ENV"):
            continue
        name, _, value = rest.partition("=")
        value = values.get(value.removeprefix("$"), value) if value.startswith("$") else value
        values[name] = value
        if instruction == "ENV":
            environment[name] = value
    return environment

"""A proxy with a file of serving/deploy, as a process of its own on loopback; ended by process id."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.places import ROOT
from tests.serving.certificates import Pair
from tests.serving.servers import end, environment_in

DEPLOY = ROOT / "serving" / "deploy"
START_SECONDS = 60
KINDS_OF_FILES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def installed(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return name


def replaced(name: str, changes: dict[str, str]) -> str:
    """A file of serving/deploy with the clinic's own names; each of them must be there."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, site: str) -> list[str]:
    """The command that runs nginx with a site's text, all of its files in the folder."""
    (folder / "kap.conf").write_text(site)
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in KINDS_OF_FILES)
    whole = (
        f"user root;\npid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{paths}include {folder}/kap.conf;\n}}\n"
    )
    (folder / "nginx.conf").write_text(whole)
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def names_of(pair: Pair) -> dict[str, str]:
    """The proxy's certificate and key in place of those of the files."""
    return {"/etc/kap/certificate.pem": str(pair.certificate), "/etc/kap/key.pem": str(pair.key)}


@contextmanager
def proxying(command: Sequence[str], client: httpx.Client, folder: Path) -> Iterator[None]:
    """The proxy, from the moment at which it answers the client; what it writes is in ``folder/said``."""
    environment = environment_in(folder, HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
    said = folder / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait_for(client, process, said)
            yield
        finally:
            end(process)


def _wait_for(client: httpx.Client, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):  # nothing listens yet; the deadline ends the wait
            client.get("/livez")
            return
        time.sleep(0.05)
    pytest.fail(f"the proxy does not listen:\n{said.read_text()}")

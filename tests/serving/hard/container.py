"""A container made by hand, where there is no engine: a Bento's image as a read-only root, without a network.

In it are the system's libraries, Python, what requirements-serving.lock names, and the Bento; of this project's
folder there is nothing. Only the state folder and /tmp can be written. The processes run as the image's user.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.serving.server.bento import container_file, image_environment, setup_script
from tests.serving.servers import ROOT

VISITOR = Path(__file__).with_name("container_visitor.py")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
_PREPARE = r"""
set -eu
root=$1; system=$2; python=$3; packages=$4; bento=$5; models=$6; state=$7; visitor=$8; uid=$9
readonly_bind() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; }
mount -t tmpfs -o mode=755 tmpfs "$root"
for folder in $system; do
  if [ -L "$folder" ]; then cp -a "$folder" "$root$folder"
  elif [ -d "$folder" ]; then readonly_bind "$folder" "$folder"; fi
done
readonly_bind "$python" "$python"
readonly_bind "$packages" /app/.venv
readonly_bind "$bento" /home/bentoml/bento
[ -z "$models" ] || readonly_bind "$models" /home/bentoml/bento/models
mkdir -p "$root/proc" "$root/dev" "$root/etc" "$root/tmp"
[ -z "$state" ] || { mkdir -p "$root/var/lib/kap"; mount --bind "$state" "$root/var/lib/kap"; }
mount -t proc proc "$root/proc"
for device in null zero urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
echo "bentoml:x:$uid:$uid::/home/bentoml:/bin/bash" > "$root/etc/passwd"
echo "bentoml:x:$uid:" > "$root/etc/group"
echo "127.0.0.1 localhost" > "$root/etc/hosts"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
cp "$visitor" "$root/visitor.py"
mount -o remount,ro "$root"
ip link set lo up
shift 9
exec chroot --userspec="$uid:$uid" "$root" env -i "$@"
"""


@dataclass(frozen=True)
class Image:
    """What a container is made of: the image's context, its Python packages, and the number of its user."""

    context: Path
    packages: Path
    uid: int

    @classmethod
    def from_folders(cls, context: Path, packages: Path) -> "Image":
        """Make the image of a context: its files become the user's, as the container file says."""
        written = container_file(context)
        uid = int(re.search(r"ARG BENTO_USER_UID=(\d+)", written).group(1))  # type: ignore[union-attr]
        assert re.search(r"^COPY --chown=bentoml:bentoml \. \./$", written, re.MULTILINE)
        assert re.findall(r"^USER (\S+)$", written, re.MULTILINE) == ["bentoml"]
        settings = {"BENTO_PATH": str(context), "PATH": f"{packages / 'bin'}:/usr/bin:/bin"}
        subprocess.run(["sh", setup_script(context)], env=settings, check=True, timeout=300)
        give(context, uid)
        return cls(context, packages, uid)

    def visit(
        self, folder: Path, what: str, *, models: Path | None = None, mounts_state: bool = True
    ) -> "ContainerVisit":
        """Start a container and, in it, the visitor, who starts the service as the image does and asks ``what``."""
        state, root = folder / "state", folder / "root"
        for made in (state, root):
            made.mkdir()
        give(state, self.uid)
        environment = image_environment(self.context) | {"HOME": "/home/bentoml", "KAP_PLAIN_HTTP": "behind-a-proxy"}
        environment["PATH"] = environment["PATH"].replace("${PATH}", "/usr/bin:/bin")
        script = [_PREPARE, "prepare", root, " ".join(_SYSTEM), sys.base_prefix, self.packages, self.context]
        mounts = [models or "", state if mounts_state else "", VISITOR, self.uid]
        asked = ["/app/.venv/bin/python", "/visitor.py", what]
        unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        command = [*unshare, "sh", "-c", *script, *mounts, *(f"{k}={v}" for k, v in environment.items()), *asked]
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return ContainerVisit(process, state)


@dataclass(frozen=True)
class ContainerVisit:
    """A visitor in a container; ``state`` is the mounted state folder."""

    process: subprocess.Popen[str]
    state: Path

    def report(self, seconds: float = 120) -> dict[str, Any]:
        """What the visitor found, at the end."""
        try:
            found, said = self.process.communicate(timeout=seconds)
        finally:
            self.process.kill()
        assert self.process.returncode == 0, said
        report: dict[str, Any] = json.loads(found)
        return report


def require_namespaces() -> None:
    """Skip if this machine does not allow a container made by hand."""
    if os.geteuid() != 0:
        pytest.skip("a container made by hand takes root")
    if not all(shutil.which(tool) for tool in ("unshare", "chroot", "mount", "ip", "bash")):
        pytest.skip("unshare, chroot, mount, ip and bash are required")
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("this machine makes no namespaces")


def give(folder: Path, uid: int) -> None:
    """Make a folder, and all in it, somebody's."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def install_packages(folder: Path) -> Path:
    """What requirements-serving.lock names, in an environment that can be moved; skips where no registry answers."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, folder], check=True)
    sync = ["pip", "sync", "--quiet", "--compile-bytecode", "--system-certs", "--require-hashes"]
    command = [*uv, *sync, "--python", folder / "bin/python", ROOT / "requirements-serving.lock"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0 and ("error sending request" in done.stderr or "timed out" in done.stderr):
        pytest.skip("no package registry answers")
    assert done.returncode == 0, done.stderr
    return folder

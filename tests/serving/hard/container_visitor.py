"""Runs in a container made by hand: starts the service as its image does, asks it, and reports what it saw as JSON.

It needs nothing but what is in the image.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

ENTRYPOINT = "/home/bentoml/bento/env/docker/entrypoint.sh"
SECONDS = 60
RECORD = {
    "as_of_day": 14,
    "patient": {"patient_ref": "c1-0042", "age_years": 41, "sex": "female", "diagnosis": "gad"},
    "sessions": [{"session_number": 1, "day": 0, "kind": "dosing"}],
    "assessments": [
        {"day": 0, "instrument": "gad7", "score": 16},
        {"day": 6, "instrument": "gad7", "score": 9},
    ],
    "events": [],
}
ABSENT = ("mlflow", "matplotlib", "pandas", "sklearn", "pyarrow", "training", "tests")
PAGES = ("/livez", "/healthz", "/v1/model", "/v1/instruments", "/openapi.json")
UNWRITABLE = ("/", "/home/bentoml", "/home/bentoml/bento", "/home/bentoml/bento/src/serving", "/app/.venv", "/etc")


def status() -> dict[str, Any] | None:
    try:
        answer = httpx.get("http://127.0.0.1:3000/readyz")
    except httpx.TransportError:
        return None
    return dict(answer.json()) if answer.status_code == 200 else None


def until(found: Any) -> Any:
    """What ``found`` gives once it gives something; it fails after a minute."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        seen = found()
        if seen:
            return seen
        time.sleep(0.1)
    raise TimeoutError


def workers() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if b"worker.service" in command:
            found.append(int(path.name))
    return found


def importable(module: str) -> bool:
    command = [sys.executable, "-c", f"import {module}"]
    return subprocess.run(command, cwd="/home/bentoml/bento/src", capture_output=True, check=False).returncode == 0


def writable(folder: str) -> bool:
    try:
        (Path(folder) / "written").write_text("")
    except OSError:
        return False
    return True


def not_importable() -> list[str]:
    """Why the modules of the Bento can't be imported with what the image holds; empty where they can.

    Alembic runs the migrations; nothing imports them.
    """
    source = Path("/home/bentoml/bento/src")
    modules = [path.relative_to(source).with_suffix("") for path in source.rglob("*.py")]
    names = [".".join(module.parts) for module in modules if "migrations" not in module.parts]
    script = "import importlib, sys; sys.path.insert(0, '.'); [importlib.import_module(name) for name in sys.argv[1:]]"
    done = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=source, capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else done.stderr.splitlines()[-1:]


def compiled() -> int:
    """How many functions a process in the container must compile before it can predict."""
    script = """
from features.compilation.dispatchers import compiled_during
from models.machine_code import call_every_function
print(compiled_during(call_every_function))
"""
    source = "/home/bentoml/bento/src"
    done = subprocess.run([sys.executable, "-c", script], cwd=source, capture_output=True, text=True, check=True)
    return int(done.stdout)


def is_ready(service: subprocess.Popen[str]) -> dict[str, Any] | None:
    """The readiness of the service as soon as it is ready; ``None`` where it ends before that."""
    until(lambda: status() or service.poll() is not None)
    return status()


def ask_everything(service: subprocess.Popen[str]) -> dict[str, Any]:
    ready = is_ready(service)
    with httpx.Client(base_url="http://127.0.0.1:3000") as client:
        answers = [client.post("/v1/predict", json=RECORD) for _ in range(3)]
        batch = client.post("/v1/predict_batch", json={"requests": [RECORD, {}]})
        pages = {path: client.get(path).status_code for path in PAGES}
        metrics = client.get("/metrics").text
    return {
        "ready": ready,
        "answers": [answer.json()["outcome"] for answer in answers],
        "batch": [one["outcome"] for one in batch.json()["answers"]],
        "pages": pages,
        "metrics": [line for line in metrics.splitlines() if line.startswith("kap_answers_total")],
        "users": sorted({path.stat().st_uid for path in Path("/proc").glob("[0-9]*")}),
        "importable": [module for module in ABSENT if importable(module)],
        "not_importable": not_importable(),
        "compiled": compiled(),
        "writable": [folder for folder in UNWRITABLE if writable(folder)],
        "interfaces": [name for _, name in socket.if_nameindex()],
        "replaced": replaced_when_killed(),
    }


def replaced_when_killed() -> bool:
    """Kill the worker; whether another one answers."""
    (first,) = workers()
    os.kill(first, signal.SIGKILL)
    until(lambda: [pid for pid in workers() if pid != first])
    return bool(until(status))


def follow(service: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a model that can't be read, and then for another version to be taken up; say when to go on."""
    first = (is_ready(service) or {})["model_version"]
    say("the service is ready")
    refused = until(lambda: (status() or {}).get("newest_model_refused"))
    say("the newest model is refused")
    taken_up = until(lambda: (status() or {"model_version": first})["model_version"] != first and status())
    return {"first": first, "refused": refused, "next": taken_up}


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def see_it_end(service: subprocess.Popen[str]) -> dict[str, Any]:
    """Whether a service that should end by itself is ready before it does."""
    return {"was_ready": is_ready(service) is not None}


def main() -> None:
    service = subprocess.Popen([ENTRYPOINT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        report = {"everything": ask_everything, "follow": follow, "end": see_it_end}[sys.argv[1]](service)
    finally:
        service.terminate()
        written, _ = service.communicate(timeout=SECONDS)
        sys.stderr.write(written)
    left = sorted(path.name for path in Path(tempfile.gettempdir()).iterdir())
    sys.stdout.write(json.dumps(report | {"ended": service.returncode, "left": left, "written": written}))


main()

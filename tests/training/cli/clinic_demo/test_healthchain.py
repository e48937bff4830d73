"""HealthChain's sandbox client, a CDS Hooks client of others, calls the service and reads its cards.

It is installed into an environment of its own, because its dependencies are not those of the project.
"""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.servers import Server, environment_in, running
from training.cli.clinic_demo.fhir_server import FhirStore
from training.cli.clinic_demo.patients import draft_order, synthetic_resources
from training.cli.clinic_demo.prefetch import prefetched

pytestmark = pytest.mark.long

HEALTHCHAIN = "healthchain==0.16.1"
SCRIPT = Path(__file__).with_name("healthchain_client.py")
UV = Path(sys.executable).with_name("uv")
PATIENT = "synthetic-a"


@pytest.fixture(scope="module")
def healthchain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has HealthChain; skipped where no registry answers."""
    venv = tmp_path_factory.mktemp("healthchain") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    install = [str(UV), "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), HEALTHCHAIN]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        pytest.skip(f"{HEALTHCHAIN} can't be installed here: {done.stderr.strip().splitlines()[-1]}")
    return venv / "bin" / "python"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without configured EHRs: the sandbox client signs no tokens."""
    folder = tmp_path_factory.mktemp("service")
    more = {"KAP_TIME_ZONE": "UTC", "KAP_PUBLIC_URL": "https://kap.example", "KAP_CDS_NO_ANSWER": "card"}
    with running(folder, environment=environment_in(folder, **more)) as started:
        yield started


def discovered(service: Server, hook: str) -> dict[str, Any]:
    services: list[dict[str, Any]] = service.client.get("/cds-services").json()["services"]
    return next(one for one in services if one["hook"] == hook)


def written_prefetch(service: Server, folder: Path) -> Path:
    """The prefetch that the service's templates ask for, as a file."""
    store = FhirStore("http://127.0.0.1:1/fhir", synthetic_resources(dt.datetime.now(dt.UTC).date()))
    context = {"patientId": PATIENT, "userId": "Practitioner/synthetic-clinician"}
    found = prefetched(discovered(service, "patient-view")["prefetch"], context, store)
    path = folder / "prefetch.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def asked(healthchain: Path, service: Server, hook: str, *files: Path) -> dict[str, Any]:
    """What the client sent and what it got."""
    url = f"{str(service.client.base_url).rstrip('/')}/cds-services/{discovered(service, hook)['id']}"
    command = [str(healthchain), str(SCRIPT), url, hook, PATIENT, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_patient_view_is_called_and_its_cards_are_read(healthchain: Path, service: Server, tmp_path: Path) -> None:
    """All fits its models but a link without ``autoLaunchable``, which CDS Hooks 2.0 does not have [recalled]."""
    found = asked(healthchain, service, "patient-view", written_prefetch(service, tmp_path))
    (sent,), (answer,) = found["sent"], found["responses"]
    assert sent["context"]["patientId"] == PATIENT
    assert answer["cards"]
    assert all(len(card["summary"]) < 140 and card["source"]["label"] for card in answer["cards"])
    assert found["misread"] == ["cards.0.links.0.autoLaunchable"]


def test_order_sign_is_beyond_it(healthchain: Path, service: Server, tmp_path: Path) -> None:
    """It leaves ``draftOrders`` out of what it sends, even where they are in its own request.

    Its request declares the context as ``BaseHookContext``, and is written with the fields of that class only.
    """
    orders = tmp_path / "orders.json"
    orders.write_text(json.dumps(draft_order(PATIENT, dt.datetime.now(dt.UTC))), encoding="utf-8")
    found = asked(healthchain, service, "order-sign", written_prefetch(service, tmp_path), orders)
    (sent,) = found["sent"]
    assert "draftOrders" not in sent["context"]
    assert found["responses"] == [{}], "the service refuses an order-sign without orders"

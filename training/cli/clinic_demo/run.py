"""The clinic demonstration from start to end: a model, the service, the mock EHR, until somebody stops it.

Everything is below one folder; `make demo`'s model is used if there is one. Nothing is left running.
"""

import datetime as dt
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

from training.cli.clinic_demo.ehr import MockEhr
from training.cli.clinic_demo.ehr_server import ehr_running, listening
from training.cli.clinic_demo.fhir_server import FhirStore
from training.cli.clinic_demo.local_service import SERVICE_LOG, LocalService, free_port, local_service
from training.cli.clinic_demo.patients import synthetic_resources
from training.cli.clinic_demo.service_calls import ServiceClient
from training.cli.clinic_demo.signing import ALGORITHM, EhrSigningKey
from training.cli.clinic_demo.stages import Stages, own_environment, promote_first_version, simulate_and_train
from training.cli.clinic_demo.stop_signal import StopRequestError, StopSignal

PATIENTS = 2500
DEMO = Path("demo")
"""Where `make demo` leaves its model."""
ISSUERS, KEY_SET = "issuers.toml", "jwks.json"

NEXT = """
The mock EHR: {ehr}
The service:  {service}

  1. Open a patient: the cards have the prediction, its cautions, and a link to the page for the shared decision.
  2. Sign a ketamine order, ask over FHIR, and dismiss a card: that is the feedback.
  3. Open a call at the foot of the page: the request and the answer, as your EHR would send and get them.

Every patient is synthetic. Files are in {folder}. Press Ctrl-C to stop.
"""


class PortTakenError(Exception):
    """Something else listens on the port."""


def run_clinic_demo(folder: Path, port: int) -> None:
    """Run the demonstration until Ctrl-C, TERM or the end of the terminal; a ``port`` of 0 takes a free one.

    Raises ``PortTakenError``. Exits with a sentence if the service stops by itself.
    """
    stop = StopSignal()
    stop.listen()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run(folder.resolve(), port, stop)
    except StopRequestError:
        print("\nStopped; nothing is left running.", flush=True)


def _run(folder: Path, port: int, stop: StopSignal) -> None:
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(listening(port))
        except OSError as error:
            raise PortTakenError from error
        model = _find_model(folder) or _make_model(folder, stop)
        ehr, service_port = f"http://127.0.0.1:{listener.getsockname()[1]}", free_port()
        key = EhrSigningKey.new(ehr)
        environment = own_environment(model) | _settings(folder, key, service_port)
        stages = Stages(folder, environment, stop.pause)
        stages.begin("Start the service")
        service = stack.enter_context(local_service(stages, service_port))
        stages.end("ready")
        store = FhirStore(f"{ehr}/fhir", synthetic_resources(dt.datetime.now(dt.UTC).date()))
        client = ServiceClient(service.address, key, store.base)
        stack.enter_context(ehr_running(MockEhr(store, client, key.key_set()).app(), listener, stop.pause))
        print(NEXT.format(ehr=ehr, service=service.address, folder=folder), flush=True)
        _wait(service, stop, folder)


def _has_model(place: Path) -> bool:
    """Whether the model store in a folder has a promoted model."""
    return (place / "bentoml" / "models" / "kap-outcomes" / "latest").is_file()


def _find_model(folder: Path) -> Path | None:
    """Where a promoted model is: in the folder, from an earlier start, or that of `make demo`."""
    place = next((place for place in (folder / "model", DEMO) if _has_model(place)), None)
    if place is not None:
        print(f"The model is in {place}. All patients are synthetic (made up).")
    return place


def _make_model(folder: Path, stop: StopSignal) -> Path:
    """Simulate, train and promote; what an interrupted start has left is removed first."""
    print(
        f"There is no model yet: make one of {PATIENTS:,} synthetic (made-up) patients. It takes some minutes, at the"
    )
    print("first start only.\n")
    place = folder / "model"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    stages = Stages(place, own_environment(place), stop.pause)
    simulate_and_train(stages, PATIENTS, 3)
    promote_first_version(stages, 3)
    return place


def _settings(folder: Path, key: EhrSigningKey, service_port: int) -> dict[str, str]:
    """The settings of the service; the EHR's public key and name go into files that it reads."""
    (folder / KEY_SET).write_text(key.key_set() + "\n", encoding="utf-8")
    lines = ["[[issuer]]", f'iss = "{key.issuer}"', 'name = "mock-ehr"', f'jwks_file = "{KEY_SET}"']
    issuers = "\n".join([*lines, f'algorithms = ["{ALGORITHM}"]', ""])
    (folder / ISSUERS).write_text(issuers, encoding="utf-8")
    return {
        "KAP_STATE": str(folder / "kap-state"),
        "KAP_CDS_ISSUERS": str(folder / ISSUERS),
        "KAP_CDS_NO_ANSWER": "card",
        "KAP_PUBLIC_URL": f"http://127.0.0.1:{service_port}",
        "KAP_TIME_ZONE": "UTC",
    }


def _wait(service: LocalService, stop: StopSignal, folder: Path) -> None:
    while not service.has_ended:
        stop.pause(0.5)
    sys.exit(f"the service has stopped by itself; {folder / SERVICE_LOG} says why")

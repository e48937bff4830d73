"""Who may import whom. Data flows one way, and the process that faces clinics holds no MLflow and no label code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMMANDS = re.compile(r"training/cli\w*\.py")
"""A command may start the service or open what it keeps; what is not a command may not."""
PACKAGES = ("features", "models", "training", "serving")
MAY_IMPORT = {
    "features": {"features"},
    "models": {"features", "models"},
    "training": {"features", "models", "training"},
    "serving": {"features", "models", "serving"},
}
ONLY_IN = {
    "mlflow": {
        "training/audit.py",
        "training/bundle_lookup.py",
        "training/decision_log.py",
        "training/examination.py",
        "training/monitoring/recording.py",
        "training/pyfunc_model.py",
        "training/registration.py",
        "training/release.py",
        "training/tracking.py",
        "training/tracking_evaluation.py",
        "training/tracking_evidence.py",
        "training/tracking_update.py",
    },
    "bentoml": {
        "serving/configured_service.py",
        "serving/errors.py",
        "serving/model_shelf.py",
        "serving/service.py",
        "training/release.py",
    },
    "httpx": {
        "serving/client_address.py",
        "serving/client_caller.py",
        "serving/client_failures.py",
        "serving/client_transport.py",
    },
    "httpcore": {"serving/client_transport.py"},
    "matplotlib": {"training/evaluation/plots.py", "training/monitoring/plots.py"},
    "sklearn": {"models/learners.py", "training/splits.py"},
    "sqlalchemy": {
        "serving/lasting_connection.py",
        "serving/database.py",
        "serving/erasure.py",
        "serving/keys.py",
        "serving/log_append.py",
        "serving/log_check.py",
        "serving/log_writer.py",
        "serving/named_log.py",
        "serving/prediction_log.py",
        "serving/rescore.py",
        "serving/settings.py",
        "serving/state.py",
        "serving/worker.py",
    },
    "pg8000": {"serving/postgresql.py"},
}
NEVER = {
    "features": {"sklearn", "xgboost", "scipy", "pyarrow", "pydantic"},
    "models": {"pandas", "pyarrow", "pydantic"},
    "serving": {"pandas", "sklearn", "pyarrow"},
}
"""`features` needs NumPy and pandas only; what predicts needs NumPy and XGBoost only."""


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            found.add(node.module or "")
    return found


def files() -> list[Path]:
    """Every module of the four packages."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_there_is_something_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} == set(PACKAGES)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_flow_one_way(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    package = name.split("/")[0]
    roots = {module.split(".")[0] for module in imports_of(path)}
    allowed = MAY_IMPORT[package] | ({"serving"} if COMMANDS.fullmatch(name) else set())
    assert roots & set(PACKAGES) <= allowed
    assert not roots & NEVER.get(package, set())
    for library, places in ONLY_IN.items():
        assert library not in roots or name in places, f"{library} belongs in {', '.join(sorted(places))}"


def test_what_faces_clinics_holds_no_mlflow_and_no_label_code() -> None:
    """Followed through every import of the project, from the service on."""
    reached, pending = set(), ["serving.service"]
    while pending:
        module = pending.pop()
        path = ROOT / (module.replace(".", "/") + ".py")
        if module in reached or not path.is_file():
            continue
        reached.add(module)
        pending += imports_of(path)
    assert "serving.predictor" in reached
    assert not any(module.startswith("training") for module in reached)
    assert "models.learners" not in reached

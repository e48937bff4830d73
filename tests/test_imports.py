"""Who may import whom. Data flows one way, and the process that faces clinics holds no MLflow and no label code."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.places import ROOT

PACKAGES = (
    "features.compilation",
    "features.protocol",
    "features.records",
    "features.eligibility",
    "features.definitions",
    "features",
    "models.settings",
    "models",
    "models.fitting",
    "training.evidence",
    "training.settings",
    "training",
    "training.execution",
    "training.simulation",
    "training.outcomes",
    "training.metrics",
    "training.cohort.text",
    "training.cohort",
    "training.cohort.parts",
    "training.exports",
    "training.plausibility",
    "training.intake",
    "training.intake.conversion",
    "training.intake.sources",
    "training.intake.vocabulary",
    "training.intake.drafting",
    "training.stores",
    "training.decisions",
    "training.registry",
    "training.handover",
    "training.learning.own_candidates",
    "training.learning",
    "training.leakage",
    "training.evaluation",
    "training.description",
    "training.report",
    "training.report.figures",
    "training.report.content",
    "training.report.models",
    "training.report.standards",
    "training.report.authors",
    "training.report.page",
    "training.report.word",
    "training.experiment",
    "training.policy",
    "training.audit",
    "training.dossier",
    "training.monitoring.statistics",
    "training.monitoring.report",
    "training.monitoring",
    "training.promotion",
    "training.replay",
    "training.tracking",
    "training.archive",
    "training.documents",
    "serving.contract",
    "serving.terminology",
    "serving.storage",
    "serving.prediction",
    "serving.fhir",
    "serving.fhir.structure",
    "serving.fhir.elements",
    "serving.fhir.treatment",
    "serving.fhir.reading",
    "serving.fhir.answer",
    "serving.decision",
    "serving.cds_hooks",
    "serving.log",
    "serving.log.migrations",
    "serving.log.migrations.versions",
    "serving.http",
    "serving.openapi",
    "serving.server",
    "serving.verification",
    "serving.client",
    "serving",
    "training.api",
    "training.cli.options",
    "training.cli.texts",
    "training.cli.clinic_demo",
    "training.cli.decisions",
    "training.cli",
)
"""Every package, bottom to top: a package imports itself and those below it."""
COMMANDS = "training.cli"
"""The only package of training, with those in it, that may open what the service keeps, or start it."""
STRANGERS = {"training": "serving", "serving": "training"}
"""Neither imports the other, wherever they stand in the order."""
EXPORTING = "training"
"""It names the Python interface, which stands above it, and imports a name when it is first asked for."""
NOTEBOOKS = "notebooks"
"""A folder of scripts that nothing imports: no package."""
MOST_FILES = 20
"""Python files in a folder, at the most."""
ONLY_IN = {
    "mlflow": {
        "training/handover/hand_over.py",
        "training/archive/export.py",
        "training/audit/audit.py",
        "training/audit/bundle_lookup.py",
        "training/audit/metric_digests.py",
        "training/audit/record.py",
        "training/stores/artifact_place.py",
        "training/registry/copied_bundle.py",
        "training/stores/relocation.py",
        "training/stores/run_below.py",
        "training/stores/written_files.py",
        "training/registry/decision_documents.py",
        "training/registry/decision_log.py",
        "training/registry/experiments.py",
        "training/registry/references.py",
        "training/stores/registry_client.py",
        "training/promotion/checks.py",
        "training/monitoring/recording.py",
        "training/tracking/pyfunc.py",
        "training/registry/registration.py",
        "training/registry/release.py",
        "training/registry/served_heads.py",
        "training/stores/store_answers.py",
        "training/stores/store_schema.py",
        "training/tracking/kept.py",
        "training/tracking/rights.py",
        "training/tracking/transfer.py",
        "training/tracking/training.py",
        "training/tracking/search.py",
        "training/tracking/cohort_check.py",
        "training/tracking/evaluation.py",
        "training/tracking/evidence.py",
        "training/tracking/links.py",
        "training/tracking/metrics.py",
        "training/tracking/opened.py",
        "training/tracking/probability_metrics.py",
        "training/tracking/resources.py",
        "training/tracking/runs.py",
        "training/tracking/report.py",
        "training/tracking/update.py",
    },
    "bentoml": {
        "serving/server/answering.py",
        "serving/server/configured_service.py",
        "serving/http/errors.py",
        "serving/server/model_loader.py",
        "serving/server/service.py",
        "training/stores/model_store.py",
        "training/registry/served_heads.py",
        "training/handover/hand_over.py",
        "training/handover/served_copies.py",
    },
    "httpx": {
        "training/timestamps.py",
        "training/audit/service.py",
        "training/cli/clinic_demo/service_calls.py",
        "serving/client/address.py",
        "serving/client/retrying_call.py",
        "serving/client/failures.py",
        "serving/client/transport.py",
    },
    "fhir": {"serving/fhir/structure/resource_check.py", "serving/fhir/structure/shapes.py"},
    "fluent": {"serving/decision/texts.py"},
    "jinja2": {"serving/decision/templating.py", "training/report/templating.py"},
    "httpcore": {"serving/client/transport.py"},
    "matplotlib": {
        "training/api/evaluation.py",
        "training/api/evaluation_plot.py",
        "training/monitoring/report/plots.py",
        "training/report/figures/plots.py",
        "training/report/word/lines.py",
        "training/report/word/pictures.py",
    },
    "docx": {"training/report/word/document.py"},
    "numba": {"features/compilation/dispatchers.py"},
    "optuna": {"models/fitting/optuna_search.py"},
    "sklearn": {
        "models/fitting/learners.py",
        "training/learning/own_candidates/classifier.py",
        "training/learning/splits.py",
    },
    "onnxruntime": {"models/onnx_score.py"},
    "skl2onnx": {"training/learning/own_candidates/onnx_export.py"},
    "sqlalchemy": {
        "training/stores/sqlite_address.py",
        "serving/storage/persistent_connection.py",
        "serving/storage/database.py",
        "serving/log/erasure.py",
        "serving/log/feedback.py",
        "serving/log/migrations/versions/schema_1_to_2.py",
        "serving/log/overwriting.py",
        "serving/log/upgrade.py",
        "serving/storage/keys.py",
        "serving/storage/launches.py",
        "serving/log/append.py",
        "serving/log/backup.py",
        "serving/log/check.py",
        "serving/log/writer.py",
        "serving/storage/log_location.py",
        "serving/log/queries.py",
        "serving/verification/rescore.py",
        "serving/storage/settings.py",
        "serving/storage/state.py",
        "serving/server/worker.py",
        "training/decisions/database.py",
        "training/decisions/location.py",
        "training/decisions/store.py",
        "training/intake/sources/omop_database.py",
    },
    "openpyxl": {"training/intake/sources/workbook.py", "training/report/models/workbook.py"},
    "distributed": {
        "training/execution/cluster.py",
        "training/execution/dask_engine.py",
        "training/execution/equal_workers.py",
        "training/execution/scheduler_address.py",
    },
    "fsspec": {"training/cohort/parts/remote.py"},
    "joblib": {"training/execution/local_processes.py"},
    "tomlkit": {
        "training/api/settings.py",
        "training/intake/drafting/toml_text.py",
        "training/report/authors/draft.py",
    },
    "jwt": {"serving/http/ehr_tokens.py", "serving/http/key_sets.py", "training/cli/clinic_demo/signing.py"},
    "pg8000": {"serving/storage/postgresql.py"},
    "opentelemetry": {"serving/http/tracing.py"},
    "prometheus_client": {"serving/http/metrics.py", "serving/http/worker_metrics.py"},
    "alembic": {
        "training/stores/store_schema.py",
        "serving/log/migrations/env.py",
        "serving/log/migrations/versions/schema_1_to_2.py",
        "serving/log/migrations/versions/schema_2.py",
        "serving/log/upgrade.py",
    },
    "rocrate": {"training/archive/crate.py"},
    "cryptography": {
        "models/signature.py",
        "training/archive/export.py",
        "training/archive/signature.py",
        "training/archive/verification.py",
        "serving/log/content.py",
        "serving/storage/launches.py",
        "training/cli/clinic_demo/signing.py",
        "training/decisions/keys.py",
        "training/timestamps.py",
    },
    "rfc3161_client": {"training/timestamps.py"},
    "model_signing": {"models/signature.py", "training/handover/signing.py"},
    "cyclonedx": {"training/documents/bill_of_materials.py", "training/documents/licences.py"},
    "packageurl": {"training/documents/bill_of_materials.py"},
    "pyreadstat": {"training/intake/sources/statistical.py"},
}
NEVER = {
    "features": {"sklearn", "xgboost", "scipy", "pyarrow", "pydantic"},
    "models": {"pandas", "pyarrow", "pydantic"},
    "serving": {"pandas", "sklearn", "pyarrow"},
}
"""`features` needs NumPy, numba and pandas only; what predicts needs NumPy, numba and XGBoost only."""


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


@cache
def files() -> list[Path]:
    """Every module of the four top-level packages."""
    found = [
        path for top in ("features", "models", "training", "serving") for path in sorted((ROOT / top).rglob("*.py"))
    ]
    return [path for path in found if NOTEBOOKS not in path.parts]


def package_of(path: Path) -> str:
    """The package that a file lies in."""
    return ".".join(path.relative_to(ROOT).parent.parts)


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package by its own."""
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files()}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def project_imports(path: Path, known: dict[str, Path]) -> set[str]:
    """The project's modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in known:
            found |= {name if (name := f"{node.module}.{one.name}") in known else node.module for one in node.names}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names} & known.keys()
    return found


def wrong_imports(package: str, imported: set[str]) -> list[str]:
    """Those of the packages that stand above one, or that only the command line may import."""
    above = {other for other in imported if PACKAGES.index(other) > PACKAGES.index(package)}
    stranger = None if package.startswith(COMMANDS) else STRANGERS.get(package.split(".", maxsplit=1)[0])
    return sorted(above | {other for other in imported if other.split(".")[0] == stranger})


def test_every_package_has_its_place_in_the_order() -> None:
    assert {package_of(path) for path in files()} == set(PACKAGES)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_package_imports_one_above_it(path: Path) -> None:
    known = modules()
    imports = project_imports(path, known)
    if path == modules()[EXPORTING]:
        imports -= set(exported_late().values())
    assert not wrong_imports(package_of(path), {package_of(known[name]) for name in imports})


@cache
def exported_late() -> dict[str, str]:
    """The names that a package imports when they are first asked for, and the module of each."""
    tree = ast.parse(modules()[EXPORTING].read_text(encoding="utf-8"))
    places = next(node for node in tree.body if isinstance(node, ast.Assign) and "_PLACES" in ast.dump(node.targets[0]))
    found: dict[str, str] = ast.literal_eval(places.value)
    return found


def test_the_names_of_the_python_interface_are_there_for_type_checkers_too() -> None:
    tree = ast.parse(modules()[EXPORTING].read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    for_checkers = {one.name: node.module for node in imported for one in node.names if node.module in modules()}
    assert for_checkers == exported_late()
    assert exported_late().keys() <= public_names(EXPORTING)


def test_to_import_the_package_imports_no_library() -> None:
    """`kap --help` does, and so must every command before it knows what to do."""
    look = "import sys, training; print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    found = subprocess.run([sys.executable, "-S", "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(found.stdout.split()) - {"__main__"} == {"training"}


def test_no_two_modules_import_each_other() -> None:
    known = modules()
    imports = {name: project_imports(path, known) - {name} for name, path in known.items()}
    assert not [(one, other) for one in imports for other in imports[one] if one in imports[other]]


def test_an_import_upwards_is_found() -> None:
    assert wrong_imports("models", {"features", "training.metrics"}) == ["training.metrics"]
    assert wrong_imports("training.tracking", {"serving.contract"}) == ["serving.contract"]
    assert wrong_imports("serving.client", {"training.evidence", "features"}) == ["training.evidence"]
    assert wrong_imports("training.cli", {"serving.server", "training.tracking"}) == []


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_library_is_used_where_it_belongs(path: Path) -> None:
    name, roots = path.relative_to(ROOT).as_posix(), {module.split(".")[0] for module in imports_of(path)}
    assert not roots & NEVER.get(name.split("/")[0], set())
    for library, places in ONLY_IN.items():
        assert library not in roots or name in places, f"{library} belongs in {', '.join(sorted(places))}"


def test_no_folder_holds_more_than_twenty_files() -> None:
    folders = Counter(path.parent for top in ("features", "models", "training", "serving", "tests")
                      for path in (ROOT / top).rglob("*.py"))  # fmt: skip
    assert not {str(folder): number for folder, number in folders.items() if number > MOST_FILES}


def test_every_package_says_what_it_decides_in_at_most_five_lines() -> None:
    for package in PACKAGES:
        words = ast.get_docstring(ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8")))
        assert words, package
        assert len(words.splitlines()) <= 5, package


def test_what_faces_clinics_holds_no_mlflow_and_no_label_code() -> None:
    """Followed through every import of the project, from the service on."""
    known, reached, pending = modules(), set(), ["serving.service"]
    while pending:
        module = pending.pop()
        if module not in reached:
            reached.add(module)
            pending += project_imports(known[module], known)
    assert "serving.prediction.predictor" in reached
    assert not any(module.startswith("training") for module in reached)
    assert not any(module.startswith("models.fitting") for module in reached)


def public_names(package: str) -> set[str]:
    """The names that a package lists: in ``__all__``, or after "Public names" in its docstring."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    in_text = set(re.findall(r"`(\w+)`", (ast.get_docstring(tree) or "").partition("Public names:")[2]))
    exported = (node.value for node in tree.body if isinstance(node, ast.Assign) and "__all__" in ast.dump(node))
    return in_text.union(*map(ast.literal_eval, exported))


@cache
def imported_names() -> list[tuple[Path, str, str]]:
    """Every name that product or tests import from a module: who imports it, the module and the name."""
    paths = [*files(), *(path for path in (ROOT / "tests").rglob("*.py") if "version_0_4_0" not in path.parts)]
    nodes = [(path, node) for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    found = [(path, node) for path, node in nodes if isinstance(node, ast.ImportFrom)]
    return [(path, node.module or "", one.name) for path, node in found for one in node.names]


def addresses() -> set[str]:
    """Names that a command line or BentoML is given, such as ``serving.service:KapOutcomes``."""
    settings = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "bentofile.yaml"))
    return set(re.findall(r'"[a-z_.]+:(\w+)"', settings))


@pytest.mark.parametrize("package", [name for name in PACKAGES if ".migrations" not in name])
def test_the_public_names_of_a_package_are_there_and_used_outside(package: str) -> None:
    """Migrations have none: Alembic loads them by their path."""
    folder, listed = ROOT / package.replace(".", "/"), public_names(package)
    own = {package, *(f"{package}.{path.stem}" for path in folder.glob("*.py"))}
    outside = {name for path, module, name in imported_names() if module in own and path.parent != folder}
    defined = {
        getattr(node, "name", "")
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    }
    if package == EXPORTING:
        defined |= exported_late().keys()
    assert listed, "a package lists its public names"
    assert listed - addresses() <= defined
    assert listed - addresses() <= outside


def test_what_is_imported_from_a_module_of_the_project_is_there() -> None:
    """In benchmarks and studies too, which no test runs."""
    lost = []
    for path, module, name in imported_names():
        file = ROOT / f"{module.replace('.', '/')}.py"
        if file.is_file() and not re.search(rf"\b{re.escape(name)}\b", file.read_text(encoding="utf-8")):
            lost.append(f"{path.relative_to(ROOT)}: {module}.{name}")
    assert not lost

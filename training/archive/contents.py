"""Which artifacts go into an audit package. What is about single patients stays out unless it is asked for.

An artifact that is not listed here stays out too, because nothing tells what is in it.
"""

from fnmatch import fnmatchcase

from training.archive.layout import is_model
from training.cohort.file_names import IMPORT_RECORD, STUDY_FILE
from training.monitoring.statistics.reference import REFERENCE
from training.plausibility.cohort_check import CHECK
from training.registry.artifacts import EVIDENCE, HELD_OUT, HELD_OUT_ANSWERS, PROTOCOL, REPORT, SUMMARY
from training.registry.record_archive import ARCHIVE
from training.registry.seal import SEAL
from training.report.models.equation import EQUATION, WORKBOOK

ABOUT_PATIENTS = {
    HELD_OUT: "a row for every patient and prediction",
    HELD_OUT_ANSWERS: "a row for every patient and answer",
}
"""The artifacts with a row or value of one patient."""
TWICE = {ARCHIVE: "the files of the record once more, as one archive"}
"""What stays out always, because the package has its content."""
OF_A_RUN = {
    EVIDENCE: "every figure about the model, with its interval",
    REPORT: "the report for readers",
    "figures/*.svg": "a figure of the report, drawn from the evidence",
    PROTOCOL: "the protocol: landmarks, eligibility and outcomes",
    SUMMARY: "the figures of every candidate",
    REFERENCE: "counts of the features' values, with which later patients are compared",
    CHECK: "findings about the cohort, in counts",
    IMPORT_RECORD: "the import that made the cohort: digests of its sources, and conversions in counts",
    STUDY_FILE: "what the authors say about the study",
    SEAL: "SHA-256 of everything in the record",
    "model_card.md": "the model card",
    EQUATION: "the model as a table of coefficients",
    WORKBOOK: "the model as a workbook",
    "case_mix.json": "features of two cohorts compared, in summaries",
    "coefficients.json": "the coefficients of a candidate",
    "importances.json": "the importances of a candidate's features",
}
"""The artifacts of runs that have nothing of one patient, and what they are."""
OF_A_MODEL = {
    "artifacts/bundle/*": "the model",
    "code/*": "the code that answers",
    "pyfunc.py": "the code with which MLflow loads the model",
    "MLmodel": "MLflow's description of the model",
    "conda.yaml": "the packages that the model needs, for conda",
    "python_env.yaml": "the packages that the model needs, for a virtual environment",
    "requirements.txt": "the packages that the model needs, for pip",
    "input_example.json": "made-up patients as an example of the input",
    "serving_input_example.json": "made-up patients as an example of a request",
}
"""The artifacts of models that have nothing of one patient, and what they are."""


def about(owner: str, name: str) -> str | None:
    """What an artifact is; ``None`` for one that no list has."""
    listed = OF_A_MODEL if is_model(owner) else OF_A_RUN | ABOUT_PATIENTS | TWICE
    return next((words for pattern, words in listed.items() if fnmatchcase(name, pattern)), None)


def goes_in(owner: str, name: str, *, with_predictions: bool) -> bool:
    """Whether an artifact goes into a package."""
    if about(owner, name) is None:
        return False
    left_out = TWICE if with_predictions else TWICE | ABOUT_PATIENTS
    return is_model(owner) or name not in left_out

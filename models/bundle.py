"""A bundle: the outcome models of every landmark as a folder of JSON, arrays and boosters, checked when it is loaded.

Nothing in it can run code. Loading checks the digest of every file and the feature catalogue, and computes the rows and
answers of the reference inputs again. A bundle that differs is refused, and the difference is named.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.build import build_features
from features.catalogue import catalogue, fingerprint
from features.protocol.document import Protocol, protocol_from_document
from features.protocol.shortening import named
from models import applicability as applicabilities
from models import uncertainty
from models.outcome_model import OutcomeModel, Predictions
from models.reference_inputs import cohort_of_reference_inputs, draw_reference_inputs
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Score, from_arrays, to_arrays
from models.uncertainty import OutcomeRefits

FORMAT = 3
MANIFEST = "manifest.json"
DIGEST = "bundle.sha256"
REFERENCE_INPUTS_FILE = "probes.json"
_REMEDY = "train again with this version, or answer with the version that made the bundle"
TOLERANCES = {
    "rows": 0.0,
    "remission": 1e-9,
    "relapse": 1e-9,
    "sustained": 1e-9,
    "intervals": 1e-9,
    "applicability": 0.0,
    "contributions": 1e-5,
}
"""Largest difference between the recomputed and the recorded answer to a reference input, in the order in which they
are compared: none in a row or a verdict, 1e-9 in a probability or a limit, and in a contribution what XGBoost's single
precision leaves open."""


class BundleRefusedError(Exception):
    """A bundle is damaged, or this installation gives other answers; the message names what differs."""


@dataclass(frozen=True)
class HeadRecord:
    """The record of a head's fit: patients, events among them, the winning candidate, and a note."""

    patients: int
    events: int
    winner: str | None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Bundle:
    """All that a prediction needs. ``training`` names the data, code and settings of the training."""

    protocol: Protocol
    models: tuple[OutcomeModel, ...]
    records: tuple[Mapping[str, HeadRecord], ...]
    training: Mapping[str, Any]
    digest: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns of a feature row."""
        return tuple(feature.name for feature in catalogue(self.protocol))


def save_bundle(bundle: Bundle, directory: Path) -> str:
    """Write the bundle into an empty folder and return its digest; equal bundles give equal bytes."""
    directory.mkdir(parents=True, exist_ok=False)
    landmarks = []
    for number, (model, records) in enumerate(zip(bundle.models, bundle.records, strict=True), start=1):
        heads = {
            name: _save_head(head, directory, f"landmark_{number}_{name}") if head else None
            for name, head in (("remission", model.remission), ("relapse", model.relapse))
        }
        fitted = {name: asdict(record) for name, record in records.items()}
        beside = _save_other_parts(model, directory, f"landmark_{number}")
        landmarks.append({"name": model.landmark.name, "heads": heads, "learned": fitted, "beside": beside})
    reference_inputs = draw_reference_inputs(bundle.protocol)
    reference_inputs["answers"] = _answers(bundle, reference_inputs)
    _write_json(directory / REFERENCE_INPUTS_FILE, reference_inputs)
    files = {path.name: _sha256(path.read_bytes()) for path in sorted(directory.iterdir())}
    manifest = {
        "format": FORMAT,
        "protocol": json.loads(bundle.protocol.document),
        "catalogue": fingerprint(bundle.protocol),
        "features": bundle.features,
        "landmarks": landmarks,
        "training": bundle.training,
        "files": files,
    }
    _write_json(directory / MANIFEST, manifest)
    digest = _sha256((directory / MANIFEST).read_bytes())
    (directory / DIGEST).write_text(digest + "\n", encoding="ascii")
    return digest


def load_bundle(directory: Path) -> Bundle:
    """The bundle in a folder; raises ``BundleRefusedError`` when anything differs from what was saved."""
    manifest, digest = _read_manifest(directory)
    for name, expected in manifest["files"].items():
        path = directory / name
        if not path.is_file() or _sha256(path.read_bytes()) != expected:
            raise BundleRefusedError(f"{name}: its digest is not the one in {MANIFEST}")
    extra = {path.name for path in directory.iterdir()} - {MANIFEST, DIGEST, *manifest["files"]}
    if extra:
        raise BundleRefusedError(f"{MANIFEST} does not list {named(sorted(extra))}: remove them")
    protocol = protocol_from_document(json.dumps(manifest["protocol"]))
    if fingerprint(protocol) != manifest["catalogue"]:
        raise BundleRefusedError(
            f"the feature catalogue of this installation is not the one the bundle was fitted with; {_REMEDY}"
        )
    models = tuple(
        _load_model(entry, protocol, directory, len(manifest["features"])) for entry in manifest["landmarks"]
    )
    records = tuple(
        {name: HeadRecord(**record) for name, record in entry["learned"].items()} for entry in manifest["landmarks"]
    )
    bundle = Bundle(protocol, models, records, manifest["training"], digest)
    _check_reference_inputs(bundle, json.loads((directory / REFERENCE_INPUTS_FILE).read_text(encoding="utf-8")))
    return bundle


def _read_manifest(directory: Path) -> tuple[dict[str, Any], str]:
    try:
        content = (directory / MANIFEST).read_bytes()
        recorded = (directory / DIGEST).read_bytes()
    except OSError:
        raise BundleRefusedError(f"{directory.name}: not a bundle, {MANIFEST} or {DIGEST} is missing") from None
    digest = _sha256(content)
    if recorded != f"{digest}\n".encode():
        raise BundleRefusedError(f"{MANIFEST}: its digest is not the one in {DIGEST}")
    manifest: dict[str, Any] = json.loads(content)
    if manifest["format"] != FORMAT:
        found = f"{MANIFEST}: format {manifest['format']}, this installation reads {FORMAT}"
        raise BundleRefusedError(f"{found}; {_REMEDY}")
    return manifest, digest


def _save_head(head: RemissionHead | RelapseHead, directory: Path, stem: str) -> dict[str, str]:
    arrays = to_arrays(head.score) | {"baseline": np.asarray(head.baseline), "slope": np.array(head.slope)}
    if isinstance(head, RelapseHead):
        arrays |= {"edges": head.edges, "competing_hazard": head.competing_hazard}
        if head.competing_score is not None:
            arrays |= {f"competing_{name}": values for name, values in to_arrays(head.competing_score).items()}
    files = {"arrays": f"{stem}.npz"}
    if "booster" in arrays:
        files["booster"] = f"{stem}.ubj"
        (directory / files["booster"]).write_bytes(arrays.pop("booster").astype(np.uint8).tobytes())
    np.savez(directory / files["arrays"], allow_pickle=False, **arrays)
    return files


def _save_other_parts(model: OutcomeModel, directory: Path, stem: str) -> dict[str, str]:
    """Write the parts of a model other than its heads, and return the files by content."""
    parts: dict[str, Mapping[str, Any]] = {}
    for name in ("remission", "relapse"):
        refits = getattr(model.refits, name, None)
        if refits is not None:
            parts[f"{name}_refits"] = uncertainty.to_arrays(refits)
    if model.applicability is not None:
        parts["applicability"] = applicabilities.to_arrays(model.applicability)
    for name, arrays in parts.items():
        np.savez(directory / f"{stem}_{name}.npz", allow_pickle=False, **arrays)
    return {name: f"{stem}_{name}.npz" for name in parts}


def _load_other_parts(files: Mapping[str, str], directory: Path) -> dict[str, Any]:
    """The parts of a model other than its heads, by field name."""
    parts = {name: _read_arrays(directory / file) for name, file in files.items()}
    refits = {
        name: uncertainty.from_arrays(parts[f"{name}_refits"]) if f"{name}_refits" in parts else None
        for name in ("remission", "relapse")
    }
    known = applicabilities.from_arrays(parts["applicability"]) if "applicability" in parts else None
    return {"refits": OutcomeRefits(**refits) if any(refits.values()) else None, "applicability": known}


def _read_arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _load_model(entry: Mapping[str, Any], protocol: Protocol, directory: Path, features: int) -> OutcomeModel:
    heads: dict[str, Any] = {}
    for name, files in entry["heads"].items():
        if files is None:
            heads[name] = None
            continue
        arrays = _read_arrays(directory / files["arrays"])
        if "booster" in files:
            arrays["booster"] = np.frombuffer((directory / files["booster"]).read_bytes(), dtype=np.uint8)
        heads[name] = _head(name, from_arrays(arrays, features), arrays)
    return OutcomeModel(
        landmark=protocol.landmark(entry["name"]),
        horizons_days=protocol.horizons_days,
        in_remission_at_landmark=protocol.remission.at_landmark,
        remission=heads["remission"],
        relapse=heads["relapse"],
        **_load_other_parts(entry["beside"], directory),
    )


def _head(name: str, score: Score, arrays: Mapping[str, Any]) -> RemissionHead | RelapseHead:
    slope = float(arrays["slope"])
    if name == "remission":
        return RemissionHead(score, float(arrays["baseline"]), slope)
    prefix = "competing_"
    beside = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
    return RelapseHead(
        score,
        arrays["edges"],
        arrays["baseline"],
        arrays["competing_hazard"],
        slope,
        from_arrays(beside, score.features) if "kind" in beside else None,
    )


def _answers(bundle: Bundle, reference_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of the reference inputs and the models' answers to them, by landmark."""
    cohort = cohort_of_reference_inputs(dict(reference_inputs), bundle.protocol)
    answers = {}
    for model in bundle.models:
        rows = build_features(cohort, model.landmark).values
        predicted = model.predict(rows)
        contributions = [head.explain(rows)[1] for head in (model.remission, model.relapse) if head]
        answers[model.landmark.name] = {
            "rows": _nullable(rows),
            "remission": _nullable(predicted.remission),
            "relapse": _nullable(predicted.relapse),
            "sustained": _nullable(predicted.sustained),
            "intervals": _limits(predicted),
            "applicability": _verdicts(model, rows),
            "contributions": [_nullable(values) for values in contributions],
        }
    return answers


def _limits(predicted: Predictions) -> list[Any]:
    """All limits of the answers to the reference inputs, one list per input; empty without refits."""
    found = predicted.interval
    if found is None:
        return []
    limits = [found.remission, found.relapse, found.sustained, found.curve_relapse, found.curve_event_free]
    kept = [part.reshape(len(part), -1) for part in limits if part is not None]
    return _nullable(np.hstack(kept))


def _verdicts(model: OutcomeModel, rows: np.ndarray) -> list[Any]:
    """The verdict on each reference input; empty without an applicability domain."""
    return [] if model.applicability is None else model.applicability.assess(rows).verdict.tolist()


def _check_reference_inputs(bundle: Bundle, reference_inputs: Mapping[str, Any]) -> None:
    rebuilt = _answers(bundle, reference_inputs)
    if reference_inputs["answers"].keys() != rebuilt.keys():
        raise BundleRefusedError("reference inputs: their landmarks are not those of the bundle")
    for landmark, recorded in reference_inputs["answers"].items():
        for part, tolerance in TOLERANCES.items():
            here = np.array(rebuilt[landmark][part], dtype=np.float64)
            then = np.array(recorded[part], dtype=np.float64)
            if here.shape != then.shape or not np.allclose(here, then, rtol=0, atol=tolerance, equal_nan=True):
                raise BundleRefusedError(f"reference inputs at {landmark!r}: {part} differ from those recorded")


def _nullable(values: np.ndarray) -> list[Any]:
    return np.where(np.isnan(values), np.array(None, dtype=object), values).tolist()


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

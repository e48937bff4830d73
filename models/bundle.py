"""A bundle: the outcome models of every landmark as JSON, arrays, boosters and ONNX files, checked when it is loaded.

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

from features.catalogue import catalogue, fingerprint
from features.protocol.document import Protocol, protocol_from_document
from features.protocol.shortening import named
from models import applicability as applicabilities
from models import uncertainty
from models.onnx_score import OnnxRefusedError
from models.outcome_model import OutcomeModel
from models.reference_answers import converted_scores, difference, reference_answers
from models.reference_inputs import draw_reference_inputs
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Score, from_arrays, to_arrays
from models.uncertainty import OutcomeRefits

FORMAT = 3
MANIFEST = "manifest.json"
DIGEST = "bundle.sha256"
REFERENCE_INPUTS_FILE = "probes.json"
_REMEDY = "train again with this version, or answer with the version that made the bundle"
FILES_OF_OTHERS = {"booster": "ubj", "onnx": "onnx"}
"""Files in the format of another library, and their endings."""


class BundleRefusedError(Exception):
    """A bundle is damaged, or this installation gives other answers; the message names what differs."""


@dataclass(frozen=True)
class HeadRecord:
    """The record of a head's fit: patients, events among them, the winning candidate, and a note.

    ``research_only`` says why the winner has no model in the bundle, empty if it has one.
    """

    patients: int
    events: int
    winner: str | None
    note: str = ""
    research_only: str = ""

    def as_document(self) -> dict[str, Any]:
        """The record as plain values; ``research_only`` only if it is."""
        return {key: value for key, value in asdict(self).items() if key != "research_only" or value}


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

    @property
    def research_only(self) -> str:
        """Why no patient may get an answer from this bundle: which winners are not in it, and why; empty if all are."""
        return "; ".join(
            f"{model.landmark.name}, {head}: {record.winner}: {record.research_only}"
            for model, records in zip(self.models, self.records, strict=True)
            for head, record in records.items()
            if record.research_only
        )


def save_bundle(bundle: Bundle, directory: Path) -> str:
    """Write the bundle into an empty folder and return its digest; equal bundles give equal bytes."""
    directory.mkdir(parents=True, exist_ok=False)
    landmarks = []
    for number, (model, records) in enumerate(zip(bundle.models, bundle.records, strict=True), start=1):
        heads = {
            name: _save_head(head, directory, f"landmark_{number}_{name}") if head else None
            for name, head in (("remission", model.remission), ("relapse", model.relapse))
        }
        fitted = {name: record.as_document() for name, record in records.items()}
        beside = _save_other_parts(model, directory, f"landmark_{number}")
        landmarks.append({"name": model.landmark.name, "heads": heads, "learned": fitted, "beside": beside})
    reference_inputs = draw_reference_inputs(bundle.protocol)
    reference_inputs["answers"] = reference_answers(bundle.protocol, bundle.models, reference_inputs)
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
    _check_answers(bundle, json.loads((directory / REFERENCE_INPUTS_FILE).read_text(encoding="utf-8")))
    return bundle


def _check_answers(bundle: Bundle, reference_inputs: Mapping[str, Any]) -> None:
    """Converted models answer as their originals did, and all models as they did when the bundle was saved."""
    try:
        for converted in converted_scores(bundle.models):
            converted.check()
        rebuilt = reference_answers(bundle.protocol, bundle.models, reference_inputs)
    except OnnxRefusedError as error:
        raise BundleRefusedError(str(error)) from None
    differs = difference(reference_inputs["answers"], rebuilt, bundle.models)
    if differs:
        raise BundleRefusedError(differs)


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
    for name, ending in FILES_OF_OTHERS.items():
        if name in arrays:
            files[name] = f"{stem}.{ending}"
            (directory / files[name]).write_bytes(arrays.pop(name).astype(np.uint8).tobytes())
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
        for part in FILES_OF_OTHERS.keys() & files.keys():
            arrays[part] = np.frombuffer((directory / files[part]).read_bytes(), dtype=np.uint8)
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


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The description of an audit package for other tools: a Workflow Run RO-Crate, `ro-crate-metadata.json`.

The training is the workflow's run: the recipe with its settings made the model and the evidence from a cohort, which is
named by its digest and not in the package. Equal packages have equal descriptions, so that a check computes it again.
Profiles: https://w3id.org/ro/wfrun/workflow/0.5 and https://w3id.org/ro/crate/1.1.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rocrate.model import ComputationalWorkflow, ContextEntity, File, Person
from rocrate.rocrate import ROCrate

from training.archive.contents import about
from training.archive.facts import PackageFacts
from training.archive.layout import (
    BUNDLE,
    CHAIN,
    EVALUATIONS,
    FACTS,
    LOCK,
    LOG_SEALS,
    MANIFEST,
    METADATA,
    PARENT,
    README,
    RECIPE,
    RECORD,
    SIGNATURE,
    SIGNER,
    TIMESTAMP,
    TRAINING,
)
from training.provenance import TRAINED_BY
from training.registry.artifacts import EVIDENCE, REPORT
from training.registry.seal import SealedItem, digest_of
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict, failed, not_checked, passed

VERSION = "1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
APACHE = "https://spdx.org/licenses/Apache-2.0"
TERMS = {"sha256": "http://schema.org/sha256"}
"""A term that the context of RO-Crate 1.1 lacks, and that of 1.2 has."""
COHORT = "cohort_digest"
DESCRIBED = {
    FACTS: "what the package says of itself",
    CHAIN: "all decisions on the model",
    README: "what the package is, and how it is checked",
    LOCK: "the locked packages of the training, with their hashes",
    RECIPE: "the recipe of a training",
    SIGNER: "the public key of who signed the package",
    MANIFEST: "the SHA-256 of every file",
    SIGNATURE: "the signature of the manifest",
}
MEDIA = {
    "json": "application/json", "html": "text/html", "svg": "image/svg+xml", "md": "text/markdown", "csv": "text/csv",
    "py": "text/x-python", "toml": "application/toml", "lock": "text/plain", "txt": "text/plain",
    "parquet": "application/vnd.apache.parquet",
}  # fmt: skip


def crate_metadata(files: Mapping[str, bytes], facts: PackageFacts, stored: StoredTraining) -> bytes:
    """The description of a package with these files, which the manifest and the description itself are not part of."""
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(TERMS)
    _describe_root(crate, facts)
    for name in sorted({*files, MANIFEST} - {METADATA, SIGNATURE, TIMESTAMP}):
        kind = ComputationalWorkflow if name == RECIPE else File
        content = None if name == MANIFEST else files[name]
        crate.add(kind(crate, dest_path=name, properties=_file_properties(name, content)))
    _describe_run(crate, facts, stored)
    return (json.dumps(crate.metadata.generate(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def crate_verdict(files: Mapping[str, bytes], facts: PackageFacts, stored: StoredTraining, here: str) -> Verdict:
    """The description is the one that the files and the record give; ``here`` is the version of this software."""
    check = "description"
    found, computed = _entities(files.get(METADATA, b"")), _entities(crate_metadata(files, facts, stored))
    differing = sorted(key for key in found.keys() | computed.keys() if found.get(key) != computed.get(key))
    if not differing:
        return passed(check, f"{METADATA} agrees with the files and the record")
    if facts.software_version != here:
        return not_checked(check, f"written by version {facts.software_version}, which may describe otherwise")
    return failed(check, f"{METADATA} does not agree with the files and the record: {', '.join(differing[:5])}")


def _entities(metadata: bytes) -> dict[str, Any]:
    """The described things by their id, and the context; empty if it can't be read."""
    try:
        document = json.loads(metadata)
        return {str(one["@id"]): one for one in document["@graph"]} | {"@context": document["@context"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _describe_root(crate: ROCrate, facts: PackageFacts) -> None:
    root = crate.root_dataset
    root["name"] = f"Audit package of version {facts.version} of {facts.model}"
    root["description"] = (
        "The record of a trained model: the model, its evidence and report, the seal, the decisions and the external "
        f"evaluations. kap audit verify checks it. Exported by {facts.exported_by} at {facts.exported_at}."
    )
    root["datePublished"] = facts.exported_at.replace("Z", "+00:00")
    said = {"@type": "CreativeWork", "name": facts.licence, "description": facts.licence}
    root["license"] = crate.add(ContextEntity(crate, "#licence", said))
    root["creator"] = crate.add(Person(crate, "#exporter", {"name": facts.exported_by}))
    root["author"] = {"@id": "#trainer"}
    profiles = [
        crate.add(ContextEntity(crate, key, {"@type": "CreativeWork", "name": name, "version": number}))
        for key, (name, number) in PROFILES.items()
    ]
    root["conformsTo"] = profiles
    crate.metadata["conformsTo"] = [{"@id": f"https://w3id.org/ro/crate/{VERSION}"}, {"@id": profiles[-1].id}]


def _file_properties(name: str, content: bytes | None) -> dict[str, Any]:
    """What is said of a file; without content, as the manifest has none yet, neither size nor digest."""
    ending = name.rpartition(".")[2]
    said: dict[str, Any] = {"name": name.rpartition("/")[2], "description": _description(name)}
    said["encodingFormat"] = MEDIA.get(ending, "application/octet-stream")
    if content is not None:
        said |= {"contentSize": str(len(content)), "sha256": digest_of(content)}
    return said


def _description(name: str) -> str:
    """What a file of a package is."""
    if name in DESCRIBED:
        return DESCRIBED[name]
    place, *rest = name.split("/")
    if place == LOG_SEALS:
        return "a seal of the prediction log"
    if name.startswith(f"{PARENT}/"):
        return "the model that the update began with"
    if place == EVALUATIONS:
        rest = rest[1:]
    if rest == [RECORD]:
        return "every parameter, metric and tag of the runs, as sealed"
    owner, within = ("", rest[1:]) if rest[0] == "artifacts" else (rest[1], rest[2:])
    return about(owner, "/".join(within)) or "a file of the record"


def _describe_run(crate: ROCrate, facts: PackageFacts, stored: StoredTraining) -> None:
    """The recipe, its settings, and the run that made the model and the evidence."""
    tags = stored.tags
    person = tags.get(TRAINED_BY) or tags.get("mlflow.user") or "not recorded"
    trainer = crate.add(Person(crate, "#trainer", {"name": person}))
    recipe = crate.dereference(RECIPE)
    recipe["programmingLanguage"] = crate.add(
        ContextEntity(
            crate,
            "#python",
            {"@type": "ComputerLanguage", "name": "Python", "version": tags.get("python", "not recorded")},
        )
    )
    same = "the sources of the training" if facts.same_sources else "other sources than the training's"
    recipe["description"] = f"{DESCRIBED[RECIPE]}, from {same}, commit {facts.commit}"
    recipe["version"] = tags.get("commit", "unknown")
    recipe["license"] = crate.add(
        ContextEntity(crate, APACHE, {"@type": "CreativeWork", "name": "Apache License 2.0", "url": APACHE})
    )
    recipe["conformsTo"] = crate.add(
        ContextEntity(crate, BIOSCHEMAS, {"@type": "CreativeWork", "name": "Bioschemas ComputationalWorkflow"})
    )
    crate.mainEntity = recipe
    crate.dereference(README)["about"] = crate.root_dataset
    objects = _describe_inputs(crate, stored)
    action = crate.add(
        ContextEntity(
            crate,
            f"#run-{stored.run_id}",
            {
                "@type": "CreateAction",
                "name": f"{tags.get('level', 'training')} of version {facts.version} of {facts.model}",
                "description": f"run {stored.run_id}, exported with kap-outcomes {facts.software_version}",
                **_times(stored),
                "actionStatus": "http://schema.org/CompletedActionStatus",
            },
        )
    )
    action["instrument"], action["agent"], action["object"] = recipe, trainer, objects
    action["result"] = _describe_results(crate)
    crate.root_dataset["mentions"] = action


def _times(stored: StoredTraining) -> dict[str, str]:
    """When the run began and ended, in UTC."""
    said = {"startTime": "started", "endTime": "ended"}
    found = {key: stored.record.texts.get(SealedItem(stored.run_id, "run", name), "") for key, name in said.items()}
    return {
        key: datetime.fromtimestamp(int(value) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        for key, value in found.items()
        if value.isdigit()
    }


def _describe_inputs(crate: ROCrate, stored: StoredTraining) -> list[ContextEntity]:
    """A formal parameter of the recipe for every recorded one, with its value; the cohort is one of them."""
    values = {item.name: text for item, text in stored.record.texts.items() if _is_parameter(item, stored.run_id)}
    values.setdefault(COHORT, stored.tags.get(COHORT, "not recorded"))
    formal, given = [], []
    for name, value in sorted(values.items()):
        slot = crate.add(ContextEntity(crate, f"#parameter-{name}", _formal(name)))
        said = {"@type": "PropertyValue", "name": name, "value": value}
        filled = crate.add(ContextEntity(crate, f"#value-{name}", said))
        slot["workExample"], filled["exampleOfWork"] = filled, slot
        formal.append(slot)
        given.append(filled)
    crate.mainEntity["input"] = formal
    return given


def _formal(name: str) -> dict[str, Any]:
    described = "the cohort, which is not in the package, by its SHA-256" if name == COHORT else f"the setting {name}"
    return {"@type": "FormalParameter", "additionalType": "Text", "name": name, "description": described}


def _is_parameter(item: SealedItem, run_id: str) -> bool:
    return item.owner == run_id and item.kind == "parameter"


def _describe_results(crate: ROCrate) -> list[File]:
    """The evidence, the report and the files of the bundle."""
    named = [f"{TRAINING}/artifacts/{name}" for name in (EVIDENCE, REPORT)]
    files = [entity for entity in crate.data_entities if entity.id in named or _is_of_bundle(entity.id)]
    slot = crate.add(
        ContextEntity(
            crate,
            "#result",
            {"@type": "FormalParameter", "additionalType": "File", "name": "model, evidence and report"},
        )
    )
    slot["workExample"] = files
    for file in files:
        file["exampleOfWork"] = slot
    crate.mainEntity["output"] = slot
    return files


def _is_of_bundle(name: str) -> bool:
    return name.startswith(f"{TRAINING}/") and f"/{BUNDLE}/" in name

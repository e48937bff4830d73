"""``openapi.json`` as a file of a release: the interface under the default protocol, with a made-up model's examples.

``make openapi`` runs it. A running service describes the model and the protocol that it serves.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.bundle import load_bundle, save_bundle
from serving.http.body import BodyLimits
from serving.openapi.static_responses import pages_of
from serving.prediction.predictor import Predictor
from tests.serving.bundles import toy_bundle

TAG = "kap-outcomes:tag"
LIMITS = BodyLimits(2**20, 2**25, 10.0)
"""The defaults of the settings."""


def release_document() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        save_bundle(toy_bundle(), Path(folder) / "bundle")
        predictor = Predictor(load_bundle(Path(folder) / "bundle"), "3")  # a loaded one knows its digest
    pages = pages_of(predictor, run_id="a1b2", tag=TAG, performance=None, limits=LIMITS)
    document: dict[str, Any] = json.loads(pages.openapi)
    return document


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(release_document(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

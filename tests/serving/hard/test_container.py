"""The image of the Bento at work: as its own user, on a read-only root without this project, without a network."""

import subprocess
from pathlib import Path

import pytest

from tests.serving.hard.container import ContainerVisit, Image, install_packages, require_namespaces
from tests.serving.server.bento import image_context, make_bento
from tests.serving.servers import environment_in, promote_toy


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a store in which version 3 was promoted, and from which a Bento was built."""
    require_namespaces()
    environment = environment_in(tmp_path_factory.mktemp("store"))
    promote_toy(environment, "3")
    assert make_bento(environment).returncode == 0
    return environment


@pytest.fixture(scope="module")
def image(store: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    return Image.from_folders(image_context(store, folder / "context"), install_packages(folder / "packages"))


def test_the_image_answers_read_only_as_its_own_user_and_without_a_network(image: Image, tmp_path: Path) -> None:
    visit = image.visit(tmp_path, "everything")
    report = visit.report()
    assert report["ready"]["model_version"] == "3"
    assert report["answers"] == ["predicted"] * 3
    assert report["batch"] == ["predicted", "refused"]
    assert set(report["pages"].values()) == {200}
    assert any('outcome="predicted"' in line and line.endswith(" 4.0") for line in report["metrics"])
    assert report["users"] == [image.uid]
    assert image.uid != 0
    assert report["importable"] == []
    assert report["not_importable"] == []
    assert report["compiled"] == 0
    assert report["writable"] == []
    assert report["interfaces"] == ["lo"]
    assert report["replaced"]
    assert report["ended"] == 0
    assert "Traceback" not in report["written"]
    assert {path.name for path in visit.state.iterdir()} >= {"predictions.db", "secret"}
    assert not [name for name in report["left"] if name.startswith("kap-")]


def test_a_store_mounted_over_the_models_brings_the_next_promotion(
    image: Image, store: dict[str, str], tmp_path: Path
) -> None:
    models = Path(store["BENTOML_HOME"]) / "models"
    let_others_read(models)
    visit = image.visit(tmp_path, "follow", models=models)
    wait_for(visit, "the service is ready")
    promote_toy(store, "4")
    wait_for(visit, "the newest model is refused")
    let_others_read(models)
    report = visit.report()
    assert report["first"] == "3"
    assert report["refused"] == "the model store can't be read: Permission denied"
    assert (report["next"]["model_version"], report["next"]["newest_model_refused"]) == ("4", None)


def let_others_read(folder: Path) -> None:
    """Only the user who promoted may read what a promotion stores."""
    subprocess.run(["chmod", "-R", "go+rX", folder], check=True)


def wait_for(visit: ContainerVisit, said: str) -> None:
    """Read what a visitor says until it says this."""
    assert visit.process.stderr is not None
    for line in visit.process.stderr:
        if said in line:
            return
    pytest.fail(f"the visitor ended without saying {said!r}")


def test_without_a_state_folder_the_image_does_not_start(image: Image, tmp_path: Path) -> None:
    """Its log would be gone with the container."""
    report = image.visit(tmp_path, "end", mounts_state=False).report()
    assert not report["was_ready"]
    assert report["ended"] == 1
    assert "the secret can't be made at /var/lib/kap/secret" in report["written"]
    assert "Traceback" not in report["written"]

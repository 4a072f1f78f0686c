import json
import threading

import numpy as np
import pytest

from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.paths import Dataset
from recsys_lib.registry import versions as registry
from recsys_lib.registry.parts import Part, writing_part


def write(dataset, version, part, value):
    """Write a part of one small array."""
    with writing_part(
        dataset.version(version) / part,
        parameters={"value": value},
        data_fingerprint="f",
        libraries=["numpy"],
        metrics={f"{part}.value": value},
    ) as folder:
        np.save(folder / "array.npy", np.full(3, value))


@pytest.fixture
def shop(workspace):
    return Dataset.find("shop")


def test_nothing_is_served_before_the_first_version(shop):
    assert registry.champion(shop) is None
    with pytest.raises(NotTrainedError, match="--set dataset=shop"):
        registry.require_champion(shop)


def test_publishing_seals_and_names_the_champion(shop):
    write(shop, "v1", "als", 1)
    manifest = registry.publish(shop, "v1")
    assert registry.require_champion(shop) == shop.version("v1")
    assert set(manifest["files"]) == {"als/array.npy", "als/part.json"}
    assert all(len(facts["sha256"]) == 64 for facts in manifest["files"].values())
    assert manifest["metrics"] == {"als.value": 1}
    assert manifest["shapes"] == {"als/array.npy": [3]}
    assert json.loads((shop.version("v1") / "manifest.json").read_text()) == manifest


def test_a_part_that_was_not_trained_anew_comes_from_the_champion(shop):
    write(shop, "v1", "als", 1)
    write(shop, "v1", "search", 2)
    registry.publish(shop, "v1")
    write(shop, "v2", "als", 3)
    manifest = registry.publish(shop, "v2")
    assert manifest["metrics"] == {"als.value": 3, "search.value": 2}
    assert Part.read(shop.version("v2") / "search").array("array.npy").tolist() == [2, 2, 2]


@pytest.mark.parametrize(("trained", "kept"), [("als", False), ("search", True)])
def test_an_evaluation_stays_with_the_factors_it_measured(shop, trained, kept):
    write(shop, "v1", "als", 1)
    write(shop, "v1", "search", 1)
    evaluation = shop.version("v1") / "evaluation"
    evaluation.mkdir()
    (evaluation / "metrics.json").write_text('{"metrics": {"als.recall@10": 0.5}}')
    write(shop, "v1", "blend", 1)
    registry.publish(shop, "v1")
    write(shop, "v2", trained, 2)
    metrics = registry.publish(shop, "v2")["metrics"]
    assert ("als.recall@10" in metrics) is kept
    assert ("blend.value" in metrics) is kept


def test_a_search_that_was_trained_anew_has_no_old_measurements(shop):
    write(shop, "v1", "als", 1)
    write(shop, "v1", "search", 1)
    (shop.version("v1") / "evaluation").mkdir()
    measured = {"metrics": {"als.recall@10": 0.5, "search.ndcg@10": 0.8}}
    (shop.version("v1") / "evaluation" / "metrics.json").write_text(json.dumps(measured))
    assert registry.publish(shop, "v1")["metrics"]["search.ndcg@10"] == 0.8
    write(shop, "v2", "search", 2)
    kept = registry.publish(shop, "v2")["metrics"]
    assert kept == {"als.value": 1, "search.value": 2, "als.recall@10": 0.5}


def test_a_failed_write_leaves_the_old_part(shop):
    write(shop, "v1", "als", 1)
    with (
        pytest.raises(RuntimeError),
        writing_part(
            shop.version("v1") / "als", parameters={}, data_fingerprint="", libraries=[]
        ) as folder,
    ):
        (folder / "half").write_text("x")
        raise RuntimeError
    assert Part.read(shop.version("v1") / "als").parameters == {"value": 1}
    assert [path.name for path in shop.version("v1").iterdir()] == ["als"]


def test_a_changed_file_is_noticed(shop):
    write(shop, "v1", "als", 1)
    (shop.version("v1") / "als" / "array.npy").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="another size"):
        Part.read(shop.version("v1") / "als")


def test_readers_never_see_a_torn_or_missing_version(shop):
    """Fifty readers open the champion again and again while versions are published."""
    write(shop, "v0", "als", 0)
    registry.publish(shop, "v0")
    stop, problems, seen = threading.Event(), [], set()

    def read():
        while not stop.is_set():
            try:
                folder = registry.require_champion(shop)
                part = Part.read(folder / "als")
                values = set(part.array("array.npy").tolist())
                manifest = json.loads((folder / "manifest.json").read_text())
                assert values == {manifest["parameters"]["als"]["value"]}
                seen.update(values)
            except Exception as error:
                problems.append(repr(error))
                return

    readers = [threading.Thread(target=read) for _ in range(50)]
    for reader in readers:
        reader.start()
    for value in range(1, 15):
        write(shop, f"v{value}", "als", value)
        registry.publish(shop, f"v{value}")
    stop.set()
    for reader in readers:
        reader.join(20)
    assert problems == []
    assert len(seen) > 1

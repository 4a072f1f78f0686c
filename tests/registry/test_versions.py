import json
import os
import threading
from importlib import metadata
from pathlib import Path

import pytest

from recsys_lib import files, registry
from recsys_lib.errors import ArtifactError, NotTrainedError, ParameterError
from recsys_lib.registry import Part, writing_part
from tests.support.versions import write_part as write


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
    stored = json.loads((shop.version("v1") / "manifest.json").read_text())
    assert stored == {**manifest, "seal": stored["seal"]}


def test_a_manifest_says_what_each_part_was_made_of(shop):
    write(shop, "v1", "als", 1)
    write(shop, "v1", "search", 2)
    manifest = registry.publish(shop, "v1")
    assert manifest["data_fingerprint"] == {"als": "data of als", "search": "data of search"}
    assert manifest["libraries"] == {name: metadata.version(name) for name in ("numpy", "scipy")}
    assert manifest["parameters"] == {"als": {"value": 1}, "search": {"value": 2}}
    for part in ("als", "search"):
        facts = Part.read(shop.version("v1") / part).manifest
        assert facts["data_fingerprint"] == f"data of {part}"
        assert facts["libraries"] == manifest["libraries"]


def test_a_manifest_names_only_libraries_that_are_installed(shop):
    folder, wanted = shop.version("v1") / "als", ["numpy", "no-such-package"]
    with writing_part(folder, parameters={}, data_fingerprint="", libraries=wanted):
        pass
    assert Part.read(folder).manifest["libraries"] == {"numpy": metadata.version("numpy")}


def test_a_part_that_was_not_trained_anew_comes_from_the_champion(shop):
    write(shop, "v1", "als", 1)
    write(shop, "v1", "search", 2)
    registry.publish(shop, "v1")
    write(shop, "v2", "als", 3)
    manifest = registry.publish(shop, "v2")
    assert manifest["metrics"] == {"als.value": 3, "search.value": 2}
    assert Part.read(shop.version("v2") / "search").array("array.npy").tolist() == [2, 2, 2]


def test_the_champion_is_the_promoted_version_not_the_newest(shop):
    for number in (1, 2, 3):
        write(shop, f"v{number}", "als", number)
        write(shop, f"v{number}", "search", number)
        registry.publish(shop, f"v{number}", serve=number != 3)
    assert registry.require_champion(shop) == shop.version("v2")
    registry.promote(shop, "v1")
    assert registry.require_champion(shop) == shop.version("v1")
    write(shop, "v4", "als", 4)
    manifest = registry.publish(shop, "v4")
    assert registry.require_champion(shop) == shop.version("v4")
    assert manifest["metrics"] == {"als.value": 4, "search.value": 1}  # of v1, which was served
    assert registry.published_versions(shop) == ["v1", "v2", "v3", "v4"]


def test_a_version_that_is_not_served_leaves_the_champion(shop):
    write(shop, "v1", "als", 1)
    registry.publish(shop, "v1", serve=False)
    assert registry.champion(shop) is None
    with pytest.raises(ArtifactError, match="no published version 'v2': there is v1"):
        registry.promote(shop, "v2")
    with pytest.raises(ParameterError, match="not a plain folder name"):
        registry.promote(shop, "../v1")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": '])
def test_a_damaged_pointer_to_the_champion_is_named(shop, content):
    write(shop, "v1", "als", 1)
    registry.publish(shop, "v1")
    (shop.models / "champion.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"champion\.json does not name a version: 'recsys"):
        registry.champion(shop)
    registry.promote(shop, "v1", force=True)
    assert registry.champion(shop) == shop.version("v1")


def test_everything_is_on_the_disk_before_its_name_is(shop, monkeypatch):
    """A power cut never leaves a name for content that is not there."""
    opened, done = {}, []
    real_open, real_fsync = os.open, os.fsync

    def record_open(path, *rest, **options):
        descriptor = real_open(path, *rest, **options)
        opened[descriptor] = Path(path).name
        return descriptor

    def record_fsync(descriptor):
        done.append(f"sync {opened[descriptor]}")
        real_fsync(descriptor)

    def record_rename(name):
        real = getattr(os, name)

        def rename(source, target):
            done.append(f"name {Path(target).name}")
            real(source, target)

        monkeypatch.setattr(files.os, name, rename)

    monkeypatch.setattr(files.os, "open", record_open)
    monkeypatch.setattr(files.os, "fsync", record_fsync)
    record_rename("rename")
    record_rename("replace")
    write(shop, "v1", "als", 1)
    registry.publish(shop, "v1")
    for name, folder in (("als", "v1"), ("manifest.json", "v1"), ("champion.json", "shop")):
        place = done.index(f"name {name}")
        assert done[place - 1].startswith(f"sync .{name}."), "the content before"
        assert done[place + 1] == f"sync {folder}", "the folder after"
    before = done[: done.index("name als")]
    assert {"sync array.npy", "sync part.json"} <= set(before)


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
    with pytest.raises(ArtifactError, match="a size other than recorded"):
        Part.read(shop.version("v1") / "als")


@pytest.mark.slow
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

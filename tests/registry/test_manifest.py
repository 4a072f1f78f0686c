"""A published version is verified file by file."""

import json
import os
import shutil

import pytest

from recsys_lib import registry
from recsys_lib.errors import ArtifactError, NotTrainedError
from tests.support.versions import write_part

FILES = [
    "als/array.npy",
    "als/part.json",
    "search/array.npy",
    "search/part.json",
    "blend/array.npy",
    "blend/part.json",
    "evaluation/metrics.json",
    "manifest.json",
]


@pytest.fixture
def version(shop):
    """A published version of all parts, which is the champion."""
    for part in registry.PARTS:
        write_part(shop, "v1", part, 1)
    folder = shop.version("v1")
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / "metrics.json").write_text(json.dumps({"metrics": {"a": 0.25}}))
    registry.publish(shop, "v1")
    return folder


def flip(path, position):
    """Change one byte of a file; its size and its time stay."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_version_as_it_was_published_is_well(shop, version):
    parts = registry.verify(shop)
    assert [part.name for part in parts] == ["als", "blend", "evaluation", "search"]
    assert [part.files for part in parts] == [2, 2, 1, 2]
    total = sum(path.stat().st_size for path in version.rglob("*/*"))
    assert sum(part.bytes for part in parts) == total
    (version / "als" / ".nfs0001").write_text("of the system")
    assert registry.verify(shop, "v1") == parts


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_is_found_and_keeps_a_version_from_being_served(shop, version, name):
    write_part(shop, "v2", "als", 2)
    registry.publish(shop, "v2")
    flip(version / name, -10)
    for check in (registry.verify, registry.promote):
        with pytest.raises(ArtifactError, match="is damaged") as caught:
            check(shop, "v1")
        assert f"{version / name} is damaged: its content differs" in str(caught.value)
        assert "run_pipeline.py --set dataset=shop --force" in str(caught.value)
    assert registry.require_champion(shop) == shop.version("v2")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(shop, version, name):
    (version / name).unlink()
    says = "was never published" if name == "manifest.json" else f"{name} is missing"
    with pytest.raises(ArtifactError, match=says):
        registry.verify(shop, "v1")


@pytest.mark.parametrize("name", ["als/extra.npy", "notes.txt", "other/file"])
def test_a_file_that_is_not_of_the_version_is_named(shop, version, name):
    (version / name).parent.mkdir(exist_ok=True)
    (version / name).write_text("x")
    with pytest.raises(ArtifactError, match=f"{name} is not part of the version: remove it$"):
        registry.verify(shop)


def test_a_version_that_was_removed_is_not_called_unpublished(shop, version):
    with pytest.raises(
        ArtifactError, match=r"no version 'v9' in .*: it was removed, or never made"
    ):
        registry.verify(shop, "v9")
    version.rename(shop.models / "elsewhere")
    for check in (registry.verify, registry.require_champion):
        with pytest.raises(ArtifactError, match=r"v1 was removed: serve another.*\(there is else"):
            check(shop)
    shutil.rmtree(shop.models / "elsewhere")
    with pytest.raises(ArtifactError, match=r"v1 was removed: run 'python run_pipeline\.py"):
        registry.verify(shop)


def test_all_problems_are_named_at_once(shop, version):
    (version / "als" / "array.npy").unlink()
    flip(version / "search" / "array.npy", 0)
    with pytest.raises(ArtifactError) as caught:
        registry.verify(shop)
    assert len(str(caught.value).splitlines()) == 3


def test_a_part_that_was_damaged_before_it_was_published_is_not_served(shop, version):
    write_part(shop, "v2", "als", 2)
    flip(shop.version("v2") / "als" / "array.npy", -1)
    with pytest.raises(ArtifactError, match=r"array\.npy is damaged"):
        registry.publish(shop, "v2")
    assert registry.require_champion(shop) == version


def test_an_older_manifest_without_a_seal_is_read(shop, version):
    manifest = json.loads((version / "manifest.json").read_text())
    del manifest["seal"]
    (version / "manifest.json").write_text(json.dumps(manifest))
    assert registry.read_manifest(version) == manifest
    assert len(registry.verify(shop)) == 4


def test_without_a_champion_there_is_nothing_to_verify(shop):
    with pytest.raises(NotTrainedError, match="no model of dataset 'shop' is trained yet"):
        registry.verify(shop)

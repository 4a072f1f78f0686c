"""A rollback serves what was served before, and a second one goes further back."""

import shutil

import pytest

from recsys_lib import registry
from recsys_lib.errors import ArtifactError, NotTrainedError, ParameterError
from tests.support.versions import write_part


@pytest.fixture
def shop(shop):
    """A shop that served v1 to v4 in turn."""
    for number in (1, 2, 3, 4):
        write_part(shop, f"v{number}", "als", number)
        registry.publish(shop, f"v{number}")
    return shop


def served(shop):
    return registry.require_champion(shop).name


@pytest.mark.parametrize(("changes", "version"), [(1, "v3"), (2, "v2"), (3, "v1")])
def test_it_goes_back_by_changes(shop, changes, version):
    done = registry.rollback(shop, changes, reason="one item for everybody")
    assert (done.version, done.left, done.skipped) == (version, "v4", ())
    assert served(shop) == version
    last = registry.read_history(shop).last
    assert last.reason == "rolled back from v4: one item for everybody"
    assert (last.rollback, "@" in last.by) == (changes, True)


def test_a_second_one_goes_further_back(shop):
    assert [registry.rollback(shop).version for _ in range(3)] == ["v3", "v2", "v1"]
    with pytest.raises(ParameterError, match=r"rollback by 1 is not possible: .* has 0 earlier"):
        registry.rollback(shop)


def test_after_another_promotion_it_goes_back_to_what_was_served_before_that(shop):
    registry.rollback(shop, 2)
    registry.promote(shop, "v4")
    assert registry.rollback(shop).version == "v2"
    assert registry.rollback(shop).version == "v1"


def test_a_promotion_of_an_older_version_is_a_change_like_any_other(shop):
    registry.promote(shop, "v1")
    assert registry.rollback(shop).version == "v4"


@pytest.mark.parametrize("changes", [0, -1, 4])
def test_how_far_it_can_go_is_said(shop, changes):
    with pytest.raises(ParameterError, match=rf"by {changes} is not possible: .* has 3 earlier"):
        registry.rollback(shop, changes)
    assert served(shop) == "v4"


def test_what_is_gone_or_damaged_is_skipped_and_named(shop):
    shutil.rmtree(shop.version("v3"))
    damaged = shop.version("v2") / "als" / "array.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    done = registry.rollback(shop)
    assert done.version == served(shop) == "v1"
    gone, broken = done.skipped
    assert "version v3 is skipped: there is no version 'v3'" in gone
    assert f"version v2 is skipped: {damaged} is damaged" in broken
    assert registry.read_history(shop).before == []


def test_nothing_is_changed_where_nothing_is_left(shop):
    for number in (1, 2, 3):
        shutil.rmtree(shop.version(f"v{number}"))
    with pytest.raises(ArtifactError, match="no version that was served before can be served"):
        registry.rollback(shop)
    assert served(shop) == "v4"


def test_the_version_that_is_served_is_no_way_back(shop):
    registry.promote(shop, "v1")
    registry.promote(shop, "v4")
    done = registry.rollback(shop, 2)
    assert (done.version, done.skipped) == ("v3", ("version v4 is skipped: it is served now",))


def test_it_works_where_the_champion_is_gone(shop):
    shutil.rmtree(shop.version("v4"))
    assert registry.rollback(shop).version == served(shop) == "v3"


def test_it_pins_unless_told_otherwise(shop):
    registry.rollback(shop)
    assert registry.choice(shop) == (True, True)
    registry.rollback(shop, pin=False)
    assert registry.choice(shop) == (True, False)


def test_without_any_version_it_says_what_to_run(workspace):
    from recsys_lib.paths import Dataset

    with pytest.raises(NotTrainedError, match="no model of dataset 'other' is trained yet"):
        registry.rollback(Dataset.find("other"))

"""What packages need and which versions they have, beside the library that parses it whole."""

import re
from importlib import metadata

from recsys_lib.imports import versions_of
from recsys_lib.pipeline.runs.installed import (
    installed_version,
    requirements,
)


def test_every_installed_package_is_read_as_importlib_does():
    names = {one.metadata["Name"] for one in metadata.distributions()}
    assert len(names) > 20
    for name in names:
        assert installed_version(name) == metadata.version(name)
        ours, theirs = requirements(name), metadata.requires(name) or []
        assert [re.sub(r"\s+", " ", need) for need in ours] == [
            re.sub(r"\s+", " ", need) for need in theirs
        ]


def test_what_is_not_installed_is_left_out():
    found = versions_of(["numpy", "no-such-package"], installed_version)
    assert found == {"numpy": metadata.version("numpy")}

"""The plots of the monitor show the counts of its tables, and say what is missing."""

import numpy as np
import pytest

from recsys_lib.data.interactions import Interactions
from recsys_lib.loop import monitor, plots
from recsys_lib.parameters import MonitorParameters
from recsys_lib.paths import Dataset
from tests.loop.test_drift import world
from tests.loop.test_monitor import log, store


@pytest.fixture
def shop(tmp_path):
    """A dataset with data, and without feedback."""
    dataset = Dataset.find("shop", tmp_path)
    store(dataset, world())
    return dataset


def test_a_bar_for_each_day(shop):
    found = monitor(shop, MonitorParameters())
    plot = plots.activity(found)
    heights = [bar.get_height() for bar in plot.axes[0].patches]
    assert len(heights) == 112
    assert sum(heights) == len(found.interactions)
    assert plot.render().startswith(b"\x89PNG")


def test_interactions_without_times(shop):
    rows = world()
    ids = rows.users, rows.items, rows.user, rows.item, rows.rating
    store(shop, Interactions(*ids, np.zeros(len(rows), dtype=np.int64)))
    assert plots.activity(monitor(shop, MonitorParameters())) is None


def test_a_point_for_each_position_with_its_interval_inside(shop):
    assert plots.by_position(monitor(shop, MonitorParameters())) is None
    log(shop, "v1", clicks=0.9)
    plot = plots.by_position(monitor(shop, MonitorParameters()))
    (axes,) = plot.axes
    x, y = axes.containers[0].lines[0].get_data()
    assert list(x) == [1, 2, 3]
    assert y[0] == pytest.approx(90, abs=5)
    assert list(y[1:]) == [0, 0]
    assert axes.get_ylim()[1] > 92

"""Take the feedback log into the data, for the next run to learn from."""

from __future__ import annotations

from collections.abc import Mapping

from recsys_lib.data.additions import Additions
from recsys_lib.data.stored import StoredData
from recsys_lib.parameters import EVENT_WEIGHTS
from recsys_lib.paths import Dataset
from recsys_lib.registry.in_use import only_run
from recsys_lib.updating.new_interactions import keep, of_log


def take_log(
    dataset: Dataset, *, weights: Mapping[str, float] | None = None, wait: bool = False
) -> int:
    """Keep the new interactions of the log where every later load reads them.

    That is what :func:`recsys_lib.updating.update` does, too, which also makes a version. Each
    event is taken once, whichever of the two comes first.

    Parameters
    ----------
    dataset
        The etl step has read it.
    weights
        Type of an event -> its weight, 0 to 1; :data:`EVENT_WEIGHTS` by default.
    wait
        Whether to wait while another program works on the dataset.

    Returns
    -------
    int
        How many interactions are new.

    Raises
    ------
    ArtifactError
        If the etl step has not run, or by an earlier release.
    LockedError
        If another program works on the dataset.
    """
    with only_run(dataset, wait=wait):
        stored, additions = StoredData.load(dataset), Additions(dataset.updates)
        new = of_log(dataset.feedback, additions, stored.form, weights or EVENT_WEIGHTS)
        return len(keep(new, stored, additions).rows)

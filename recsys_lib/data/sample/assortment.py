"""Everything the shop sells, in one flat list: a product is one of these ``WARES``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample import cooking, cooling, laundry
from recsys_lib.data.sample.kinds import Kind, Machine, Thing

MACHINES: tuple[Machine, ...] = (
    laundry.WASHER,
    laundry.DRYER,
    cooling.REFRIGERATOR,
    cooling.DISHWASHER,
    cooling.ICE_MAKER,
    cooking.RANGE_HOOD,
    cooking.MICROWAVE,
    cooking.COOKTOP,
    cooking.RANGE,
    cooling.FREEZER,
)
"""In the order in which a small sample takes them up."""


@dataclass(frozen=True)
class Ware:
    """One kind of product: a machine (``thing`` is None) or something for a machine."""

    machine: int
    kind: Kind
    thing: Thing | None

    @property
    def said(self) -> str:
        """How reviewers call it."""
        return self.thing.said if self.thing else MACHINES[self.machine].said

    @property
    def icon(self) -> str:
        """The name of its picture."""
        return self.thing.icon if self.thing else MACHINES[self.machine].icon


def _wares_of(index: int, machine: Machine) -> list[Ware]:
    parts = [Ware(index, kind, thing) for kind in Kind for thing in machine.things(kind)]
    return [Ware(index, Kind.MACHINE, None), *parts]


WARES: tuple[Ware, ...] = tuple(
    ware for index, machine in enumerate(MACHINES) for ware in _wares_of(index, machine)
)


def _counts() -> np.ndarray:
    counts = np.zeros((len(MACHINES), len(Kind)), dtype=np.int64)
    for ware in WARES:
        counts[ware.machine, ware.kind] += 1
    return counts


WARE_COUNTS = _counts()
"""How many wares there are of each (machine, kind)."""
WARE_STARTS = (np.cumsum(WARE_COUNTS.ravel()) - WARE_COUNTS.ravel()).reshape(WARE_COUNTS.shape)
"""Where the wares of each (machine, kind) begin in ``WARES``."""

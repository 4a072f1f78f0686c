"""What a candidate source is: how it is trained, stored, loaded, asked for scores and reasons."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np

from recsys_lib.als import train_als
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.sources.forms import CompactScores
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EvaluateParameters

if TYPE_CHECKING:
    from recsys_lib.als import AlsModel
    from recsys_lib.ids import IdMap
    from recsys_lib.search import ProductSearch

BLEND = "blend"
"""The name of all sources together, in metrics and in the column ``source`` of answers."""

T = TypeVar("T")


@dataclass(frozen=True)
class SourceOptions:
    """Limits of the sources that take long, as in the parameters of 04_evaluate.

    Parameters
    ----------
    exact_items: sources with an exact and an approximate form take the exact one up to this many
        items.
    sequence: whether there is a sequence model: ``auto``, ``on`` or ``off``.
    sequence_minutes: of one training of it; no further pass over the data is started after this.
    seed: of everything that is random in training.
    """

    exact_items: int = 5_000
    sequence: str = "off"
    sequence_minutes: float = 10.0
    seed: int = 0

    @classmethod
    def from_parameters(cls, parameters: EvaluateParameters) -> SourceOptions:
        """Those of the step evaluate."""
        return cls(
            parameters.ease_max_items,
            parameters.sequence,
            parameters.sequence_minutes,
            parameters.seed,
        )


@dataclass(frozen=True)
class Training:
    """What candidate sources are trained on.

    Parameters
    ----------
    interactions: the only interactions that a source may see.
    als: parameters of matrix factorization, which also define the confidences of histories.
    embeddings: float32, shape (items, dimension), texts of the items; None without a search part.
    signals: what an interaction says, by its event type and rating.
    options: limits of the sources that take long.
    start: sources trained on a part of the interactions, to go on from.
    """

    interactions: Interactions
    als: AlsParameters
    embeddings: np.ndarray | None = None
    signals: Signals = EqualSignals
    options: SourceOptions = SourceOptions()
    start: Mapping[str, CandidateSource] = field(default_factory=dict)
    _counted: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    @cached_property
    def histories(self) -> Histories:
        """The history of each user."""
        return Histories.from_interactions(self.interactions, self.als, self.signals)

    @cached_property
    def popularity(self) -> np.ndarray:
        """Interactions of each item, weighted by their strength, float64, shape (items,)."""
        histories = self.histories
        return np.bincount(histories.items, histories.strength, minlength=histories.n_items)

    @cached_property
    def item_factors(self) -> np.ndarray:
        """Item factors of ALS, float32, shape (items, factors); trained when first asked for."""
        return train_als(self.interactions, self.als).item_factors

    def once(self, count: Callable[[Histories], T]) -> T:
        """``count(histories)``, computed once for all sources that need it."""
        if count not in self._counted:
            self._counted[count] = count(self.histories)
        return self._counted[count]


@dataclass(frozen=True)
class ServedParts:
    """What candidate sources are loaded beside.

    Parameters
    ----------
    als: the ALS part of the version.
    search: the search part; None without one.
    items: what is recommended: the items of ALS, then products without any interaction.
    """

    als: AlsModel
    search: ProductSearch | None
    items: IdMap

    def padded(self, values: np.ndarray) -> np.ndarray:
        """``values`` with a row for each of the items of ALS, and zeros for all further items."""
        further = len(self.items) - len(values)
        return np.pad(values, ((0, further),) + ((0, 0),) * (values.ndim - 1))


@dataclass(frozen=True)
class CandidateSource(ABC):
    """One way to score all items for a history.

    Scores are comparable within one history and one source. What they are worth beside those of
    other sources is what the blend learns. A source that knows nothing about a history gives 0.

    To add a source, write a subclass in a module of its own and add it to the table
    ``recsys_lib.blend.sources.SOURCES``: training, learning, storage and serving go by that table.

    Parameters
    ----------
    half_life
        How many items back in a history an item counts half; only where ``forgets``.

    Attributes
    ----------
    name
        In metrics, in the weights of a blend and in file names.
    label
        In the column ``source`` of answers, where most of a score comes from this source.
    reason
        The sentence in the column ``reason``, with ``{title}`` for an item of the history.
    plain_reason
        The same where no item of the history stands out.
    forgets
        Whether scores depend on a half-life, which is then learned.
    personal
        Whether scores depend on the history.
    counted
        Whether it is counted from interactions and stored in the blend part. Other sources are
        built from another part of the version, so that they need not be trained again.
    additive
        Whether it is nothing but counts, so that an update of the data counts it again at once.
        Other counted sources keep what they learned until they are trained.

    Examples
    --------
    A source that prefers the items that entered the shop last:

    >>> @dataclass(frozen=True)
    ... class Newest(CandidateSource):
    ...     name, label, plain_reason = "newest", "newest", "new in the shop"
    ...     first: np.ndarray
    ...
    ...     @classmethod
    ...     def train(cls, training):
    ...         first = np.full(len(training.popularity), np.inf)
    ...         interactions = training.interactions
    ...         np.minimum.at(first, interactions.item, interactions.timestamp)
    ...         return cls(first.argsort().argsort().astype(np.float32))
    ...
    ...     def arrays(self):
    ...         return {"first": self.first}
    ...
    ...     @classmethod
    ...     def load(cls, arrays, parts):
    ...         return cls(parts.padded(arrays["first"]))
    ...
    ...     def scores(self, histories):
    ...         return np.tile(self.first, (len(histories), 1))
    >>> Newest(np.array([0, 2, 1], np.float32)).scores(Histories.from_items([0], 1.0, 3))
    array([[0., 2., 1.]], dtype=float32)
    """

    name: ClassVar[str]
    label: ClassVar[str] = BLEND
    reason: ClassVar[str] = "because you bought {title}"
    plain_reason: ClassVar[str] = "popular"
    forgets: ClassVar[bool] = False
    personal: ClassVar[bool] = True
    counted: ClassVar[bool] = True
    additive: ClassVar[bool] = False

    half_life: float = field(default=math.inf, kw_only=True)

    def __init_subclass__(cls) -> None:
        """A class with scores of its own takes no other form of them from the class above it."""
        super().__init_subclass__()
        if "scores" in vars(cls):
            for name in ("compact", "item_vectors", "user_vectors"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(CandidateSource, name))

    @classmethod
    @abstractmethod
    def train(cls, training: Training) -> Self | None:
        """Train on interactions; None where the data for it are missing."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store in the blend part, by name; only where ``counted``."""
        return {}

    @classmethod
    @abstractmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self | None:
        """Restore from the stored ``arrays``, memory-mapped; None where a part is missing."""

    @classmethod
    def renumbered(
        cls, arrays: Mapping[str, np.ndarray], rows: np.ndarray, n_items: int
    ) -> dict[str, np.ndarray] | None:
        """The stored ``arrays`` for other rows of items; None where it must be trained again.

        ``rows``, shape (items before,), has the new row of each item, or -1; there are ``n_items``
        now, and of new ones the source knows nothing.
        """
        return None

    @abstractmethod
    def scores(self, histories: Histories) -> np.ndarray:
        """Finite float32, shape (users, items), higher is better; a new array."""

    def compact(self, histories: Histories) -> CompactScores:
        """The same scores in the form that takes least memory."""
        return self.scores(histories)

    @property
    def item_vectors(self) -> np.ndarray | None:
        """Float32, shape (items, d), where scores are inner products with :meth:`user_vectors`."""
        return None

    def user_vectors(self, histories: Histories) -> np.ndarray:
        """Float32, shape (users, d): of sources with :attr:`item_vectors`."""
        raise NotImplementedError(f"{type(self).__name__} has no vectors")

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray | None:
        """What each entry of one user's history adds to the scores of ``items``.

        Shape (items, entries); None where scores do not come from single entries.
        """
        return None

    def with_half_life(self, half_life: float) -> Self:
        """The same source with another half-life."""
        return replace(self, half_life=half_life)

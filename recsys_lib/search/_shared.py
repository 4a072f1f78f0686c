"""Language models that all open search parts of a process share, for as long as one needs them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakValueDictionary

Model = TypeVar("Model")

_MODELS: WeakValueDictionary[Hashable, object] = WeakValueDictionary()
_LOADING = threading.Lock()


def shared(key: tuple[Hashable, ...], load: Callable[[], Model]) -> Model:
    """The model of this key that is in memory already; otherwise the one that ``load`` returns.

    The key must name the weights and everything else that makes two models answer differently.
    Nothing is kept here: with the last search part that uses a model, its memory is free.
    """
    with _LOADING:
        model = _MODELS.get(key)
        if model is None:
            model = load()
            _MODELS[key] = model
        return model  # type: ignore[return-value]  # a key names its class, too

"""Training of the sequence model, with PyTorch: on a GPU where there is one.

A small SASRec: a causal transformer whose state after each item predicts the next one. The loss is
softmax over the next item and a sample of others, shared by all sequences of a batch.
Reference: Kang and McAuley, "Self-attentive sequential recommendation" (2018); for the loss,
Klenitskiy and Vasilev, "Turning dross into gold loss: is BERT4Rec really better than SASRec?"
(2023).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LENGTH = 50
"""Only the newest items of a history count."""
_STEPS, _LEAST_ITEMS = 32, 256


@dataclass(frozen=True)
class SequenceParameters:
    """Size and training of the model; the defaults were chosen on validation parts.

    Parameters
    ----------
    width, blocks, heads: of the transformer.
    dropout: share of the values that are set to 0 in training.
    negatives: other items that the next one is told from.
    most_items: of the sequences of a batch together; fewer where the data are small.
    epochs: passes over the data.
    minutes: no further epoch is started after this time.
    """

    width: int = 128
    blocks: int = 1
    heads: int = 4
    dropout: float = 0.5
    epochs: int = 24
    minutes: float = 10.0
    learning_rate: float = 2e-3
    negatives: int = 1024
    most_items: int = 4096


class _Block(nn.Module):
    def __init__(self, parameters: SequenceParameters) -> None:
        super().__init__()
        width = parameters.width
        self.heads, self.dropout = parameters.heads, nn.Dropout(parameters.dropout)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        users, length, width = states.shape
        together = self.attention(self.norm1(states))
        shape = (users, length, 3, self.heads, width // self.heads)
        query, key, value = together.view(shape).permute(2, 0, 3, 1, 4)
        dropout = self.dropout.p if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=dropout, is_causal=True
        )
        mixed = mixed.transpose(1, 2).reshape(users, length, width)
        states = states + self.dropout(self.mix(mixed))
        inner = self.dropout(functional.gelu(self.widen(self.norm2(states))))
        return states + self.dropout(self.narrow(inner))


class Transformer(nn.Module):
    """States of item sequences; the item table is input and output."""

    def __init__(self, n_items: int, parameters: SequenceParameters) -> None:
        super().__init__()
        self.items = nn.Parameter(0.02 * torch.randn(n_items, parameters.width))
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, parameters.width))
        self.blocks = nn.ModuleList(_Block(parameters) for _ in range(parameters.blocks))
        self.norm, self.dropout = nn.LayerNorm(parameters.width), nn.Dropout(parameters.dropout)
        self.heads = parameters.heads

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        """States after each item, shape (users, length, width); ``items`` is padded at the end."""
        states = functional.embedding(items, self.items) * math.sqrt(self.items.shape[1])
        states = self.dropout(states + self.places[: items.shape[1]])
        for block in self.blocks:
            states = block(states)
        return self.norm(states)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights, under the names that :mod:`_attention` takes."""
        named = {
            name.removeprefix("blocks."): value.detach().cpu().numpy()
            for name, value in self.named_parameters()
        }
        return {**named, "heads": np.array([self.heads])}

    def start_from(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over weights that :meth:`arrays` gave."""
        own = dict(self.named_parameters())
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(torch.from_numpy(np.array(arrays[name.removeprefix("blocks.")])))


def train_transformer(
    indptr: np.ndarray,
    items: np.ndarray,
    n_items: int,
    parameters: SequenceParameters,
    *,
    seed: int,
    start: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Train on histories (``indptr`` and ``items`` as in ``Histories``); the weights by name.

    ``start`` are weights to go on from.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Transformer(n_items, parameters)
    if start is not None:
        model.start_from(start)
    model.to(device).train()
    rate, size = parameters.learning_rate, _batch_size(indptr, parameters.most_items)
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.0)
    n_batches = sum(1 for _ in _batches(indptr, items, size, generator))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=max(n_batches, 1) * (parameters.epochs + 1), pct_start=0.1
    )
    started = time.monotonic()
    for _ in range(parameters.epochs):
        for batch in _batches(indptr, items, size, generator):
            negatives = generator.integers(0, n_items, min(parameters.negatives, n_items))
            loss = _loss(model, batch.to(device), torch.from_numpy(negatives).to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        if time.monotonic() - started > 60 * parameters.minutes:
            break
    return model.arrays()


def _loss(model: Transformer, batch: torch.Tensor, negatives: torch.Tensor) -> torch.Tensor:
    """Softmax of the next item among the sampled ones; ``batch`` is -1 where it is padded."""
    given, wanted = batch[:, :-1], batch[:, 1:]
    there = wanted >= 0
    states, targets = model(given.clamp(min=0))[there], wanted[there]
    right = (states * model.items[targets]).sum(dim=1, keepdim=True)
    others = states @ model.items[negatives].T
    others = others.masked_fill(targets[:, None] == negatives[None], -math.inf)
    logits = torch.cat([right, others], dim=1)
    return functional.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))


def _batch_size(indptr: np.ndarray, most: int) -> int:
    """Small data make small batches, so that an epoch has steps enough."""
    return int(np.clip(indptr[-1] // _STEPS, _LEAST_ITEMS, most))


def _batches(
    indptr: np.ndarray, items: np.ndarray, batch_items: int, generator: np.random.Generator
) -> Iterator[torch.Tensor]:
    """Sequences of similar length together, in random order; int64, padded with -1."""
    lengths = np.minimum(np.diff(indptr), LENGTH + 1)
    users = np.flatnonzero(lengths >= 2)
    users = users[np.argsort(lengths[users] + 2 * generator.random(len(users)))]
    padded = np.maximum.accumulate(lengths[users])
    batch = np.cumsum(padded) // batch_items
    for number in generator.permutation(np.unique(batch)):
        own = users[batch == number]
        width = lengths[own].max()
        places = indptr[own + 1][:, None] - lengths[own][:, None] + np.arange(width)
        inside = np.arange(width) < lengths[own][:, None]
        rows = np.where(inside, items[np.where(inside, places, 0)], -1)
        yield torch.from_numpy(rows.astype(np.int64))

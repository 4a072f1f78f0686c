"""The equations of ``_kernels`` on a GPU, in batches of PyTorch.

Imports torch, which takes seconds: import this module only where a GPU is used.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy import sparse

from recsys_lib.als._distinct import DistinctRows
from recsys_lib.als.momentum import Momentum
from recsys_lib.als.solver import Alternation, Penalty, added_confidence, sum_of_confidences
from recsys_lib.compiled import Workers

_BATCH_CELLS = 1 << 26  # numbers in the largest array of a batch: 256 MB


def is_available() -> bool:
    """Whether PyTorch sees a GPU."""
    return torch.cuda.is_available()


class _Side:
    """The rows of one side on the device, in batches of rows of similar length."""

    def __init__(
        self,
        confidence: sparse.csr_matrix,
        factors: torch.Tensor,
        columns: torch.Tensor,
        penalty: Penalty,
    ) -> None:
        device = factors.device
        times = columns.cpu().numpy()[confidence.indices]
        weights = (np.abs(confidence.data) - 1) * times
        regularization = penalty.per_row(
            added_confidence(confidence.indptr, weights), float(columns.double().sum())
        )
        self.factors, self.columns = factors, columns
        self._indptr = torch.as_tensor(confidence.indptr.astype(np.int64), device=device)
        self._indices = torch.as_tensor(confidence.indices.astype(np.int64), device=device)
        self._weights = torch.as_tensor(weights.astype(np.float32), device=device)
        targets = (np.maximum(confidence.data, 0) * times).astype(np.float32)
        self._targets = torch.as_tensor(targets, device=device)
        self._regularization = torch.as_tensor(regularization, device=device)
        self._batches = _batches(np.diff(confidence.indptr), factors.shape[1], device)
        self.minima = torch.zeros(len(factors), dtype=torch.float64, device=device)
        self.norms = torch.zeros_like(self.minima)

    def solve(self, fixed: torch.Tensor) -> torch.Tensor:
        """Like ``solver.Side.solve``: write the factors, rotate ``fixed``, return the rotation."""
        gram = fixed.double().T @ (fixed.double() * self.columns.double()[:, None])
        spectrum, axes = torch.linalg.eigh(gram)
        rotation = axes.float()
        fixed.copy_(fixed @ rotation)
        self.factors.zero_()
        for rows, length in self._batches:
            self._solve_batch(rows, length, fixed, spectrum.clamp(min=0).float())
        return rotation

    def _solve_batch(
        self, rows: torch.Tensor, length: int, fixed: torch.Tensor, spectrum: torch.Tensor
    ) -> None:
        """Solve one batch; rows are padded to ``length`` with entries of weight and target 0."""
        start, stop = self._indptr[rows], self._indptr[rows + 1]
        entry = start[:, None] + torch.arange(length, device=fixed.device)
        is_entry = entry < stop[:, None]
        entry = entry.clamp(max=len(self._indices) - 1)
        weights = self._weights[entry] * is_entry
        targets = self._targets[entry] * is_entry
        scale = (spectrum + self._regularization[rows][:, None]).rsqrt()
        chosen = fixed[self._indices[entry]] * scale[:, None, :]
        right = (chosen.transpose(1, 2) @ targets[..., None]).squeeze(-1)
        if length <= fixed.shape[1]:  # the two systems of ``_kernels``: the smaller one
            system = weights[..., None] * (chosen @ chosen.transpose(1, 2))
            t = (chosen.transpose(1, 2) @ _solution(system, targets)).squeeze(-1)
        else:
            system = chosen.transpose(1, 2) @ (weights[..., None] * chosen)
            t = _solution(system, right).squeeze(-1)
        x = scale * t
        self.factors[rows] = x
        self.minima[rows] = targets.double().sum(1) - (right * t).double().sum(1)
        self.norms[rows] = (self._regularization[rows] * (x * x).sum(1)).double()


class CudaAlternation(Alternation):
    """``solver.ExactAlternation`` on a GPU."""

    def __init__(
        self,
        users: DistinctRows,
        item_factors: np.ndarray,
        item_weights: np.ndarray,
        penalty: Penalty,
        workers: Workers | None = None,
        momentum: Momentum | None = None,
        device: str = "cuda",
    ) -> None:
        """Start from ``item_factors``, float32 (items, factors); ``workers`` is not used."""
        by_item = sparse.csr_matrix(users.rows.T)
        n_users, n_factors = users.rows.shape[0], item_factors.shape[1]
        items = torch.tensor(item_factors, device=device)
        of_users = torch.zeros((n_users, n_factors), device=device)
        counts = torch.as_tensor(users.counts, device=device)
        weights = torch.as_tensor(item_weights, device=device)
        self._users = _Side(users.rows, of_users, weights, penalty)
        self._items = _Side(by_item, items, counts, penalty)
        self._cells, self._momentum = sum_of_confidences(users, item_weights), momentum
        self._rotation = torch.eye(n_factors, device=device)

    def iterate(self) -> float:
        """Solve users, then items; return the objective like ``ExactAlternation``."""
        before = self._rotation
        if self._momentum:
            self._momentum.push(self._items.factors)
        for side, other in ((self._users, self._items), (self._items, self._users)):
            self._rotation = self._rotation @ side.solve(other.factors)
        minima = self._items.minima @ self._users.columns.double()
        norms = self._users.norms @ self._items.columns.double()
        objective = float((minima + norms) / self._cells)
        if self._momentum:
            self._momentum.follow(before.T @ self._rotation, objective)
        return objective

    def item_factors(self) -> np.ndarray:
        """float32, shape (items, factors), in the current axes."""
        found: np.ndarray = self._items.factors.cpu().numpy()
        return found

    def state(self) -> dict[str, np.ndarray]:
        """Like ``ExactAlternation``."""
        momentum = self._momentum.state() if self._momentum else {}
        kept = {"item_factors": self._items.factors, "rotation": self._rotation, **momentum}
        return {name: torch.as_tensor(value).cpu().numpy() for name, value in kept.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a ``state``."""
        self._items.factors.copy_(torch.as_tensor(state["item_factors"]))
        self._rotation.copy_(torch.as_tensor(state["rotation"]))
        if self._momentum:
            on_device = self._rotation.device
            self._momentum.restore(
                {name: torch.as_tensor(value, device=on_device) for name, value in state.items()}
            )

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors of the distinct users and of the items, in the original axes."""
        users, items = (s.factors @ self._rotation.T for s in (self._users, self._items))
        return users.cpu().numpy(), items.cpu().numpy()


def _solution(system: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Solve (I + system) z = right for each system of a batch; ``system`` is overwritten."""
    system.diagonal(dim1=1, dim2=2).add_(1)
    return torch.linalg.solve(system, right[..., None])


def _batches(
    lengths: np.ndarray, factors: int, device: torch.device
) -> list[tuple[torch.Tensor, int]]:
    """Batches of non-empty rows, each with its length: rounded up to a power of two.

    Padding to a power of two wastes at most half of a batch and leaves few different shapes.
    """
    batches = []
    bucket = 1 << np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    for length in np.unique(bucket[lengths > 0]):
        rows = np.flatnonzero((bucket == length) & (lengths > 0))
        side = min(int(length), factors)
        size = max(1, _BATCH_CELLS // max(int(length) * factors, side * side))
        for start in range(0, len(rows), size):
            batch = torch.as_tensor(rows[start : start + size], device=device)
            batches.append((batch, int(length)))
    return batches

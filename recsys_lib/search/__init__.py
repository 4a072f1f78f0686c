"""Search the catalogue by meaning (vectors), by words (BM25), or by both: hybrid.

Importing this package is cheap. The encoder is loaded when the first text is encoded, and never
for lexical search.
"""

from recsys_lib.search.build import build_search_part, text_encoder
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.filters import Filters, KnownFields
from recsys_lib.search.retriever import MODES, Mode, ProductSearch
from recsys_lib.search.text import check_texts, product_texts
from recsys_lib.search.updating import update_search_part

__all__ = [
    "MODES",
    "Filters",
    "KnownFields",
    "Mode",
    "ProductSearch",
    "TextEncoder",
    "build_search_part",
    "check_texts",
    "product_texts",
    "text_encoder",
    "update_search_part",
]

"""How good the search is: on judged queries, or on products looked for by their own words."""

from recsys_lib.search.qrels import Qrels, ndcg, read_qrels
from recsys_lib.search.quality.evaluate import SearchQuality, measure_search
from recsys_lib.search.quality.known_items import known_items
from recsys_lib.search.quality.report import SearchReport, evaluate_search
from recsys_lib.search.quality.weights import WeightChoice, weight_choice

__all__ = [
    "Qrels",
    "SearchQuality",
    "SearchReport",
    "WeightChoice",
    "evaluate_search",
    "known_items",
    "measure_search",
    "ndcg",
    "read_qrels",
    "weight_choice",
]

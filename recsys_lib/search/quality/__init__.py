"""How good the search is: judged queries, or products that are looked for by their own words."""

from recsys_lib.search.quality.evaluate import SearchQuality, measure_search
from recsys_lib.search.quality.judgments import Judgments, read_judgments
from recsys_lib.search.quality.known_items import known_items
from recsys_lib.search.quality.report import SearchReport, evaluate_search
from recsys_lib.search.quality.weights import WeightChoice, weight_choice

__all__ = [
    "Judgments",
    "SearchQuality",
    "SearchReport",
    "WeightChoice",
    "evaluate_search",
    "known_items",
    "measure_search",
    "read_judgments",
    "weight_choice",
]

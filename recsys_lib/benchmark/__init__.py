"""Public datasets under the protocols of published results, and our rows among theirs.

``run`` and ``table`` are used by their names: they import all that training needs.
"""

from recsys_lib.benchmark.published import PUBLISHED, Result, Source
from recsys_lib.benchmark.sets import BENCHMARKS, Benchmark, find_benchmark

__all__ = ["BENCHMARKS", "PUBLISHED", "Benchmark", "Result", "Source", "find_benchmark"]

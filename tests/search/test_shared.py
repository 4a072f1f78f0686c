"""One model in memory for all that use it, and none once nobody does."""

import gc
import threading

from recsys_lib.search import ProductSearch
from recsys_lib.search._shared import shared


class Model:
    pass


def test_a_model_is_loaded_once_by_many_threads_and_freed_with_the_last():
    loads, kept = [], []

    def load():
        loads.append(1)
        return Model()

    def use():
        kept.append(shared((Model, "w"), load))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({id(model) for model in kept}) == 1
    kept.clear()
    gc.collect()
    use()
    assert len(loads) == 2


def test_two_versions_of_the_same_weights_share_the_encoder(build, products):
    one, other = (ProductSearch.load(build(products, name)[0]) for name in ("a", "b"))
    assert one.encoder is other.encoder

"""The repository in a real Feast, in an environment of its own: the libraries do not mix."""

import json
import subprocess
import sys

import polars as pl
import pytest

from recsys_lib.columns import Features
from recsys_lib.features import ITEM_VECTORS, ITEMS, USER_VECTORS, USERS, write_features
from recsys_lib.features.repository import FEAST

pytestmark = pytest.mark.slow

ASK = """
import json, sys
import pandas as pd
from feast import FeatureStore

store, (online, history) = FeatureStore("."), json.load(sys.stdin)
found = [
    store.get_online_features(features=names, entity_rows=rows).to_dict() for names, rows in online
]
names, rows = history
asked = pd.DataFrame(rows)
asked["event_timestamp"] = pd.to_datetime(asked["event_timestamp"], utc=True, format="ISO8601")
joined = store.get_historical_features(entity_df=asked, features=names).to_df()
print("ANSWER", json.dumps([*found, joined.to_dict("list")], default=str))
"""


def call(*command, cwd, said=""):
    done = subprocess.run(
        command, cwd=cwd, input=said, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def feast(shop, tmp_path_factory):
    """The folder of a repository that is applied and materialized, and the programs of Feast."""
    home = tmp_path_factory.mktemp("feast")
    call(sys.executable, "-m", "venv", "venv", cwd=home)
    programs, repository = home / "venv" / "bin", home / "repository"
    call(programs / "pip", "install", "-q", "--no-compile", f"feast=={FEAST}", cwd=home)
    write_features(shop, out=repository)
    call(programs / "feast", "apply", cwd=repository)
    call(
        programs / "feast",
        "materialize",
        "1990-01-01T00:00:00",
        "2100-01-01T00:00:00",
        cwd=repository,
    )
    return repository, programs


def newest(path, entity):
    return pl.read_parquet(path).sort(Features.TIME).group_by(entity).last().sort(entity)


def plain(frame, name):
    """Values as they come out of JSON."""
    return json.loads(json.dumps(frame[name].to_list(), default=str))


def test_look_ups_and_joins_have_the_values_of_the_files(feast):
    repository, programs = feast
    users = newest(repository / USERS, Features.USER).head(3)
    items = newest(repository / ITEM_VECTORS, Features.ITEM).head(3)
    everything = pl.read_parquet(repository / USERS)
    busy = everything[Features.USER].mode().sort()[0]
    own = everything.filter(pl.col(Features.USER) == busy).head(4)
    of_user = [Features.N_INTERACTIONS, Features.MEAN_RATING, Features.LAST, Features.FAVOURITE]
    vectors = [Features.PRICE, Features.FACTORS, Features.TEXT]
    moments = [*own[Features.TIME], own[Features.TIME][2].replace(year=2100)]
    questions = [
        [
            [
                [f"users:{name}" for name in of_user] + ["user_vectors:factors"],
                users.select(Features.USER).to_dicts(),
            ],
            [
                [f"item_vectors:{name}" for name in vectors] + ["items:category"],
                items.select(Features.ITEM).to_dicts(),
            ],
        ],
        [
            ["users:n_interactions", "user_vectors:factors"],
            [{"user_id": busy, "event_timestamp": time.isoformat()} for time in moments],
        ],
    ]
    said = call(programs / "python", "-c", ASK, cwd=repository, said=json.dumps(questions))
    online_users, online_items, joined = json.loads(said.partition("ANSWER")[2])

    for name in (Features.N_INTERACTIONS, Features.MEAN_RATING, Features.FAVOURITE):
        assert online_users[name] == plain(users, name)
    assert [text[:19] for text in online_users[Features.LAST]] == [
        str(time)[:19] for time in users[Features.LAST]
    ]
    factors = newest(repository / USER_VECTORS, Features.USER).head(3)
    assert factors[Features.USER].equals(users[Features.USER])
    assert online_users[Features.FACTORS] == plain(factors, Features.FACTORS)

    for name in vectors:
        assert online_items[name] == plain(items, name)
    categories = newest(repository / ITEMS, Features.ITEM)
    known = dict(categories.select(Features.ITEM, Features.CATEGORY).iter_rows())
    assert online_items["category"] == [known.get(item) for item in items[Features.ITEM]]

    last = everything.filter(pl.col(Features.USER) == busy)[Features.N_INTERACTIONS][-1]
    assert joined["n_interactions"] == [*own[Features.N_INTERACTIONS], last]
    assert [factors is None for factors in joined["factors"]] == [True] * 4 + [False]

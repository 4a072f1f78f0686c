"""``recsys benchmark``: data in the published form in, our row among the published ones out."""

from __future__ import annotations

import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest

from recsys_lib.benchmark import BENCHMARKS, PUBLISHED, find_benchmark, run
from recsys_lib.benchmark import data as benchmark_data
from recsys_lib.benchmark.data import find_or_fetch, load_data, read_sequences
from recsys_lib.benchmark.run import run_benchmark, without_popularity
from recsys_lib.benchmark.table import popularity
from recsys_lib.blend import Blend, BlendWeights
from recsys_lib.cli import main
from recsys_lib.errors import InputDataError
from recsys_lib.files import read_json, sha256
from recsys_lib.parameters import AlsSettings

pytestmark = pytest.mark.slow

FAST = ["--set", "evaluate.sequence=off", "--set", "als.factors=8", "--set", "als.regularization=3"]


def walk(users=90, items=24, length=6, seed=0):
    """Lines of users who mostly take the item after the one before, on a ring."""
    rng = np.random.default_rng(seed)
    lines = []
    for user in range(1, users + 1):
        at, taken = int(rng.integers(items)), []
        while len(taken) < length:
            at = (at + 1 if rng.random() < 0.8 else int(rng.integers(items))) % items
            if at + 1 not in taken:
                taken.append(at + 1)
        lines.append(f"{user} {' '.join(map(str, taken))}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A folder with a small file in the form of S3-Rec."""
    folder = tmp_path_factory.mktemp("toys")
    (folder / "Toys_and_Games.txt").write_text(walk())
    return folder


@pytest.fixture(scope="module")
def answer(toys, tmp_path_factory):
    """Output and JSON of one run on the command line; 3 s, as all sources are trained twice."""
    target = tmp_path_factory.mktemp("answer") / "result.json"
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("RECSYS_HOME", str(home))
        with redirect_stdout(StringIO()) as out:
            code = main(
                ["benchmark", "s3rec-toys", "--data", str(toys), "--json", str(target), *FAST]
            )
        assert code == 0
        assert not list(home.iterdir())  # nothing is left in the workspace
    return out.getvalue(), read_json(target)


def test_our_rows_stand_among_the_published_ones_by_ndcg(answer):
    text, result = answer
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("model "))
    assert lines[start].split() == ["model", "HR@10", "nDCG@10", "source"]
    table = lines[start + 1 : lines.index("", start)]
    assert len(table) == len(result["rows"])
    ndcg = [row["ndcg"] for row in result["rows"]]
    assert ndcg == sorted(ndcg, reverse=True)
    ours = [line for line in table if line.startswith("> ")]
    assert all("±" in line and line.rstrip().endswith("this run") for line in ours)
    assert any("(served" in line for line in ours)
    assert any("best single source on validation)" in line for line in ours)
    assert any(line.startswith("> popular") for line in ours)
    theirs = [line.split()[0] for line in table if not line.startswith("> ")]
    assert {"eSASRec", "TIGER", "SASRec,"} <= set(theirs)


def test_the_walk_is_learned_and_interval_and_times_are_given(answer):
    text, result = answer
    served = next(row for row in result["rows"] if "served" in row["roles"])
    low, high = served["intervals"]["ndcg"]
    assert low < served["ndcg"] < high
    assert served["ndcg"] > 0.5  # order tells the next item in four of five steps
    seconds = result["seconds"]
    parts = sum(seconds[name] for name in ("reading", "training", "evaluation"))
    assert parts == pytest.approx(seconds["total"])
    assert f"on {result['machine']['cores']} cores" in text


def test_all_differences_are_listed(answer, toys):
    text, result = answer
    listed = "\n".join(result["differences"])
    assert all(f"- {sentence}" in text for sentence in result["differences"])
    assert "These are other data: 90 users, 24 items, 540 interactions" in listed
    assert "evaluate.sequence=off" in listed and "not the published protocol" in listed
    assert "order inside a day" in listed
    assert "no sequence model" in listed
    assert "No texts" in listed
    assert "5-core" in text and "in a shop it is worth nothing" in text
    assert result["set_by_hand"] == {
        "evaluate.sequence": "off",
        "als.factors": 8,
        "als.regularization": 3.0,
    }
    (file,) = result["data"]["files"]
    assert file == {
        "path": str(toys / "Toys_and_Games.txt"),
        "sha256": sha256(toys / "Toys_and_Games.txt"),
    }


@pytest.fixture(scope="module")
def watched(toys):
    """A run in which popularity was given a large weight, and what its parts were asked for."""
    seen = {}

    def choose(interactions, settings):
        seen["chosen on"] = interactions
        return choose_parameters(interactions, settings)

    def compare(split, trained, parts, parameters):
        seen["split"], seen["refit"] = split, parameters.refit
        return models_to_compare(split, trained, parts, parameters)

    def learn_with_popularity(split, parts, parameters):
        trained = learn(split, parts, parameters)
        weights = trained.learned.weights
        known = {**weights.coefficients, "popular": (50.0, 0.0, 50.0, 0.0, 0.0, 0.0)}
        learned = replace(
            trained.learned, weights=replace(weights, coefficients=known), served="blend"
        )
        return replace(trained, learned=learned)

    choose_parameters, learn = run.choose_parameters, run.learn
    models_to_compare = run.models_to_compare
    benchmark = find_benchmark("toys")
    parameters = benchmark.parameters.model_copy(update={"sequence": "off"})
    settings = AlsSettings(factors=4, regularization=3.0, iterations=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "choose_parameters", choose)
        patch.setattr(run, "models_to_compare", compare)
        patch.setattr(run, "learn", learn_with_popularity)
        seen["run"] = run_benchmark(benchmark, toys, parameters, settings)
    return seen


def test_the_protocol_is_strict_and_nothing_is_chosen_on_the_test(watched):
    """What ALS parameters are chosen on, and what is trained, ends before the second-last item."""
    data, split = watched["run"].data.interactions, watched["split"]
    assert not watched["refit"]
    assert split.test_items.tolist() == data.item[data.last()].tolist()
    before = data.select(~data.last(2))
    assert watched["chosen on"].item.tolist() == before.item.tolist()
    assert split.before_judging.item.tolist() == before.item.tolist()
    assert len(split.train) == len(data) - len(split.test_users)  # history has the second-last


def test_what_popularity_adds_is_measured_and_named(watched):
    found = watched["run"]
    gain = found.popularity_gain()
    assert gain.mean < 0 and gain.verdict == "worse"  # popularity says nothing on a ring
    assert f"{gain.mean:+.4f}, worse" in popularity(found)


def test_a_text_file_and_a_table_are_the_same_data(toys, tmp_path):
    benchmark = find_benchmark("s3rec-toys")
    read_sequences(toys / "Toys_and_Games.txt").write_csv(tmp_path / "interactions.csv")
    text, table = (load_data(benchmark, folder).interactions for folder in (toys, tmp_path))
    assert len(text) == 540
    for name in ("user", "item", "timestamp"):
        assert getattr(text, name).tolist() == getattr(table, name).tolist()
    first = text.select(text.user == text.users.row("1"))
    items = [str(name) for name in text.items.ids(first.item)]
    assert items == (toys / "Toys_and_Games.txt").read_text().splitlines()[0].split()[1:]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("1 2 3\n4\n", r"line 2: user '4' has no items"),
        ("1 2 3\n\n1 4\n", r"line 3: user '1' has a line already, line 1"),
        ("\n", r"is empty"),
    ],
)
def test_a_bad_text_file_is_refused_with_its_line(tmp_path, content, says):
    path = tmp_path / "Beauty.txt"
    path.write_text(content)
    with pytest.raises(InputDataError, match=says):
        read_sequences(path)


def test_repeated_items_are_counted(tmp_path):
    (tmp_path / "Yelp.txt").write_text("1 7 8 7\n2 7 8\n")
    data = load_data(find_benchmark("s3rec-yelp"), tmp_path)
    assert data.dropped == {"superseded by a later rating": 1}
    assert data.size.interactions == 4


def test_without_a_name_all_benchmarks_are_listed(workspace, capsys):
    (workspace / "data" / "raw" / "games").mkdir(parents=True)
    (workspace / "data" / "raw" / "games" / "interactions.csv").touch()
    assert main(["benchmark"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    rows = {line.split()[0]: line for line in lines}
    assert list(rows) == list(BENCHMARKS)
    assert "found in" in rows["games"]
    assert "Beauty.txt" in rows["s3rec-beauty"]
    assert "fetched" in rows["ml-100k"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["s3rec-baeuty"], 2, "there is no benchmark 's3rec-baeuty': did you mean 's3rec-beauty'"),
        (["s3rec"], 2, "could be s3rec-beauty, s3rec-toys"),
        (["--json", "x.json"], 2, "--json needs the name of a benchmark"),
        (["games", "--data", "/no/such/folder"], 2, "there is no folder /no/such/folder"),
        (["games", "--set", "etl.seed=1"], 2, "only evaluate.NAME and als.NAME"),
        (["games", "--set", "evaluate.refti=true"], 2, "did you mean 'refit'"),
        (["games", "--set", "evaluate.judgments=x.csv"], 2, "has no effect on a benchmark"),
        (["games", "--json", "/no/such/folder/x.json"], 2, "there is no folder /no/such/folder"),
        (["s3rec-beauty"], 3, "https://github.com/RUCAIBox/CIKM2020-S3Rec"),
        (["games"], 3, "interactions.csv with user_id, item_id, position"),
    ],
)
def test_what_cannot_be_run_ends_with_its_exit_code_and_a_remedy(
    workspace, capsys, arguments, code, says
):
    assert main(["benchmark", *arguments]) == code
    assert says in capsys.readouterr().err


def test_a_folder_without_the_files_says_where_to_get_them(workspace, tmp_path, capsys):
    (tmp_path / "readme.md").touch()
    assert main(["benchmark", "s3rec-toys", "--data", str(tmp_path)]) == 3
    message = capsys.readouterr().err
    assert "Toys_and_Games.txt" in message and "data/raw/s3rec-toys" in message


def test_lists_of_ten_are_needed(toys, capsys):
    command = ["benchmark", "s3rec-toys", "--data", str(toys), "--set", "evaluate.k_values=[5]"]
    assert main(command) == 2
    assert "evaluate.k_values must hold 10" in capsys.readouterr().err


def test_what_is_not_here_is_fetched_where_it_is_published(workspace, monkeypatch):
    fetched = []
    monkeypatch.setattr(benchmark_data, "download", lambda name: fetched.append(name) or workspace)
    assert find_or_fetch(find_benchmark("ml-100k")) == workspace
    assert fetched == ["movielens:100k"]
    own = workspace / "data" / "raw" / "All_Beauty"
    own.mkdir(parents=True)
    (own / "reviews.jsonl").touch()
    assert find_or_fetch(find_benchmark("all-beauty")) == own
    assert len(fetched) == 1


def test_the_blend_without_popularity_has_no_weight_of_it_left():
    weights = {
        "after": (1.0, 0.5, 1.0, 0.5, 0.2, 0.0),
        "popular": (0.3,) * 6,
        "recent": (0.1,) * 6,
    }
    reduced = without_popularity(Blend({}, BlendWeights(weights, {}), None))
    assert reduced.weights.coefficients == {"after": (1.0, 0.5, 1.0, 0.5, 0.0, 0.0)}
    assert without_popularity(reduced) is None
    alone = BlendWeights({"popular": (1.0,) * 6}, {})
    assert without_popularity(Blend({}, alone, None)) is None


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows_are_plausible_and_have_a_source(name):
    rows = PUBLISHED[name]
    assert name in BENCHMARKS
    assert len({row.model for row in rows}) == len(rows)
    for row in rows:
        # One hit is worth between 1 / log2(11) and 1 of nDCG where one item is held out.
        assert 0 < row.recall < 1 and 0 < row.ndcg < 1
        if BENCHMARKS[name].evaluate.get("split") != "random":
            assert 0.28 * row.recall < row.ndcg < row.recall
        assert row.source.reference and (row.source.published == ("https" in row.source.reference))


def test_the_best_published_rows_are_those_of_the_tables():
    best = {
        name: (max(row.recall for row in rows), max(row.ndcg for row in rows))
        for name, rows in PUBLISHED.items()
    }
    assert best["s3rec-beauty"] == (0.0928, 0.0531)
    assert best["s3rec-sports"] == (0.0569, 0.0323)
    assert best["s3rec-toys"] == (0.0970, 0.0580)


@pytest.mark.realdata
def test_toys_is_above_all_published_rows_without_a_sequence_model(
    workspace, real_data, tmp_path, capsys
):
    target = tmp_path / "toys.json"
    shutil.copytree(real_data / "s3rec_toys", tmp_path / "data")
    command = ["benchmark", "s3rec-toys", "--data", str(tmp_path / "data"), "--json", str(target)]
    assert main([*command, "--set", "evaluate.sequence=off"]) == 0
    result = read_json(target)
    assert "These are other data" not in capsys.readouterr().out
    assert result["rows"][0]["ours"]
    served = next(row for row in result["rows"] if "served" in row["roles"])
    assert served["recall"] >= 0.105 and served["ndcg"] >= 0.066

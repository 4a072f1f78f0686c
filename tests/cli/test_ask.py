"""``recsys recommend``, ``similar``, ``search`` and ``models`` on a shop of known answers."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from recsys_lib import Recommender, registry
from recsys_lib.cli import main
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
from tests.support.terminal import in_terminal
from tests.support.versions import write_part

SHOP = ("--dataset", "boutique")


@pytest.fixture
def ask(shop, capsys, monkeypatch):
    """Ask, and get the exit code, the standard output and the errors."""
    monkeypatch.setenv("COLUMNS", "40")  # the width of some terminal, which no pipe has

    def ask(*arguments):
        code = main([*arguments, *SHOP])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


@pytest.fixture(scope="module")
def recommender(shop_root):
    return Recommender.load(shop_root / "models" / "boutique" / "blend")


def test_a_list_in_a_pipe_has_a_line_for_each_item_with_its_reason(ask, recommender):
    code, out, _ = ask("recommend", "u0", "--top-k", "3")
    header, *lines = out.splitlines()
    expected = recommender.recommend("u0", n=3)
    assert code == 0
    assert header.split() == ["rank", "item_id", "title", "why"]
    for line, row in zip(lines, expected.itertuples(), strict=True):
        assert line.split()[:2] == [str(row.rank), row.item_id]
        assert row.title in line
        assert row.reason in line


def test_a_list_as_json_is_that_of_the_library(ask, recommender):
    _, out, _ = ask("recommend", "u0", "-n", "3", "--json")
    answer = json.loads(out)
    expected = recommender.recommend("u0", n=3)
    assert (answer["dataset"], answer["version"]) == ("boutique", "blend")
    assert [row["item_id"] for row in answer["recommendations"]] == expected["item_id"].tolist()
    assert answer["recommendations"][0]["reason"] == expected["reason"][0]
    assert answer["n_items"] == recommender.als.user_items[recommender.als.users.row("u0")].nnz
    assert len(answer["history"]) == 3


def test_filters_and_versions_are_those_of_the_library(ask, recommender):
    _, out, _ = ask("recommend", "u0", "--category", "Mugs", "--max-price", "10", "--json")
    filters = {"category": "Mugs", "max_price": 10.0}
    expected = recommender.recommend("u0", filters=filters)["item_id"].tolist()
    assert [row["item_id"] for row in json.loads(out)["recommendations"]] == expected
    _, out, _ = ask("recommend", "u0", "--version", "als", "--json")
    assert json.loads(out)["version"] == "als"


def test_why_an_item_is_not_in_a_list_is_a_sentence(ask, recommender):
    item = recommender.recommend("u0", n=1)["item_id"][0]
    _, out, _ = ask("recommend", "u0", "--explain", item)
    assert "is at place 1 of the list" in out
    _, out, _ = ask("recommend", "u0", "--explain", item, "--json")
    assert json.loads(out)["status"] == "listed"


def test_similar_items_say_what_they_are_similar_by(ask, recommender):
    _, out, _ = ask("similar", "i1", "--by", "text", "-n", "2", "--json")
    expected = recommender.similar_items("i1", n=2, by="text")["item_id"].tolist()
    assert json.loads(out)["item"]["item_id"] == "i1"
    assert [row["item_id"] for row in json.loads(out)["similar"]] == expected


def test_a_search_takes_words_without_quotes(ask):
    code, out, _ = ask("search", "coffee", "mug", "--mode", "lexical", "-n", "2", "--json")
    answer = json.loads(out)
    assert (code, answer["query"]) == (0, "coffee mug")
    assert all(row["title"].startswith("Coffee mug") for row in answer["results"])


def test_a_search_without_results_says_so(ask):
    code, out, _ = ask("search", "zzz", "--mode", "lexical")
    assert (code, out) == (0, "Nothing is found.\n")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("recommend", "U0 "), "unknown user 'U0 ': did you mean u0"),
        (("recommend", "somebody"), "unknown user 'somebody': there are "),
        (("recommend", "u0", "--version", "blond"), "no version of dataset 'boutique' 'blond'"),
        (("similar", "I7"), "unknown item 'I7': did you mean i7"),
        (("similar", "coffee mug"), "unknown item 'coffee mug': an id is needed. Did you mean i"),
        (("similar", "@"), "recsys search WORDS' finds others"),
        (("search", "mug", "--category", "Hats"), "no product has the category 'Hats'"),
        (("search", "mug", "--min-price", "-1"), "min_price"),
        (("recommend", "u0", "--diversity", "7"), "diversity must be a number from 0 to 1"),
    ],
)
def test_what_is_unknown_is_answered_by_what_is_known(ask, question, said):
    code, out, err = ask(*question)
    assert (code, out) == (2, "")
    assert said in err


def test_an_unknown_dataset_is_answered_by_the_known_ones(shop, capsys):
    assert main(["recommend", "u0", "--dataset", "botique"]) == 2
    assert "did you mean 'boutique'?" in capsys.readouterr().err
    assert main(["models", "--dataset", "botique"]) == 2
    assert "did you mean 'boutique'?" in capsys.readouterr().err


class TestDataWithoutRatingsOrProducts:
    """The commands that answer are named; training again would not help."""

    @pytest.fixture
    def half(self, shop_root, workspace):
        def half(part, **counts):
            shop = Dataset.find("half")
            source = shop_root / "models" / "boutique" / "als" / part
            shutil.copytree(source, shop.version("v1") / part)
            registry.publish(shop, "v1")
            write_json(shop.processed / "summary.json", {"counts": counts})

        return half

    def test_without_products_there_is_nothing_to_search(self, half, capsys):
        half("als", interactions=240, products=0)
        assert main(["search", "mug", "--dataset", "half"]) == 1
        assert "has no products, so there are no texts to search: '" in capsys.readouterr().err
        assert main(["recommend", "u0", "--dataset", "half", "-n", "1"]) == 0
        assert capsys.readouterr().out.split()[:3] == ["rank", "item_id", "title"]

    def test_without_ratings_there_are_no_users(self, half, capsys):
        half("search", interactions=0, products=32)
        assert main(["recommend", "u0", "--dataset", "half"]) == 1
        said = capsys.readouterr().err
        assert "recsys search WORDS --dataset half'" in said
        assert main(["similar", "i1", "--dataset", "half", "-n", "1", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["similar"][0]["source"] == "semantic"


def test_nothing_large_is_imported_before_models_are_found(workspace):
    program = (
        "import sys; from recsys_lib.cli import main; code = main(['recommend', 'u0']);"
        "assert code == 1, code;"
        "large = {'torch', 'pandas', 'numba', 'matplotlib', 'openvino'} & sys.modules.keys();"
        "assert not large, large"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "no model of dataset 'sample' is trained yet: run '" in done.stderr
    assert "run_pipeline.py --set dataset=sample'" in done.stderr


def test_an_answer_needs_no_torch_and_help_no_arrays(shop):
    program = (
        "import sys; from recsys_lib.cli import main;"
        "large = {'numpy', 'polars', 'pydantic', 'rich', 'recsys_lib.pipeline'};"
        "large &= sys.modules.keys();"
        "assert not large, large;"
        "assert main(['recommend', 'u0', '--dataset', 'boutique']) == 0;"
        "large = {'torch', 'matplotlib', 'openvino', 'sklearn', 'IPython'} & sys.modules.keys();"
        "assert not large, large"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_in_a_terminal_titles_are_cut_to_its_width_and_reasons_stand_below(shop, recommender):
    shown = in_terminal("recommend", "u0", "-n", "2", *SHOP, columns=44)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    first = recommender.recommend("u0", n=1).iloc[0]
    assert max(map(len, lines)) <= 44
    assert lines[0].startswith("u0 took ")
    at = lines.index("Recommended:")
    assert lines[at + 1].startswith(f"1  {first.title[:20]}")
    assert lines[at + 1].endswith(first.item_id)
    assert lines[at + 2].strip().startswith(first.reason[:20])


class TestModels:
    def test_versions_are_listed_with_what_is_served(self, shop, capsys):
        assert main(["models", "--dataset", "boutique", "--json"]) == 0
        newest, oldest = json.loads(capsys.readouterr().out)
        assert (newest["version"], newest["served"]) == ("blend", True)
        assert newest["why"].startswith("served since ")
        assert newest["parts"] == ["als", "search", "blend"]
        assert (oldest["version"], oldest["served"]) == ("als", False)

    def test_a_version_that_was_refused_says_why(self, workspace, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "40")
        small = Dataset.find("small")
        write_part(small, "v1", "als", 1.0)
        registry.publish(small, "v1", serve=False)
        why = "version v0 is pinned"
        record = {
            "run_id": "v1",
            "metrics": {"etl.users": 1000},
            "warnings": [f"Not served: {why}"],
        }
        write_json(workspace / "outputs" / "v1" / "run.json", record)
        assert main(["models", "--json"]) == 0
        (listed,) = json.loads(capsys.readouterr().out)
        assert (listed["served"], listed["why"], listed["data"]) == (False, why, "1,000 users")
        assert main(["models"]) == 0
        assert why in capsys.readouterr().out

    def test_without_models_it_says_what_to_do(self, workspace, capsys):
        assert main(["models", "--dataset", "sample"]) == 0
        said = capsys.readouterr().out
        assert "no model of dataset 'sample' is trained yet: run '" in said
        assert "python run_pipeline.py --set dataset=sample'" in said

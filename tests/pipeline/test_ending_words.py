"""The last lines of a run: a person, how good it is, what next."""

import json

import pytest

from recsys_lib.display.terminal import harmless
from recsys_lib.errors import ArtifactError
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.ending import example_lines, next_lines, quality_line
from recsys_lib.pipeline.execution import _examples, run
from recsys_lib.pipeline.execution._examples import ExampleProcess, keep_examples
from recsys_lib.pipeline.steps import Step, version_files
from tests.support.bench import WRITE
from tests.support.versions import write_part

HOSTILE = "\x1b[31mred\x1b[0m \u202etfel\u202c\u200b\r\nnew [bold]line[/bold] \x07"


def taken(title, date="2026-01-31"):
    return {"item_id": "i1", "title": title, "image_url": None, "date": date, "rating": 5.0}


def recommended(title, reason="similar to Mug"):
    return {"item_id": "i2", "title": title, "source": "als", "image_url": None, "reason": reason}


def keep(folder, *, history=(), recommendations=(), searches=(), user="u1", n_items=7):
    people = [
        {
            "user_id": user,
            "n_items": n_items,
            "history": list(history),
            "recommendations": list(recommendations),
        }
    ]
    examples = {"people": [] if searches else people, "searches": list(searches)}
    write_json(folder / "examples.json", examples)


def test_a_person_stands_with_history_recommendations_and_reasons(tmp_path):
    keep(tmp_path, history=[taken("Mug")] * 5, recommendations=[recommended("Tea")] * 2)
    assert example_lines(tmp_path, {"etl.users": 20000.0}, 80) == [
        "u1, one of 20,000 users, took 7 items, most recently:",
        *["  2026-01-31  Mug"] * 3,
        "u1 is recommended:",
        "  1  Tea",
        "     similar to Mug",
        "  2  Tea",
        "     similar to Mug",
    ]


def test_without_products_dates_and_reasons_there_are_ids(tmp_path):
    keep(
        tmp_path,
        history=[taken(None, date=None)],
        recommendations=[recommended(None, reason=None)],
        n_items=1,
    )
    assert example_lines(tmp_path, {}, 80) == [
        "u1 took 1 item, most recently:",
        "  -           i1",
        "u1 is recommended:",
        "  1  i2",
    ]


def test_a_catalogue_alone_shows_a_search(tmp_path):
    found = [{"item_id": "i1", "title": "Water filter", "source": "hybrid", "image_url": None}]
    keep(tmp_path, searches=[{"query": "filters", "results": found}])
    assert example_lines(tmp_path, {}, 80) == ["A search for 'filters' finds:", "  1  Water filter"]
    assert "search filters" in next_lines(tmp_path, Dataset.find("sample"), served=True)[0]


def test_long_and_hostile_titles_are_one_harmless_line_each(tmp_path):
    keep(
        tmp_path,
        user="u\x1b[2J",
        history=[taken(HOSTILE)],
        recommendations=[recommended("x" * 5000, HOSTILE)],
    )
    lines = example_lines(tmp_path, {}, 40)
    assert max(map(len, lines)) == 40
    assert all(line.isprintable() for line in lines)
    assert lines[1] == "  2026-01-31  [31mred[0m tfel new [bold…"


def test_a_run_without_examples_says_nothing(tmp_path):
    assert example_lines(tmp_path, {}, 80) == []
    assert next_lines(tmp_path, Dataset.find("sample"), served=True) == []


@pytest.mark.parametrize(
    ("found", "popular", "said"),
    [
        (0.424, 0.047, "42 are among the first 10 that it recommends, and 5 among"),
        (0.0342, 0.0, "3 are among the first 10 that it recommends, and 0 among"),
        (0.0031, 0.00049, "0.3 are among the first 10 that it recommends, and 0.05 among"),
        (1.0, 0.5, "100 are among the first 10 that it recommends, and 50 among"),
    ],
)
def test_quality_is_told_as_so_many_of_a_hundred(found, popular, said):
    metrics = {"served.recall@10": found, "popular.recall@10": popular, "evaluate.users": 1234.0}
    line = quality_line(metrics)
    assert said in line
    assert line.endswith("(recall@10, 1,234 users).")


def test_what_was_not_measured_is_not_told():
    assert quality_line({"als.loss": 1.0, "served.recall@10": None}) == ""
    assert "93 of 100" in quality_line({"search.known_titles.recall@100": 0.93})


def test_the_next_commands_lead_to_the_same_answer(tmp_path, workspace, monkeypatch):
    run = tmp_path / "run-1"
    run.mkdir()
    keep(run, user="o'neil")
    monkeypatch.chdir(tmp_path)
    recommend, lab = next_lines(run, Dataset.find("shop"), served=False)
    assert recommend.endswith("""recommend 'o'"'"'neil' --dataset shop --version run-1""")
    assert lab.startswith(f"make -C {project_root()} lab")


class FakeProcess(ExampleProcess):
    """Answers without a process, and counts the questions."""

    asked = 0

    def ask(self, version):
        self.asked += 1
        if not (version / "als").is_dir():
            raise ArtifactError("no answer")
        return {"people": [self.asked], "searches": []}


def test_examples_of_an_equal_version_are_taken_from_the_run_before(workspace):
    shop, process = Dataset.find("shop"), FakeProcess()
    folders = [workspace / name for name in ("r1", "r2", "r3")]
    for number, folder in enumerate(folders):
        folder.mkdir()
        write_part(shop, folder.name, "als", float(number == 2))
        before = folders[number - 1] if number else None
        keep_examples(process, shop.version(folder.name), folder, before)
    stored = [json.loads((folder / "examples.json").read_text())["people"] for folder in folders]
    assert stored == [[1], [1], [2]]


def test_damaged_examples_are_made_anew(workspace):
    shop, process = Dataset.find("shop"), FakeProcess()
    write_part(shop, "r1", "als", 1.0)
    for folder in (before := workspace / "r0", run := workspace / "r1"):
        folder.mkdir()
    (before / "examples.json").write_text('["half')
    keep_examples(process, shop.version("r1"), run, before)
    assert process.asked == 1


def test_a_version_that_cannot_answer_is_an_error_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(_examples, "_MODULE", "recsys_lib.nowhere")
    with pytest.raises(ArtifactError, match=r"No module named recsys_lib\.nowhere"):
        ExampleProcess().ask(tmp_path)


def test_what_a_text_cannot_do_to_a_terminal():
    assert harmless("Plain") == "Plain"
    assert harmless("a\x1b]0;title\x07b\x9b31mc") == "a]0;titleb31mc"
    assert harmless("\u2066left\u2069\ufeff \U000e0041tag\u2028next\ud800") == "left tag next?"
    assert harmless("نمی‌خواهم 👨‍👩‍👧") == "نمی‌خواهم 👨‍👩‍👧"


def test_a_run_without_examples_succeeds_and_says_why(bench, monkeypatch):
    def refuse(*_):
        raise ArtifactError("no memory")

    part = "from tests.support.versions import write_part\n"
    part += "from recsys_lib.paths import Dataset\n"
    part += "write_part(Dataset.find('sample'), version, 'als', 1.0)"
    bench.table = (
        bench.table[0],
        Step("als", "02", ("etl",), produces=version_files("als", "part.json")),
    )
    bench.notebook("02", part)
    monkeypatch.setattr(run, "wanted", lambda _: True)
    monkeypatch.setattr(run, "keep_examples", refuse)
    record, code, _ = bench.run(WRITE, run_id="one")
    assert code == 0
    assert record["warnings"] == ["no examples of what is recommended: no memory"]

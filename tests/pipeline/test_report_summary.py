"""A report begins with what a reader wants to know, and with people."""

import json

import pytest
from bs4 import BeautifulSoup

from recsys_lib.files import write_json
from recsys_lib.pipeline.report import write_report
from recsys_lib.pipeline.report._summary import summary
from tests.support.reports import PICTURE, record, step

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
METRICS = {
    "etl.interactions": 59190,
    "etl.users": 20000,
    "etl.items": 2933,
    "etl.products": 3000,
    "als.recall@10": 0.4,
    "served.recall@10": 0.42,
    "popular.recall@10": 0.05,
    "evaluate.users": 11210,
}

PART = {"path": "models/shop/r1/als/part.json", "sha256": "ab" * 32, "bytes": 1}
TRAINED = [step("als", "02_train_als.ipynb", outputs=[PART])]


def item(title="Belt", picture="", **more):
    return {"item_id": "B1", "title": title, "image_url": picture, "reason": None} | more


def person(**more):
    bought = item(date="2023-09-12", rating=4.0)
    known = {"user_id": "AG", "n_items": 7, "history": [bought], "recommendations": [item()]}
    return known | more


@pytest.fixture
def page(tmp_path):
    """Write a report with these people and searches; returns the parsed page."""

    def write(people=(), searches=(), **more):
        write_json(tmp_path / "run.json", record(**more))
        write_json(tmp_path / "examples.json", {"people": people, "searches": searches})
        return BeautifulSoup(write_report(tmp_path).read_text(), "html.parser")

    return write


def lines(warnings=(), **more):
    found = summary(record(**{"steps": TRAINED, **more}), list(warnings))
    return {line.label: line for line in found}


def test_a_run_of_the_monitor_says_its_verdict_and_serves_nothing():
    watched = step("monitor", "05_monitor.ipynb", notes=["look at this"])
    said = lines(["look at this: activity fell"], steps=[watched], metrics={})
    assert {label: line.text for label, line in said.items()} == {
        "Monitor": "Look at this.",
        "To watch": "look at this: activity fell",
    }


def test_what_was_trained_and_how_good_it_is():
    said = lines(metrics=METRICS)
    assert said["Trained"].text == (
        "Matrix factorization (ALS) and a blend of these and other sources, from 59,190 ratings of "
        "2,933 items by 20,000 users and 3,000 products."
    )
    assert "Of 100 held-out items, 42 are" in said["Quality"].text
    assert " 5 among the 10 most popular" in said["Quality"].text


def test_whether_it_is_served():
    def served(warnings):
        found = summary(record(warnings=warnings, steps=TRAINED), warnings)
        return next(line.text for line in found if line.label == "Served")

    assert lines()["Served"].text == (
        "Yes: this version answers now. No difference from an earlier one was measured."
    )
    verdict = "as good as r0, which is served: by nDCG"
    said = lines(verdict=verdict)["Served"].text
    assert said.endswith("It is as good as r0, which was served before: by nDCG.")
    refused = ["Not served: version r1 is worse than r0"]
    assert served(refused) == "No: version r1 is worse than r0."
    assert lines(serve=False)["Served"].text.startswith("No: this run is one of several trials")
    assert "Served" not in lines(status="failed")


def test_what_to_watch():
    assert lines()["To watch"].text.startswith("Nothing")
    assert lines(["One.", "Two."])["To watch"].text == "One. Two."
    assert (
        lines(["One.", "Two.", "3.", "4."])["To watch"].text == "One. Two. 2 more warnings below."
    )
    assert lines(["One.", "Two.", "3."])["To watch"].text == "One. Two. 1 more warning below."
    assert lines(["Not served: worse"])["To watch"].text.startswith("Nothing")


def test_advice_comes_with_the_command_that_follows_it():
    advice = ["Nothing beats ALS: tune als.factors and als.alpha.", "Add data."]
    line = lines(steps=[step("evaluate", "04_evaluate.ipynb", advice=advice)])["Next"]
    assert line.text == advice[0]
    assert line.code == "python run_pipeline.py --set als.factors=VALUE"
    line = lines(steps=[step("evaluate", "04_evaluate.ipynb", advice=advice[1:])])["Next"]
    assert (line.text, line.code) == ("Add data.", "")
    assert "Next" not in lines()


def test_a_run_without_results_has_no_empty_sentences():
    assert set(lines(metrics={})) == {"Served", "To watch"}
    assert set(lines(metrics={}, status="failed")) == {"To watch"}
    assert lines(metrics={"etl.products": 5})["Trained"].text == "Nothing yet. Loaded: 5 products."


def test_people_stand_before_all_numbers(page):
    recommended = item("Hose", f"data:image/png;base64,{PICTURE}", reason="bought after Belt")
    soup = page([person(recommendations=[recommended])])
    text = soup.main.text
    assert text.index("took 7 items") < text.index("bought after Belt") < text.index("Numbers")
    assert "2023-09-12 ★★★★☆" in text
    (picture,) = soup.select(".strip img")
    assert picture["src"].startswith("data:image/png")
    assert soup.find("a", href="#people").text == "People"


def test_a_catalogue_alone_shows_a_search(page):
    soup = page(searches=[{"query": "belt", "results": [item()]}])
    assert "“belt” finds" in " ".join(soup.select_one(".people").text.split())
    assert soup.find("a", href="#people").text == "Answers"


def test_hostile_titles_are_text_and_remote_pictures_are_left_out(page, tmp_path):
    bad = item(HOSTILE, "https://example.org/x.png", reason=HOSTILE)
    soup = page([person(user_id=HOSTILE, recommendations=[bad])])
    assert not soup.find_all("script")
    assert not soup.find_all("img")
    assert soup.select_one(".strip:last-of-type .title").text == HOSTILE


def test_a_run_without_examples_has_no_empty_heading(page, tmp_path):
    assert not page().find(class_="people")
    (tmp_path / "examples.json").unlink()
    write_json(tmp_path / "run.json", json.loads((tmp_path / "run.json").read_text()))
    assert "people" not in write_report(tmp_path).read_text().partition("<body>")[2]


def test_no_link_leads_out_of_the_page(page):
    assert all(link["href"].startswith("#") for link in page([person()]).find_all("a"))

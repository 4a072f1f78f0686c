"""The whole loop on people whose tastes are known: train, serve, compare, retrain, roll back.

Everything is real (pipeline, models, HTTP, log) but one thing: the bug that is planted at the end
replaces what people ask for, so that everybody gets the same list.
"""

import shutil

import numpy as np
import pytest

from recsys_lib import Recommender, registry
from recsys_lib.cli import main
from recsys_lib.errors import EXIT_OK, EXIT_REFUSED, EXIT_RETRAIN, EXIT_ROLL_BACK
from recsys_lib.loop import FeedbackLog, compare_arms, outcomes, read_events, read_shown
from recsys_lib.loop.experiment import start_experiment
from recsys_lib.paths import Dataset
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.questions import Questions
from recsys_lib.serving.http.service import Service
from tests.support.http_server import serving

DAY = 86_400_000
START = 1_767_225_600_000  # 2026-01-01
USERS, NEWCOMERS, ITEMS, TASTES = 240, 80, 60, 3
TAKEN, PEOPLE = 7, 10_000
CLICKS = {True: 0.15, False: 0.02}
"""How often people click on an item of their taste, and on another one."""
SMALL = ("als.factors=8", "als.regularization=1.0", "evaluate.sequence=off")
RETRAIN = (
    *("retrain", "--dataset", "shop", "--quiet"),
    *(word for value in SMALL for word in ("--set", value)),
)


def items_of(taste):
    return np.arange(taste, ITEMS, TASTES)


def write(shop, *, mixed_up=None, users=USERS):
    """Each user takes items of one taste; where they are mixed up, all but the last are anybody's.

    So the last ones, which the evaluation holds out, are the same in all files.
    """
    rng = np.random.default_rng(0)
    taken = np.array([rng.permutation(items_of(u % TASTES))[:TAKEN] for u in range(users)])
    if mixed_up is not None:
        anything = np.random.default_rng(mixed_up)
        for row in taken:
            others = np.setdiff1d(np.arange(ITEMS), row[-1:])
            row[:-1] = anything.permutation(others)[: TAKEN - 1]
    late = (np.arange(users) >= USERS) * 120
    days = rng.integers(0, 20, taken.shape).cumsum(axis=1) + late[:, None]
    lines = [
        f"u{user},i{item},5,{START + int(day) * DAY}"
        for user, (row, when) in enumerate(zip(taken, days, strict=True))
        for item, day in zip(row, when, strict=True)
    ]
    shop.raw.mkdir(parents=True, exist_ok=True)
    header = "user_id,item_id,rating,timestamp"
    (shop.raw / "reviews.csv").write_text("\n".join([header, *lines, ""]))


def visit(client, people, seed):
    """People ask for a list by their history, and click on what they like."""
    rng = np.random.default_rng(seed)
    events = []
    for person in people:
        taste = person % TASTES
        history = [f"i{n}" for n in rng.permutation(items_of(taste))[:3]]
        asked = {"item_ids": history, "user_id": f"p{person}", "n": 5}
        answer = client.post("/matrix_factor/history", json=asked).json()
        for row in answer["recommendations"]:
            if rng.random() < CLICKS[int(row["item_id"][1:]) % TASTES == taste]:
                event = {"type": "click", "item_id": row["item_id"]}
                events.append(event | {"list_id": answer["list_id"]})
    for start in range(0, len(events), 500):
        sent = client.post("/events", json={"events": events[start : start + 500]})
        assert sent.status_code == 200


def serve_to(shop, people, seed, challenger=None, share=0.0):
    """Serve over HTTP, with the log, to people."""
    with FeedbackLog(shop.feedback) as log:
        questions = Questions(Service(shop), log, challenger, share)
        with serving(create_app(questions.service, questions)) as client:
            visit(client, people, seed)


def learn_of_broken_data(shop):
    """The first version, of an export in which it is mixed up what people took."""
    write(shop, mixed_up=1)
    assert main(RETRAIN) == EXIT_OK
    return registry.champion(shop).name


def see_the_drift(shop, capsys):
    """The export is mended, and many new people come."""
    write(shop, users=USERS + NEWCOMERS)
    assert main(["run", "--quiet", "--steps", "etl", "--set", "dataset=shop"]) == EXIT_OK
    assert main(["monitor", "--dataset", "shop", "--no-page"]) == EXIT_RETRAIN
    assert "of users that the served version does not know" in capsys.readouterr().out


def import_purchases(shop):
    """Another system sold things."""
    bought = [
        f"2026-07-01T10:{n % 60:02}:00Z,b{n},i{n % TASTES + TASTES * k}"
        for n in range(60)
        for k in range(3)
    ]
    path = shop.root / "purchases.csv"
    path.write_text("\n".join(["time,user_id,item_id", *bought, ""]))
    given = ["feedback", "import", str(path), "--dataset", "shop", "--type", "purchase"]
    assert main(given) == EXIT_OK


def learn_of_good_data(shop, first):
    """A better version, which is served; then there is nothing more to learn."""
    assert main(RETRAIN) == EXIT_OK
    second = registry.champion(shop).name
    assert registry.read_history(shop).last.reason.startswith(f"better than {first}")
    assert "b7" in Recommender.load(dataset=shop).als.users
    assert main(RETRAIN) == EXIT_OK
    assert registry.published_versions(shop) == sorted([first, second])
    return second


def compare_side_by_side(shop, first, capsys):
    """People click on fewer items of the first version."""
    running = start_experiment(shop.feedback, first, 0.5)
    challenger = Recommender.load(shop.version(first), dataset=shop)
    serve_to(shop, range(PEOPLE), 1, challenger, running.share)
    shown = running.lists(read_shown(shop.feedback, running.start))
    found = compare_arms(outcomes(shown, read_events(shop.feedback)), running.share)
    assert sum(found.people.values()) == PEOPLE
    assert (found.verdict, found.high < 0) == ("worse", True)
    assert main(["arms", "--dataset", "shop"]) == EXIT_OK
    assert "the challenger is worse" in capsys.readouterr().out


def refuse_a_worse_version(shop, second, capsys):
    """The export is mixed up again."""
    write(shop, mixed_up=2)
    assert main(RETRAIN) == EXIT_REFUSED
    assert f"worse than {second}" in capsys.readouterr().err
    assert registry.champion(shop).name == second


def go_back_from_a_bug(shop, second, monkeypatch):
    """A person serves a version that gives everybody the same list."""
    shutil.copytree(shop.version(second), shop.version("stale"))
    registry.promote(shop, "stale", force=True)
    ask, history = Recommender.recommend_for_history, [f"i{TASTES * n}" for n in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(
            Recommender,
            "recommend_for_history",
            lambda self, _, *args, **wishes: ask(self, history, *args, **wishes),
        )
        serve_to(shop, range(PEOPLE, PEOPLE + 600), 2)
    assert main(["monitor", "--dataset", "shop", "--no-page"]) == EXIT_ROLL_BACK
    assert main(["retrain", "--dataset", "shop", "--watch"]) == EXIT_ROLL_BACK
    last = registry.read_history(shop).last
    assert (last.version, last.by) == (second, "watch")
    assert "items of version stale" in last.reason
    assert registry.choice(shop).pinned


@pytest.mark.slow
def test_the_loop(workspace, monkeypatch, capsys):
    shop = Dataset.find("shop", workspace)
    first = learn_of_broken_data(shop)
    see_the_drift(shop, capsys)
    import_purchases(shop)
    second = learn_of_good_data(shop, first)
    compare_side_by_side(shop, first, capsys)
    refuse_a_worse_version(shop, second, capsys)
    go_back_from_a_bug(shop, second, monkeypatch)

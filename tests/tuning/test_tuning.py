"""The search for parameters, on a small world whose order in time is known."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError, InputDataError, ParameterError
from recsys_lib.evaluation import leave_last_out
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, TuneParameters
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.tuning import Study, Validation, plots, validation
from recsys_lib.tuning.validation import Recalls

SMALL = {
    "trials": 3,
    "users": 50,
    "iterations": 4,
    "factors": [2, 4],
    "recency_half_lives": [0.0, 1.0],
}


def world(n_users=60, n_items=20, length=6, seed=0):
    """Users walk the items in a circle, each from a place of its own."""
    start = np.random.default_rng(seed).integers(0, n_items, n_users)
    user = np.repeat(np.arange(n_users), length).astype(np.int32)
    step = np.tile(np.arange(length), n_users)
    item = ((start[user] + step) % n_items).astype(np.int32)
    rating = (1 + user % 5).astype(np.float32)
    names = [IdMap([f"{n:02d}" for n in range(size)]) for size in (n_users, n_items)]
    return Interactions(*names, user, item, rating, step.astype(np.int64))


WORLD = world()


def open_study(workspace, fingerprint="f", **changes):
    parameters = TuneParameters(**{**SMALL, **changes})
    measured = Validation.from_interactions(WORLD, parameters.users, parameters.seed)
    return Study.load(Dataset.find("walk", workspace), parameters, measured, fingerprint)


def test_the_test_split_is_in_nothing_that_a_trial_sees():
    split, final = Validation.from_interactions(WORLD, 60, 0).split, leave_last_out(WORLD)
    for user, item in zip(final.test_users, final.test.interactions.item, strict=True):
        mine = split.train.item[split.train.user == user]
        assert item not in mine
        assert item not in split.test.interactions.item[split.test_users == user]
    assert len(split.train) + 2 * 60 == len(WORLD)
    before_last = WORLD.item.reshape(60, 6)[:, -2]
    np.testing.assert_array_equal(split.test.interactions.item, before_last)


def test_users_without_three_interactions_are_not_enough():
    with pytest.raises(InputDataError, match="three interactions"):
        Validation.from_interactions(world(length=2), 10, 0)


def test_factors_that_are_all_equal_score_at_chance(monkeypatch):
    """Of 16 items that a user does not have, ten are in the list."""
    walks, drawn = world(n_users=2_000), np.random.default_rng(1).random((2_000, 20))
    anything = np.argsort(drawn, axis=1)[:, :6].ravel().astype(np.int32)
    many = Validation.from_interactions(replace(walks, item=anything), 2_000, 0)

    class Alike:
        item_factors = np.ones((20, 2), np.float32)
        user_factors = np.ones((2_000, 2), np.float32)

        @classmethod
        def from_parameters(cls, parameters):
            return cls()

        def fit(self, *args, **more):
            """Learn nothing."""

    monkeypatch.setattr(validation, "ExactALS", Alike)
    recalls = many.measure(AlsParameters(factors=2), [0.0, 1.0])
    assert list(recalls.by_half_life.values()) == pytest.approx([10 / 16] * 2, abs=0.05)


def test_recall_is_that_of_the_evaluation():
    from recsys_lib.als import train_als
    from recsys_lib.als.queries import user_vectors
    from recsys_lib.evaluation import Factors, evaluate

    parameters = AlsParameters(factors=4, iterations=6, tolerance=0.0, solver="exact")
    measured = Validation.from_interactions(WORLD, 60, 0)
    recalls = measured.measure(parameters, [0.0, 1.0]).by_half_life
    trained = train_als(measured.split.train, parameters)
    for half_life, recall in recalls.items():
        asked = parameters.model_copy(update={"recency_half_life": half_life})
        vectors = user_vectors(trained, measured.split.train, asked)
        model = Factors(vectors, trained.item_factors)
        found = evaluate({"als": model}, measured.split, [10], seed=0)
        assert recall == pytest.approx(found.value("als", "recall", 10), abs=1e-9)


def test_a_training_is_ended_where_it_is_asked_to_be():
    seen = []

    def on_check(iteration, recall):
        seen.append((iteration, recall))
        return iteration == 4

    parameters = AlsParameters(factors=4, iterations=8, tolerance=0.0)
    assert Validation.from_interactions(WORLD, 60, 0).measure(parameters, [0.0], on_check) is None
    assert [iteration for iteration, _ in seen] == [2, 4]
    assert all(0 <= recall <= 1 for _, recall in seen)


def test_of_equal_half_lives_the_first_is_best():
    assert Recalls({0.0: 0.2, 1.0: 0.3, 2.0: 0.3}).best == (1.0, 0.3)


@pytest.mark.slow
def test_a_study_goes_on_and_keeps_what_it_has(workspace):
    told = []
    open_study(workspace).run(lambda done, words: told.append(done))
    assert told == [1, 2, 3]
    first = open_study(workspace).trials()
    open_study(workspace).run()  # there are enough
    more = open_study(workspace, trials=5)
    more.run()
    assert more.trials().head(3).equals(first)
    assert more.trials()["alpha"].n_unique() == 5  # nothing is drawn twice
    assert (workspace / "models" / "walk" / "tuning" / "studies.db").is_file()
    defaults = first.row(0, named=True)
    assert (defaults["alpha"], defaults["regularization"], defaults["factors"]) == (10.0, 1.0, 4)


@pytest.mark.slow
def test_the_same_seed_makes_the_same_study(workspace, tmp_path):
    studies = [open_study(tmp_path / name) for name in ("a", "b")]
    for study in studies:
        study.run()
    one, two = (study.trials().drop("seconds") for study in studies)
    assert one.equals(two)


def test_other_data_or_another_space_is_another_study(workspace):
    open_study(workspace)
    with pytest.raises(ParameterError, match=r"other values of data: give the study another name"):
        open_study(workspace, fingerprint="g")
    with pytest.raises(ParameterError, match=r"other values of iterations, seed"):
        open_study(workspace, iterations=5, seed=1)
    open_study(workspace, fingerprint="g", study="other")
    open_study(workspace, minutes=1.0)


def test_the_file_is_understood_by_the_pipeline(workspace):
    study = open_study(workspace)
    with pytest.raises(ArtifactError, match="no complete trial"):
        study.save()
    assert study.in_words() == "no trial is complete yet"
    study.run()
    path = study.save()
    assert path.name == "als.yaml"
    settings = read_settings(path)
    assert settings.dataset.name == "walk"
    of_training = settings.sections["als"].model_dump(include={*AlsParameters.model_fields})
    assert of_training == study.best().model_dump()
    assert "tolerance" in yaml.safe_load(path.read_text())["als"]
    best = study.trials().sort("recall", descending=True, maintain_order=True).row(0, named=True)
    assert study.best().alpha == best["alpha"]
    assert max(study.by_half_life().values()) == best["recall"]
    assert f"{best['recall']:.4f}" in path.read_text()


def test_without_different_ratings_one_function_is_enough(workspace):
    ones = Interactions(*(getattr(WORLD, n) for n in ("users", "items", "user", "item")),
                        np.ones(len(WORLD), np.float32), WORLD.timestamp)  # fmt: skip
    parameters = TuneParameters(**SMALL)
    measured = Validation.from_interactions(ones, 50, 0)
    study = Study.load(Dataset.find("walk", workspace), parameters, measured, "f")
    study.run()
    assert study.trials()["confidence"].unique().to_list() == ["linear"]


@pytest.mark.slow
def test_plots_show_every_trial(workspace):
    study = open_study(workspace, trials=9)
    study.run()
    done = study.trials().drop_nulls("recall")
    assert len(plots.history(study).axes[0].lines[0].get_xdata()) == len(done)
    assert next(axes.get_title(loc="left") for axes in plots.slices(study).axes) == "factors"
    assert len(plots.recency(study).axes[0].patches) == 2
    importances = study.importances()
    assert not importances or sum(importances.values()) == pytest.approx(1)
    assert plots.importance(study).description == "What matters"


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": [5.0, 1.0]}, {"regularization": [0.0, 1.0]}, {"study": "../x"}, {"trials": 0}],
)
def test_a_wrong_space_is_refused(wrong):
    with pytest.raises(ValueError):
        TuneParameters(**wrong)

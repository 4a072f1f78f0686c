import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.parameters import SECTIONS, AlsSettings
from recsys_lib.pipeline.settings import read_settings


def test_defaults(workspace):
    settings = read_settings()
    assert settings.dataset.name == "sample"
    assert settings.sections["als"] == AlsSettings()
    assert settings.changed == []
    assert set(settings.as_dict()) == {"dataset", *SECTIONS}


def test_the_file_beats_the_defaults_and_set_beats_the_file(workspace, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("dataset: shop\nals: {factors: 32, alpha: 2}\n")
    settings = read_settings(config, ["als.factors=64", "evaluate.k_values=[1, 5]"])
    assert settings.dataset.raw == workspace / "data" / "raw" / "shop"
    als, evaluate = settings.sections["als"], settings.sections["evaluate"]
    assert (als.factors, als.alpha, evaluate.k_values) == (64, 2.0, [1, 5])
    assert settings.changed == ["als.factors", "als.alpha", "evaluate.k_values"]


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "+1.e-3", ".01e-1", "0.001"])
def test_a_number_may_have_an_exponent(workspace, text):
    assert read_settings(None, [f"als.tolerance={text}"]).sections["als"].tolerance == 0.001


def test_a_name_that_looks_like_a_number_stays_a_name(workspace):
    assert read_settings(None, ["etl.reviews=e-1"]).etl.reviews == "e-1"


def test_an_empty_value_is_an_empty_text(workspace):
    assert read_settings(None, ["etl.reviews="]).etl.reviews == ""


def test_an_absolute_dataset_is_named_after_its_folder(workspace):
    dataset = read_settings(None, ["dataset=/data/My Shop"]).dataset
    assert (dataset.name, str(dataset.raw)) == ("My-Shop", "/data/My Shop")


@pytest.mark.parametrize(
    ("assignments", "says"),
    [
        (["als.factor=3"], "unknown parameter 'als.factor': did you mean 'factors'"),
        (["asl.factors=3"], "unknown parameter section 'asl': did you mean 'als'"),
        (["als.factors=many"], "als.factors: .*integer.*'many'"),
        (["als.factors=0"], "als.factors: .*greater than or equal to 1"),
        (["als.factors=1.5"], "als.factors"),
        (["als.tolerance=-1"], "als.tolerance"),
        (["etl.source=amazon"], "etl.source.*amazon2023"),
        (["evaluate.k_values=[]"], "evaluate.k_values"),
        (["evaluate.k_values=[0]"], "evaluate.k_values.0"),
        (["etl.api_key=abc"], "looks like a secret.*environment variable"),
        (["embed.max_tokens=1"], "embed.max_tokens: .*greater than or equal to 8"),
        (["als=3"], "SECTION.NAME=VALUE"),
        (["als.factors"], "SECTION.NAME=VALUE"),
        (["dataset=../up"], "neither a name"),
        (["als.factors=[3"], "not a YAML value"),
        (["etl.columns={rating: a, rating: b}"], "'rating' is given twice"),
        (["etl.since=2021-01-01", "etl.until=2020-01-01"], "since 2021-01-01 is after until"),
        (["embed.fields=[titel]"], "embed.fields.0: .*did you mean 'title'"),
    ],
)
def test_mistakes_are_named(workspace, assignments, says):
    with pytest.raises(ParameterError, match=says):
        read_settings(None, assignments)


def test_all_mistakes_are_told_at_once(workspace):
    with pytest.raises(ParameterError) as caught:
        read_settings(None, ["als.factors=0", "embed.max_tokens=0", "typo.x=1"])
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    "content", ["- 1\n", "als: [1]\n", "als: {factors: 1", "als: 7\n", "als: {}\nals: {}\n"]
)
def test_a_bad_file_is_a_parameter_error(workspace, tmp_path, content):
    config = tmp_path / "run.yaml"
    config.write_text(content)
    with pytest.raises(ParameterError):
        read_settings(config)


def test_a_missing_file_is_named(workspace, tmp_path):
    with pytest.raises(ParameterError, match=r"no\.yaml"):
        read_settings(tmp_path / "no.yaml")


def test_a_trailing_slash_is_no_other_dataset(tmp_path):
    with_slash, without = (read_settings(None, [f"dataset={tmp_path}{end}"]) for end in ("/", ""))
    assert with_slash.as_dict() == without.as_dict()
    assert with_slash.dataset == without.dataset


@pytest.mark.parametrize(("text", "value"), [("012", 12), ("+64", 64), ("0x10", 16), ("0o10", 8)])
def test_numbers_are_those_of_yaml_1_2(workspace, text, value):
    assert read_settings(None, [f"als.factors={text}"]).sections["als"].factors == value


@pytest.mark.parametrize("text", ["no", "off", "1:30", "2024-01-31", "N", "1_000"])
def test_what_yaml_1_1_took_for_something_else_is_a_text(workspace, text):
    assert read_settings(None, [f"etl.reviews={text}"]).etl.reviews == text
    mapped = read_settings(None, [f"etl.columns={{user_id: {text}}}"]).etl.columns
    assert mapped == {"user_id": text}


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("als.factors=1:30", "valid integer, got '1:30'"),
        ("etl.verified_only=no", "valid boolean, got 'no'"),
        ("als.regularization=1e400", "finite number, got inf"),
        ("als.tolerance=.inf", "finite number, got inf"),
        ("als.alpha=.nan", "finite number, got nan"),
        ("etl.since=2020-02-30", "day is out of range for month, got '2020-02-30'"),
        ("etl.since=!!timestamp 2020-02-30", "not a YAML value"),
    ],
)
def test_values_that_are_no_values_are_refused(workspace, assignment, says):
    with pytest.raises(ParameterError, match=says):
        read_settings(None, [assignment])


@pytest.mark.parametrize("section", SECTIONS.values())
def test_a_default_is_written_like_what_is_read_again(section):
    """A run that is resumed reads its parameters from the record of the run."""
    given = section()
    again = section.model_validate_json(given.model_dump_json())
    assert repr(again) == repr(given)

"""Alert rules and dashboard: valid, and about numbers that the service really has."""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from recsys_lib.files import write_json
from recsys_lib.paths import project_root

DEPLOY = project_root() / "deploy"
RULES = DEPLOY / "prometheus" / "recsys.rules.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "recsys.json").read_text())
VARIABLES = {"$instance": ".*", "$__rate_interval": "5m", "$__range": "1h"}
METRIC = re.compile(r"\brecsys_\w+")

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool, of Debian's package prometheus"
)


def panel_queries():
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def alert_queries():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return [rule["expr"] for rule in group["rules"]]


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def numbers(client):
    """Name and labels -> value, of everything at /metrics."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {(s.name, *s.labels.values()): s.value for s in samples}


def test_every_number_that_is_asked_for_is_there(world, logged):
    write_json(world.dataset.monitored, {"exit_code": 11})
    logged.post("/matrix_factor/user", json={"user_id": "u"})
    there = {name for name, *_ in numbers(logged)}
    asked = {name for query in panel_queries() + alert_queries() for name in METRIC.findall(query)}
    assert len(asked) > 8
    assert asked <= there, asked - there


def test_the_version_that_answers_and_what_the_monitor_said(world, logged):
    before = numbers(logged)
    assert not any(name.startswith("recsys_monitor") for name, *_ in before)
    assert ("recsys_version_info", world.dataset.name, "one") not in before
    logged.post("/matrix_factor/user", json={"user_id": "u"})
    monitored = world.dataset.monitored
    write_json(monitored, {"exit_code": 12})
    after = numbers(logged)
    assert after["recsys_version_info", world.dataset.name, "one"] == 1
    assert after["recsys_version_refused",] == 0
    assert after["recsys_monitor_verdict",] == 12
    assert after["recsys_monitor_seconds",] == pytest.approx(monitored.stat().st_mtime)
    monitored.write_text("{")
    assert numbers(logged)["recsys_monitor_verdict",] == -1


def test_a_champion_that_cannot_be_opened_is_a_number(world, logged):
    logged.post("/matrix_factor/user", json={"user_id": "u"})
    (world.dataset.models / "champion.json").unlink()
    logged.post("/matrix_factor/user", json={"user_id": "u"})
    assert numbers(logged)["recsys_version_refused",] == 1


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@needs_promtool
def test_queries_of_the_dashboard_are_valid(tmp_path):
    queries = panel_queries()
    for name, value in VARIABLES.items():
        queries = [query.replace(name, value) for query in queries]
    rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))


@needs_promtool
@pytest.mark.slow
def test_alerts_fire_when_they_should():
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", str(RULES.with_name("recsys.tests.yml")))

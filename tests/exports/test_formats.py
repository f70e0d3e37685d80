"""Every export holds what its format asks for, whatever the events' texts are."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import datetime

import jsonschema
import pytest
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
from pyarrow import parquet
from tests.conftest import ROOT
from tests.report.samples import HOSTILE, full, hostile

from tiercel.cli.findings import finding_csv
from tiercel.cli.written import json_line
from tiercel.exports import FORMATS, finding_schema, rules_layer
from tiercel.exports.ecs import ecs_documents
from tiercel.exports.navigator import result_layer
from tiercel.exports.ocsf import ocsf_events
from tiercel.exports.timesketch import timesketch_events
from tiercel.findings import as_json, findings_html
from tiercel.hunt import Findings, Result
from tiercel.rules import read_catalog

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]")
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = finding_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_validates_every_finding(validator: jsonschema.Draft202012Validator, result: Result) -> None:
    for finding in result.findings:
        validator.validate(json.loads(json_line(as_json(finding))))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.pop("id"),
        lambda value: value.update(id=7),
        lambda value: value.update(more=1),
        lambda value: value.update(first_time="yesterday"),
        lambda value: value["evidence"][0].update(time=None),
        lambda value: value["attribution"]["caller"].pop("known_by"),
    ],
)
def test_the_schema_refuses_what_is_no_finding(validator: jsonschema.Draft202012Validator, spoil) -> None:
    value = as_json(full().findings[0])
    validator.validate(value)
    spoil(value)
    assert not validator.is_valid(value)


def test_the_documented_schema_is_the_real_one() -> None:
    """Written anew by `tiercel export --schema --out docs/finding.schema.json`."""
    documented = json.loads((ROOT / "docs" / "finding.schema.json").read_text(encoding="utf-8"))
    assert documented == finding_schema()


def test_ocsf_validates(result: Result) -> None:
    events = list(ocsf_events(result))
    assert len(events) == len(result.findings)
    for event, finding in zip(events, result.findings, strict=True):
        read = DetectionFinding.model_validate(json.loads(json_line(event)))
        assert read.finding_info.uid == finding.id
        assert read.type_uid == read.class_uid * 100 + read.activity_id
        assert len(read.evidences or []) == len(finding.evidence)
        assert {each["type_id"] for each in event["observables"]} <= {1, 2, 4, 9}


def test_ocsf_says_which_technique_under_which_tactic() -> None:
    result = full()
    event = next(ocsf_events(result))
    known = {row.attack_id for run in result.rules_run for row in run.rule.attack}
    named = {attack.get("sub_technique", attack["technique"])["uid"] for attack in event["finding_info"]["attacks"]}
    assert named == set(result.findings[0].techniques)
    for attack in event["finding_info"]["attacks"]:
        if attack.get("sub_technique", attack["technique"])["uid"] in known:
            assert attack["tactic"]["uid"].startswith("TA00")


def test_ecs_documents_have_what_elastic_reads(result: Result) -> None:
    for document, finding in zip(ecs_documents(result), result.findings, strict=True):
        assert datetime.fromisoformat(document["@timestamp"]).tzinfo
        assert document["event"]["kind"] == "alert"
        assert isinstance(document["event"]["severity"], int)
        assert document["event"]["id"] == finding.id == document["tiercel"]["id"]
        technique = document["threat"]["technique"]
        assert len(technique["id"]) == len(technique["name"])
        if "ip" in document.get("source", {}):
            assert re.fullmatch(r"[0-9a-fA-F.:]+", document["source"]["ip"])
        assert all(document["related"].values())


def test_what_is_no_address_is_no_ip_in_ecs() -> None:
    result = full()
    odd = replace(result, findings=Findings([replace(result.findings[0], peer_ip="not an address")]))
    source = next(ecs_documents(odd))["source"]
    assert source["address"] == "not an address"
    assert "ip" not in source


def test_timesketch_gets_every_step_in_order(result: Result) -> None:
    events = list(timesketch_events(result))
    for event in events:
        assert event["message"]
        assert event["timestamp_desc"]
        assert datetime.fromisoformat(event["datetime"]).utcoffset() is not None
    for finding in result.findings:
        own = [event for event in events if event["finding_id"] == finding.id]
        assert len(own) >= len(finding.evidence)
        assert [event["datetime"] for event in own] == sorted(event["datetime"] for event in own)


def test_layers_score_techniques(result: Result) -> None:
    (layer,) = result_layer(result)
    scores = {each["techniqueID"]: each["score"] for each in layer["techniques"]}
    for technique, score in scores.items():
        assert score == sum(technique in finding.techniques for finding in result.findings)
    catalogue = rules_layer(read_catalog().rules)
    assert {"T1021.003", "T1021.002", "T1047", "T1053.005"} <= {each["techniqueID"] for each in catalogue["techniques"]}
    assert all(TECHNIQUE.fullmatch(each["techniqueID"]) for each in catalogue["techniques"])


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_no_line_of_an_export_steers_a_terminal_and_all_of_it_comes_back(each, result: Result) -> None:
    for value in each.values(result):
        line = json_line(value)
        assert not STEERING.search(line)
        assert json.loads(line)


def test_a_long_text_is_whole_in_the_export() -> None:
    longest = max(len(text) for text in HOSTILE)
    lines = [json_line(value) for value in ocsf_events(hostile())]
    assert any(len(line) > longest for line in lines)


def test_csv_holds_no_formula_and_no_escape() -> None:
    for line in finding_csv(hostile().findings):
        assert not STEERING.search(line.rstrip("\r\n"))
        assert not re.search(r'(?:^|,)"?[=+@]', line)


def test_parquet_and_frames_hold_every_finding(result: Result) -> None:
    table = result.findings.to_arrow()
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    assert parquet.read_table(buffer).num_rows == len(result.findings)
    assert list(result.findings.to_pandas()["id"]) == [finding.id for finding in result.findings]
    assert result.findings.to_polars()["id"].to_list() == [finding.id for finding in result.findings]


def test_a_notebook_shows_texts_as_texts() -> None:
    html = hostile()._repr_html_()
    assert not re.search(r"<(?!/?(?:div|p|table|thead|tbody|tr|th|td)\b)", html)
    assert not STEERING.search(html)
    assert len(html) < 1_000_000
    assert findings_html(()) == "<div><p>0 findings</p></div>"

"""The file of targets: what it may say, and how it is told what is wrong."""

from __future__ import annotations

import pytest

from tiercel.alerts.delivery import Retry, read_targets
from tiercel.alerts.delivery.folder import Folder
from tiercel.alerts.delivery.syslog import Syslog
from tiercel.alerts.delivery.webhook import Webhook
from tiercel.errors import InputError, RuleError

GOOD = """
targets:
  - name: soc
    webhook:
      url: https://soc.example.org/hooks/${TENANT}
      secret: ${SOC_SECRET}
      headers: {Authorization: "Bearer ${TOKEN}"}
      timeout: 3s
    events: [new, updated, reopened]
    least_severity: Medium
    retry: {first: 2s, most: 1h}
  - name: siem
    syslog: {host: siem.example.org, port: 6514, transport: tcp, facility: local1, confirm: false}
    events: new
  - name: share
    folder: {path: /var/spool/tiercel}
"""
SECRETS = {"TENANT": "a", "SOC_SECRET": "s3cret", "TOKEN": "t"}


def test_what_the_file_says(tmp_path):
    path = tmp_path / "targets.yaml"
    path.write_text(GOOD)
    soc, siem, share = read_targets(path, SECRETS)
    assert isinstance(soc.sender, Webhook)
    assert (soc.sender.url, soc.sender.secret) == ("https://soc.example.org/hooks/a", b"s3cret")
    assert (soc.sender.headers, soc.sender.timeout) == ({"Authorization": "Bearer t"}, 3.0)
    assert (soc.kinds, soc.least_severity) == (("alert.new", "alert.updated", "alert.reopened"), 2)
    assert soc.retry == Retry(2.0, 3600.0)
    assert siem.sender == Syslog("siem.example.org", 6514, is_tcp=True, facility=17, is_confirmed=False)
    assert siem.kinds == ("alert.new",)
    assert isinstance(share.sender, Folder)
    assert share.kinds == ("alert.new", "alert.reopened")


WEBHOOK = "targets:\n- name: a\n  webhook: {{url: 'https://a', {0}}}\n"
BAD = {
    "empty": ("", 1, "the file has the fields targets"),
    "no target": ("targets: []", 1, "at least one target"),
    "no YAML": ("targets:\n- name: [", 2, ""),
    "unknown field": ("targets:\n- name: a\n  webhok: {url: https://a}\n", 3, "no field `webhok`"),
    "no kind": ("targets:\n- name: a\n", 2, "one of webhook, syslog, folder"),
    "two kinds": ("targets:\n- name: a\n  folder: {path: /a}\n  syslog: {host: b}\n", 2, "one of webhook"),
    "two of a name": ("targets:\n- name: a\n  folder: {path: /a}\n- name: a\n  folder: {path: /b}\n", 4, "two targets"),
    "a name that is a path": ("targets:\n- name: ../a\n  folder: {path: /a}\n", 2, "letters, digits"),
    "a secret in the file": (WEBHOOK.format("secret: hunter2"), 3, "a secret does not stand in the file"),
    "a variable that is not set": (WEBHOOK.format("secret: '${NOPE}'"), 3, "no variable NOPE"),
    "an empty secret": (WEBHOOK.format("secret: '${EMPTY}'"), 3, "the secret is empty"),
    "no http": ("targets:\n- name: a\n  webhook: {url: 'file:///etc/passwd'}\n", 3, "http:// or https://"),
    "a port that is no number": ("targets:\n- name: a\n  webhook: {url: 'https://a:b/'}\n", 3, "http:// or https://"),
    "a line break in the address": (
        'targets:\n- name: a\n  webhook: {url: "https://a/\\n"}\n',
        3,
        "http:// or https://",
    ),
    "a CA file that is not there": (WEBHOOK.format("ca_file: /no/such/file"), 3, "no file at /no/such/file"),
    "a duration without a unit": (WEBHOOK.format("timeout: 10"), 3, "no duration"),
    "a port that is none": ("targets:\n- name: a\n  syslog: {host: b, port: 99999}\n", 3, "no port"),
    "an event that is none": ("targets:\n- name: a\n  folder: {path: /a}\n  events: [nwe]\n", 4, "not an event"),
    "a severity that is none": (
        "targets:\n- name: a\n  folder: {path: /a}\n  least_severity: hgh\n",
        4,
        "not a severity",
    ),
    "headers that are a list": (WEBHOOK.format("headers: [a]"), 3, "names with their values"),
    "a list for a text": ("targets:\n- name: [a]\n  folder: {path: /a}\n", 2, "a text is expected"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_its_place(tmp_path, name):
    text, number, told = BAD[name]
    path = tmp_path / "targets.yaml"
    path.write_text(text)
    with pytest.raises(RuleError) as caught:
        read_targets(path, {"EMPTY": ""})
    assert any(told in issue.message and issue.span.line == number for issue in caught.value.issues), (
        caught.value.issues
    )
    assert "hunter2" not in " ".join(issue.message + issue.hint for issue in caught.value.issues)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "targets.yaml"
    path.write_text("targets:\n- name: ''\n  syslog: {port: x}\n  events: [nwe]\n  least_severity: hgh\n")
    with pytest.raises(RuleError) as caught:
        read_targets(path, {})
    assert len(caught.value.issues) == 5


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_targets(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_targets(tmp_path / "binary.yaml")

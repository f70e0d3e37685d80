"""Results to make reports of: one that has everything, one that is hostile everywhere, one with many findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tiercel.errors import Issue, Severity, Span
from tiercel.findings import (
    Attribution,
    Caller,
    FilterRun,
    Finding,
    Followed,
    Logon,
    Mirror,
    Process,
    Recurrence,
    Step,
    Suppressed,
    TreeProcess,
    Unknown,
)
from tiercel.hunt import Findings, Result, RuleFailure, RuleRun
from tiercel.rules import read_catalog
from tiercel.telemetry.report import Clock, FileReport, ImportReport, Name

START = datetime(2026, 3, 2, 15, 1, 39, 761000, UTC)

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</script><script>document.title='owned'</script><!--",
    "{{ 7*7 }}{% for x in y %}",
    "\x1b[31mred\x1b]0;owned\x07\x9b31m",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200e",
    "=cmd|' /C calc'!A1",
    "nul\x00byte",
    "half\ud800 and \udfff",
    "javascript:document.title='owned'",
    "</style><style>body{display:none}</style>",
    "--><svg onload=document.title='owned'>",
    "&lt;b&gt; &amp; &#x202e;",
    "line\u2028separator\nand\r\nbreak\ttab",
    "../../../../etc/passwd#1",
    "A" * 1_000_000,
)


def text_of(index: int) -> str:
    return HOSTILE[index % len(HOSTILE)]


def finding(number: int = 0, target: str = "ws3.corp.example.com", source: str = "ws5") -> Finding:
    at = START + timedelta(seconds=37 * number)
    file = f"logs/winlogbeat.ndjson#{number * 10}"
    server = Process("mmc.exe", 13512, r"C:\Windows\system32\mmc.exe -Embedding", at)
    child = Process("cmd.exe", 13540, r'"C:\Windows\System32\cmd.exe" /Q /c whoami /all', at + timedelta(seconds=1.6))
    steps = (
        Step("connection", at, "RPCSS accepted a connection from 10.20.8.25", "connection", target, "svchost.exe", 900,
             "svchost.exe -k RPCSS", "10.20.8.25", None, "DeviceNetworkEvents", f"{file}1"),
        Step("logon", at + timedelta(milliseconds=13), "corp\\emma logs on", "logon", target, account="corp\\emma",
             table="DeviceLogonEvents", source=f"{file}2"),
        Step("call", at + timedelta(seconds=0.7), "10.20.8.25 calls mmc.exe", "connection", "other", "mmc.exe", 13512,
             table="DeviceNetworkEvents"),
        Step("execution", at + timedelta(seconds=1.6), "mmc.exe started cmd.exe", "child", target, "cmd.exe", 13540,
             child.command_line, None, "corp\\emma", "DeviceProcessEvents", f"{file}4"),
        Step("later", at + timedelta(days=1), "much later", "child", target),
    )  # fmt: skip
    attribution = Attribution(
        sentence=f"corp\\emma on {source} ran cmd.exe on {target} through mmc.exe",
        caller=Caller(
            "10.20.8.25",
            f"{source}.corp.example.com",
            f"id-{source}",
            "mirror",
            Process("powershell.exe", 77, "powershell.exe -enc AAAA", at),
            "connection",
            "corp\\emma",
            999,
            at,
            "DeviceNetworkEvents",
            f"{file}5",
        ),
        logon=Logon(
            at,
            "a logon",
            "corp\\emma",
            0x3E7F,
            "NTLM",
            "10.20.8.25",
            5000,
            "WS5",
            "session",
            "DeviceLogonEvents",
            f"{file}2",
        ),
        mirrors=(
            Mirror(
                at,
                "powershell.exe connected to ws3 port 135",
                f"{source}",
                "d1",
                Process("powershell.exe", 77),
                "corp\\emma",
                "10.20.8.25",
                5000,
                "10.20.8.3",
                135,
                -0.25,
                True,
                False,
                "DeviceNetworkEvents",
                f"{file}6",
            ),
        ),
        followed=(
            Followed(at + timedelta(seconds=9), "process", "whoami.exe was started", "session", source=f"{file}7"),
            Followed(at + timedelta(seconds=9), "service", "a service was installed", "tree"),
        ),
        tree=(
            TreeProcess(0, "ancestor", "svchost.exe", 800, "svchost.exe -k DcomLaunch", None, "SYSTEM"),
            TreeProcess(
                1, "server", "mmc.exe", 13512, server.command_line, at, "corp\\emma", "DeviceProcessEvents", f"{file}3"
            ),
            TreeProcess(2, "child", "cmd.exe", None, child.command_line, at, None),
        ),
        caller_tree=(TreeProcess(0, "caller", "powershell.exe", 77, "powershell.exe -enc AAAA", at, "corp\\emma"),),
        unknown=(Unknown("server start", "when mmc.exe was started is not known", "Sysmon 1 or Security 4688"),),
    )
    return Finding(
        id=f"{number:016x}",
        rule_id="rpc-chain-dcom",
        title="DCOM MMC20.Application",
        techniques=("T1021.003", "T1559.001"),
        tactics=("Lateral Movement", "Execution"),
        severity=("high", "medium", "critical", "low", "informational")[number % 5],
        confidence="high" if number % 2 else "medium",
        summary=f"10.20.8.25 reached mmc.exe on {target}, which started cmd.exe 1.600 s later",
        device=target,
        device_id=f"id-{target.partition('.')[0]}",
        peer_ip="10.20.8.25",
        peer_name=source,
        account="corp\\emma",
        first_time=at,
        last_time=steps[-1].time,
        server=server,
        child=child,
        evidence=steps,
        family="dcom",
        strength="execution",
        links=("call", "epm", "activation", "child"),
        rules=("rpc-chain-dcom", "remote-session-process"),
        attribution=attribution,
    )


def full() -> Result:
    """A result in which every part of the report has something to show."""
    recurring = Recurrence("10.20.8.25", "cmd.exe", 7, 12, START, START + timedelta(hours=3))
    first, second = finding(1), replace(finding(2, "ws9.corp.example.com", "ws3"), recurring=recurring)
    plain = replace(finding(3, "dc1.corp.example.com"), attribution=None, peer_name=None, links=("pipe",), family="scm")
    issue = Issue("kql-syntax", "a word too many", Span("mine.md", 3, 4, 2, "| where where"), "drop it")
    return Result(
        findings=Findings([first, second, plain]),
        report=ImportReport(
            files=(
                FileReport("logs/winlogbeat.ndjson", "", "json lines", 100, 90, {"event id not used": 10}),
                FileReport("logs/a.evtx", "", "evtx", 0, 0, {}, "no telemetry", 2),
            ),
            tables={"DeviceProcessEvents": 50, "DeviceNetworkEvents": 40, "DeviceEvents": 0},
            clocks=(
                Clock("ws3.corp.example.com", "Sysmon network events", 0.36, "Security 5156 of the same ports", 9),
            ),
            orientation={"guessed": 3},
            names=(Name("ws3.corp.example.com", ("WS3",)),),
            duplicates={"4688": 4},
            oldest=START.replace(tzinfo=None),
            newest=(START + timedelta(hours=2)).replace(tzinfo=None),
            issues=(Issue("import-cut-file", "logs/a.evtx: cut off", hint="copy it again"),),
        ),
        rules_run=tuple(RuleRun(rule, 1, 2, 0.3) for rule in read_catalog().rules),
        rules_failed=(RuleFailure("mine.md", None, (issue,)),),
        warnings=(Issue("table-empty", "DeviceEvents holds no rows", None, "", Severity.WARNING),),
        now=START,
        filters=(
            FilterRun("known-admins", "patching by ws1", "it@example.com", "2027-01-01", "applied", ("x",), 4, 1),
        ),
        suppressed=(Suppressed("known-admins", first),),
    )


def hostile() -> Result:
    """A result in which every text is one of the hostile ones."""
    counter = iter(range(10_000_000))

    def spoiled(value):
        if isinstance(value, str):
            return text_of(next(counter))
        if isinstance(value, tuple):
            return tuple(spoiled(each) for each in value)
        if hasattr(value, "__dataclass_fields__"):
            kept = {
                "id",
                "severity",
                "confidence",
                "strength",
                "family",
                "known_by",
                "role",
                "kind",
                "table",
                "findings",
            }
            return replace(
                value,
                **{name: spoiled(getattr(value, name)) for name in value.__dataclass_fields__ if name not in kept},
            )
        return value

    result = full()
    findings = [replace(spoiled(finding(number)), id=f"{number:016x}") for number in range(2 * len(HOSTILE))]
    return replace(
        result,
        findings=Findings(findings),
        report=spoiled(result.report),
        rules_failed=spoiled(result.rules_failed),
        warnings=spoiled(result.warnings),
        filters=spoiled(result.filters),
    )


def many(count: int) -> Result:
    """A result of so many findings, over as many hosts as a large intrusion has."""
    found = [finding(number, f"ws{number % 90}.corp.example.com", f"ws{number % 7 + 200}") for number in range(count)]
    return replace(full(), findings=Findings(found))

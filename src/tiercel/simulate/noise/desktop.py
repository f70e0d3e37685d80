"""What users do: browsers, documents, mail, files on a share, a print-out; and the search index that follows them."""

from __future__ import annotations

from tiercel.simulate.noise.casting import Noise
from tiercel.simulate.story import AccessShare, Connect, LogOn, OpenPipe, Start, Story

__all__ = ["NOISES"]

_EDGE = r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe"
_OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16\\"
_SITES = ("203.0.113.10", "203.0.113.77", "198.51.100.23", "198.51.100.180", "192.0.2.44")
"""Addresses for documentation (RFC 5737), standing for the internet."""


def _document(program: str, extension: str) -> Start:
    return Start(
        image=f"{_OFFICE}{program}",
        command_line=f'"{_OFFICE}{program}" "\\\\FS01\\teams\\report{{number}}.{extension}"',
        parent="explorer",
        after=(0, 1),
        lasts=(60, 3000),
    )


NOISES = (
    Noise(
        story=Story(
            "browser",
            (
                Start(
                    label="edge",
                    image=_EDGE,
                    command_line=f'"{_EDGE}" --profile-directory=Default',
                    parent="explorer",
                    after=(0, 1),
                    lasts=(60, 3000),
                ),
                Start(
                    image=_EDGE,
                    command_line=f'"{_EDGE}" --type=renderer --lang=en-US --renderer-client-id={{number}}',
                    parent="edge",
                    integrity="Low",
                    after=(0.2, 0.8),
                    lasts=(30, 60),
                ),
                Connect(source="target", at="target", by="edge", address=_SITES, port=443, after=(0.2, 3)),
                Connect(source="target", at="target", by="edge", address=_SITES, port=443, after=(0.1, 9)),
            ),
        ),
        roles=("workstation",),
        per_day=14,
        when="desk",
    ),
    Noise(
        story=Story("Word document", (_document("WINWORD.EXE", "docx"),)),
        roles=("workstation",),
        per_day=5,
        when="desk",
    ),
    Noise(
        story=Story("Excel document", (_document("EXCEL.EXE", "xlsx"),)), roles=("workstation",), per_day=5, when="desk"
    ),
    Noise(
        story=Story(
            "file share",
            (
                Connect(label="smb", source="source", at="files", by="system", on="system", port=445, after=(0, 1)),
                LogOn(label="session", at="files", account="caller", over="smb"),
                AccessShare(at="files", over="smb", session="session", share=r"\\*\teams"),
                AccessShare(
                    at="files",
                    over="smb",
                    session="session",
                    share=r"\\*\teams",
                    file="report{number}.xlsx",
                    mask="0x120089",
                ),
            ),
        ),
        roles=("workstation",),
        per_day=9,
        when="desk",
        driver="source",
        others={"files": ("files",)},
    ),
    Noise(
        story=Story(
            "print over SMB",
            (
                Connect(label="smb", source="source", at="print", by="system", on="system", port=445, after=(0, 1)),
                LogOn(label="session", at="print", account="caller", over="smb"),
                AccessShare(at="print", over="smb", session="session"),
                AccessShare(at="print", over="smb", session="session", file="spoolss", mask="0x12019f"),
            ),
        ),
        roles=("workstation",),
        per_day=2,
        when="desk",
        driver="source",
        others={"print": ("print",)},
    ),
    Noise(
        story=Story(
            "print over RPC",
            (
                Connect(source="source", at="print", by="spooler", on="rpcss", port=135, after=(0, 1)),
                Connect(label="rprn", source="source", at="print", by="spooler", on="spooler", after=(0.003, 0.05)),
                LogOn(at="print", account="caller", over="rprn"),
            ),
        ),
        roles=("workstation",),
        per_day=2,
        when="desk",
        driver="source",
        others={"print": ("print",)},
    ),
    Noise(
        story=Story(
            "search index",
            (
                Start(
                    image=r"C:\Windows\System32\SearchProtocolHost.exe",
                    command_line=(
                        r'"C:\Windows\system32\SearchProtocolHost.exe" '
                        r"Global\UsGthrFltPipeMssGthrPipe{number}_ 1 -2147483646"
                    ),
                    parent="searchindexer",
                    after=(0, 1),
                    lasts=(60, 120),
                ),
                Start(
                    image=r"C:\Windows\System32\SearchFilterHost.exe",
                    command_line=r'"C:\Windows\system32\SearchFilterHost.exe" 0 768 772 780 8192 776 ',
                    parent="searchindexer",
                    integrity="Medium",
                    after=(0.005, 0.05),
                    lasts=(60, 120),
                ),
                OpenPipe(process="searchindexer", pipe=r"\MsFteWds", after=(0.01, 0.2)),
            ),
        ),
        roles=("workstation",),
        per_day=12,
        when="desk",
    ),
)

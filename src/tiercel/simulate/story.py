"""The words a story is told in: what can happen on a host, as steps with a place, an order and a delay.

A story is one thing that happens, say an Office server that a script starts, or an attack. It is written once and
told for any number of occurrences at a time (see telling.py): noise and attacks are the same kind of thing.

Places are actors (`target`, `source`, `dc`, ...): the cast says which host plays which. Processes are named by the
label of the step that starts them, or by the name of a process that every host runs (fleet.STANDING). Sessions are
named likewise: the label of a `LogOn`, or `system`, `network service`, `local service`, `desktop`, `machine`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AccessShare",
    "CallRpc",
    "Connect",
    "InstallService",
    "LoadImage",
    "LogOn",
    "OpenPipe",
    "RegisterTask",
    "SetValue",
    "Start",
    "Step",
    "Story",
    "Subscribe",
]

Choice = str | tuple[str, ...]
"""A text, or several of which each occurrence takes one. `{name}` stands for the cast's column of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happens `after` so many seconds (from, to) since another step, by default the one before.

    `withheld` means that it happens and leaves no event: throttled, not configured, or cut off with the log.
    """

    label: str = ""
    at: str = "target"
    after: tuple[float, float] = (0.001, 0.02)
    since: str = ""
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Step):
    """A process starts. `claimed_parent` is what the log names as parent when it was spoofed."""

    image: Choice
    command_line: Choice
    parent: str
    session: str = ""
    integrity: str = ""
    claimed_parent: str = ""
    lasts: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Step):
    """A TCP connection from one actor's process to another's: two events, one on each side that is watched.

    `port` is the port that is listened on: a number, or 0 for the listening process's own RPC port. `by` or `on` may be
    empty: that side is no host of the fleet, or its process is not told of. `address` gives a peer outside the fleet.
    """

    source: str = "source"
    by: str = ""
    on: str = ""
    port: int = 0
    address: Choice = ""
    loopback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOn(Step):
    """A session begins, for the account `account`: `caller`, `desktop` or `machine` (the source host's own)."""

    logon_type: int = 3
    account: str = "caller"
    over: str = ""
    package: str = "Kerberos"
    process: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessShare(Step):
    """A share is opened by a remote session; with `file`, a file or pipe below it.

    On an administrative share, a mask that holds the right to write leaves a new file as well. On IPC$, Sysmon sees the
    pipe being opened by System. `audited` is whether the Security log tells of the object (detailed file share).
    """

    over: str
    session: str
    share: str = r"\\*\IPC$"
    file: Choice = ""
    mask: str = "0x12019f"

    audited: bool = True

    @property
    def is_pipe(self) -> bool:
        """Whether the object is a named pipe."""
        return bool(self.file) and self.share.endswith("IPC$")

    @property
    def writes(self) -> bool:
        """Whether a file appears on the disk."""
        return bool(self.file) and self.share.endswith(("ADMIN$", "C$")) and int(self.mask, 16) & 0x2 != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPipe(Step):
    """A named pipe is created or connected to by a process."""

    process: str
    pipe: Choice
    created: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallService(Step):
    """A service is written into the service manager's database, and so into the registry."""

    session: str
    service: Choice
    image_path: Choice
    start_type: str = "demand start"
    account: str = "LocalSystem"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValue(Step):
    """A process writes a registry value; the key begins with the hive's short name (HKLM)."""

    process: str
    key: Choice
    value: Choice
    data: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadImage(Step):
    """A process maps a file as an image; `signature` is empty for an unsigned file."""

    process: str
    image: Choice
    signature: str = "Microsoft Windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTask(Step):
    """A scheduled task is registered."""

    session: str
    task: Choice
    content: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe(Step):
    """A WMI event filter, a consumer and their binding are written; `script` is what the consumer runs."""

    session: str
    name: Choice
    query: str
    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRpc(Step):
    """A remote procedure call arrives over a connection (seen by Defender alone)."""

    over: str
    session: str
    process: str
    interface: str
    interface_name: str
    operation: int
    operation_name: str


@dataclass(frozen=True, slots=True)
class Story:
    """Steps in the order of telling. Steps that nothing later refers to need no label."""

    name: str
    steps: tuple[Step, ...] = field(default_factory=tuple)

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Story:
        """The same story with some steps' fields replaced, by label.

        Raises:
            KeyError: when no step has such a label.

        """
        labels = {step.label for step in self.steps}
        for label in changes:
            if label not in labels:
                raise KeyError(label)
        return Story(self.name, tuple(replace(step, **changes.get(step.label, {})) for step in self.steps))

    def without(self, *labels: str) -> Story:
        """The same story without the steps of those labels."""
        return Story(self.name, tuple(step for step in self.steps if step.label not in labels))

    def step(self, label: str) -> Step:
        """The step of that label.

        Raises:
            KeyError: when no step has it.

        """
        for step in self.steps:
            if step.label == label:
                return step
        raise KeyError(label)

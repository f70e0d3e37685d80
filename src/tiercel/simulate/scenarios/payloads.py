"""Command lines that attackers' tools leave, with nothing in them: the encoded script only writes a word."""

from __future__ import annotations

import base64

__all__ = ["ADMIN_SHARE_OUTPUT", "ENCODED_POWERSHELL", "POWERSHELL", "SERVICE_COMMAND"]

POWERSHELL = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
_SCRIPT = base64.b64encode("Write-Output 'simulated'".encode("utf-16-le")).decode()
ENCODED_POWERSHELL = rf"C:\Windows\System32\WindowsPowershell\v1.0\powershell -noP -sta -w 1 -enc  {_SCRIPT}"
SERVICE_COMMAND = f"%COMSPEC% /C start /b {ENCODED_POWERSHELL}"
ADMIN_SHARE_OUTPUT = r'"C:\Windows\System32\cmd.exe" /Q /c whoami /all 1> \\127.0.0.1\ADMIN$\__{number} 2>&1'

"""`python -m tiercel.cli` is the command `tiercel`."""

from __future__ import annotations

import sys

from tiercel.cli.program import main

if __name__ == "__main__":
    sys.exit(main())

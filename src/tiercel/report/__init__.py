"""The report: a hunt's result as one self-contained HTML page that needs no network and reads on paper.

Takes a saved result and the folder its logs lie in; gives the page's text. `context` is what the templates may use.
May import tiercel.saved and every room below it; `jinja2` is imported here alone, in html.
"""

from __future__ import annotations

from tiercel.report.html import write_page

__all__ = ["write_page"]

"""The page as HTML: the one place where jinja2 is used, with everything escaped and nothing undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from tiercel.report.context import Page

__all__ = ["environment", "render"]


def environment() -> Environment:
    """The template engine: what is undefined is an error, what is a value is escaped."""
    return Environment(
        loader=PackageLoader("tiercel.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(page: Page) -> str:
    """The page's text. Every value is escaped by the template engine but those that the shell marks as ours."""
    return environment().get_template("page.html.jinja").render(page=page)

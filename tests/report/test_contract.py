"""The templates use the declared context: every field, and nothing else."""

from __future__ import annotations

import dataclasses
from importlib import resources

import pytest
from jinja2 import nodes
from markupsafe import Markup
from tests.report import samples

from tiercel.report import context
from tiercel.report.html import environment
from tiercel.report.page import read_page
from tiercel.saved import Saved

DECLARED = {
    (kind.__name__, field.name)
    for kind in vars(context).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    for field in dataclasses.fields(kind)
}
TEMPLATES = sorted(
    each.name for each in (resources.files("tiercel.report") / "templates").iterdir() if each.name.endswith(".jinja")
)
OF_JINJA = {"last", "raw", "tree", "issue"}
"""What templates ask of the loop, and the macros that they share."""


def recording(used):
    made = environment()

    class Recording(type(made)):
        def getattr(self, obj, attribute):
            if dataclasses.is_dataclass(obj):
                used.add((type(obj).__name__, attribute))
            return super().getattr(obj, attribute)

    made.__class__ = Recording
    return made


def test_what_is_rendered_is_what_is_declared():
    used = set()
    page = read_page(Saved(samples.full(), ""), {})
    recording(used).get_template("page.html.jinja").render(page=page)
    # A page of findings alone leaves out other parts.
    recording(used).get_template("page.html.jinja").render(
        page=read_page(Saved(samples.full(), "", is_whole=False), {})
    )
    assert used == DECLARED


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_names_declared_fields_alone(name):
    source, _, _ = environment().loader.get_source(environment(), name)
    tree = environment().parse(source)
    fields = {field for _, field in DECLARED}
    asked = {node.attr for node in tree.find_all(nodes.Getattr)}
    assert asked <= fields | OF_JINJA
    assert not {node.name for node in tree.find_all(nodes.Filter)} - {"length"}, "no filter switches escaping off"
    assert not list(tree.find_all(nodes.MarkSafe))


def test_every_class_of_the_context_is_frozen_and_exported():
    kinds = {name for name, each in vars(context).items() if isinstance(each, type) and dataclasses.is_dataclass(each)}
    assert kinds == set(context.__all__)
    assert all(getattr(context, name).__dataclass_params__.frozen for name in kinds)


def test_only_the_shell_is_trusted():
    def markup(value, place):
        if isinstance(value, Markup):
            yield place
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from markup(getattr(value, field.name), f"{place}.{field.name}")
        elif isinstance(value, tuple):
            for each in value:
                yield from markup(each, f"{place}[]")

    found = set(markup(read_page(Saved(samples.hostile(), ""), {}), "page"))
    assert found == {"page.shell.style", "page.shell.script", "page.shell.data", "page.shell.events"}

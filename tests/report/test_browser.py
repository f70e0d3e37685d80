"""The page in a real browser: silent, closed, quick to use by keyboard, and deaf to what events say."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from tests.report import samples
from tests.report.conftest import written

WIDE = {"width": 1280, "height": 900}


@pytest.fixture
def opened(browser):
    """Opens a page of its own context and watches it: what it logs, asks for and opens must be nothing."""
    contexts, wrong = [], []

    def open_page(path, **options):
        context = browser.new_context(viewport=options.pop("viewport", WIDE), reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        place = path.as_uri() if hasattr(path, "as_uri") else path
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: wrong.append(f"popup {popup.url}"))
        page.on(
            "request",
            lambda request: (
                wrong.append(request.url) if request.url.partition("#")[0] != place.partition("#")[0] else None
            ),
        )
        page.goto(place)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def first(page):
    return page.locator("article.finding").first


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["full", "hostile"])
def test_it_renders_without_a_word_and_asks_for_nothing(opened, pages, name, scheme):
    page = opened(pages / f"{name}.html", color_scheme=scheme)
    assert page.locator("#graph svg .edge").count()
    assert page.locator("#timeline-picture .dot").count()
    page.locator("#open-all").click()
    for button in page.locator("[data-event] > button:visible").all()[:6]:
        button.click()
    page.locator("pre.event", has_text="logs").or_(page.locator("pre.event").first).first.wait_for()
    assert "owned" not in page.title().partition("finding")[0]
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, [onerror], [onload]').length") == 0
    assert page.evaluate("getComputedStyle(document.body).display") == "block"


def test_nothing_but_its_own_script_runs(opened, pages, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto((pages / "full.html").as_uri())
    refused = page.evaluate(
        """async () => {
            const refused = [];
            document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<b onclick='window.ran = true' id='planted'>x</b>");
            document.getElementById("planted").click();
            document.body.insertAdjacentHTML("beforeend", "<b style='color: red'>x</b>");
            document.body.append(Object.assign(new Image(), { src: "https://example.com/x.png" }));
            await fetch("https://example.com/").catch(() => {});
            await new Promise((done) => setTimeout(done, 300));
            return [window.ran ?? false, ...new Set(refused)];
        }"""
    )
    context.close()
    assert refused[0] is False
    assert {"script-src-elem", "script-src-attr", "style-src-attr", "img-src", "connect-src"} <= set(refused[1:])


def test_a_finding_is_reached_opened_and_read_by_keyboard(opened, pages):
    page = opened(pages / "full.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.finding summary')"):
            break
    page.keyboard.press("Enter")
    assert first(page).locator("details").evaluate("each => each.open")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-event] > button')"):
            break
    page.keyboard.press("Enter")
    first(page).locator("pre.event", has_text='"n": 100').wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Enter")
    assert not first(page).locator("pre.event").count()


def test_the_pictures_lead_to_findings_by_keyboard(opened, pages):
    page = opened(pages / "full.html")
    for picture in ("#graph .edge", "#timeline-picture .dot"):
        mark = page.locator(picture).last
        assert mark.get_attribute("role") == "button"
        assert " " in mark.get_attribute("aria-label")
        mark.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("document.activeElement.matches('.is-target summary')")
        assert page.locator(".is-target details").evaluate("each => each.open")


def test_a_link_to_a_finding_opens_it_whatever_is_filtered(opened, pages):
    page = opened(f"{(pages / 'full.html').as_uri()}#finding-{2:016x}")
    page.wait_for_function("document.activeElement.matches('.is-target summary')")
    assert page.locator(".is-target").get_attribute("id") == f"finding-{2:016x}"
    page.locator("#search").fill("no such text anywhere")
    assert page.locator("article.finding:visible").count() == 0
    page.locator("#movement a.id").first.click()
    assert page.locator(".is-target:visible").count() == 1


def test_findings_are_searched_filtered_and_sorted(opened, pages):
    page = opened(pages / "full.html")
    listed = page.locator("article.finding:visible")
    assert listed.count() == 3
    page.locator("#search").fill("dc1 whoami")
    assert page.locator("#matching").text_content() == "1 of 3 findings"
    assert listed.first.locator(".way").text_content().endswith("dc1")
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.getElementById('matching').textContent === '3 findings'")
    page.locator("input[name=severity][value=critical]").uncheck()
    assert listed.count() == 2
    page.locator("input[name=severity][value=critical]").check()
    page.locator("#sort").select_option("severity")
    assert [each.get_attribute("data-severity") for each in listed.all()] == ["critical", "medium", "low"]
    page.locator("#device").select_option("ws9")
    assert listed.count() == 1


def test_response_steps_are_in_an_opened_finding(opened, pages):
    page = opened(pages / "full.html")
    first(page).locator("summary").click()
    assert "Identify the caller" in first(page).locator(".response li").first.text_content()


def test_light_and_dark_follow_the_system_and_the_button(opened, pages):
    page = opened(pages / "full.html", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(background) != dark
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(background) == dark


def test_every_text_stands_out_from_its_background(opened, pages):
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    for scheme in ("light", "dark"):
        page = opened(pages / "full.html", color_scheme=scheme)
        page.locator("#open-all").click()
        faint = page.evaluate(
            """() => {
                const parts = (color) => color.match(/[\\d.]+/g).map(Number);
                const light = (color) => {
                    const [r, g, b] = parts(color).map((each) => {
                        const part = each / 255;
                        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
                    });
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const behind = (element) => {
                    for (let each = element; each; each = each.parentElement) {
                        const color = getComputedStyle(each).backgroundColor;
                        if (parts(color)[3] !== 0) return color;
                    }
                    return "rgb(255, 255, 255)";
                };
                const texts = [...document.querySelectorAll("main *, header *, footer *")].filter((each) =>
                    each.checkVisibility() && !each.closest("svg") &&
                    [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
                return texts.map((each) => {
                    const pair = [light(getComputedStyle(each).color), light(behind(each))];
                    const [one, other] = pair.sort((a, b) => b - a);
                    return [(one + 0.05) / (other + 0.05), each.className || each.tagName];
                }).filter(([ratio]) => ratio < 4.5);
            }"""
        )
        assert not faint, scheme


def test_landmarks_headings_and_names_are_there(opened, pages):
    page = opened(pages / "full.html")
    for role in ("banner", "navigation", "main", "contentinfo", "search"):
        assert page.get_by_role(role).count() == 1, role
    assert page.locator("h1").count() == 1
    page.locator("#open-all").click()
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map((each) => Number(each.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, [role=button], [role=region], [role=img]")]
            .filter((each) => !(each.getAttribute("aria-label") ?? each.textContent).trim() && !each.labels?.length)
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert not unnamed
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))


def test_paper_shows_every_finding_whole(opened, pages):
    page = opened(pages / "full.html")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(each.is_visible() for each in page.locator(".finding .body").all())
    assert page.locator(".filters:visible, nav:visible, [data-event] > button:visible").count() == 0
    assert "Identify the caller" in page.locator(".response").first.text_content()
    assert len(page.pdf()) > 10_000


def test_a_narrow_screen_needs_no_sideways_scrolling(opened, pages):
    for name in ("full", "hostile"):
        page = opened(pages / f"{name}.html", viewport={"width": 390, "height": 800})
        page.locator("#open-all").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


def test_without_a_script_everything_told_can_still_be_read(opened, pages):
    page = opened(pages / "full.html", java_script_enabled=False)
    assert page.locator("#movement table tbody tr").count() == 3
    first(page).locator("summary").click()
    assert first(page).locator(".steps li").first.is_visible()
    assert page.locator(".filters:visible, #graph:visible, #theme:visible").count() == 0


def test_five_hundred_findings(opened, tmp_path, capsys):
    path = written(samples.many(500), tmp_path, "many")
    begun = time.perf_counter()
    page = opened(path)
    page.wait_for_function("document.querySelectorAll('.dot').length === 500")
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    page.locator("#search").fill("ws200")
    page.wait_for_function("document.getElementById('matching').textContent.includes(' of 500')")
    searched = time.perf_counter() - begun
    size = path.stat().st_size / 1e6
    with capsys.disabled():
        print(f"\n500 findings, {size:.2f} MB: drawn in {seconds:.2f} s, searched in {searched:.2f} s")  # noqa: T201  a measure, not a test
    assert size < 5

"""report.html in a browser: offline, without errors, at any width, in light and dark."""

from __future__ import annotations

import pytest

from harness.reports import build_report, write_report

pytestmark = pytest.mark.browser

RUNS = {
    "promote": ("contracts-v2",),
    "reject": ("contracts-v2", "contracts-deluge", "base"),
    "reject with all that a gate can say": ("contracts-deluge",),
}
WIDTHS = (380, 1280)
SCHEMES = ("light", "dark")
HEIGHT = 800


@pytest.fixture(scope="module", params=RUNS)
def report(request, synthetic, tmp_path_factory):
    """A written report: the verdict in its name, and its address."""
    if "all" in request.param:
        weak = synthetic.SKILLS["contracts-deluge"] | {"classify": 0.5, "extract": 0.4}
        world = synthetic.World(skills=synthetic.SKILLS | {"contracts-deluge": weak})
        run = synthetic.furnished(synthetic.make_record(*RUNS[request.param], world=world))
        run = synthetic.mutated(run)
    else:
        run = synthetic.make_record(*RUNS[request.param])
    paths = write_report(build_report(run), tmp_path_factory.mktemp("report"))
    return request.param.split()[0], paths.html.as_uri()


def test_page_is_offline_clean_and_fits(opened, report):
    """One request, the file itself; no complaint, also none of its policy; no sideways scroll."""
    _, address = report
    with opened(address) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.asked == [address]
        assert page.complaints == []


def test_policy_stops_what_is_not_ours(opened, report):
    """Control: a style attribute, a script and an image are refused, so the policy is in force."""
    _, address = report
    with opened(address) as page:
        page.evaluate(
            """() => { window.refused = 0;
                 addEventListener('securitypolicyviolation', () => window.refused++);
                 const html = '<img src="https://example.invalid/x.png">' +
                 '<p id="red" style="color: rgb(1, 2, 3)">x</p>';
                 document.body.insertAdjacentHTML('beforeend', html);
                 const script = document.createElement('script');
                 script.textContent = 'window.ran = true'; document.body.append(script); }"""
        )
        assert page.evaluate("window.ran === undefined")
        assert page.evaluate("getComputedStyle(document.querySelector('#red')).color") != (
            "rgb(1, 2, 3)"
        )
        page.wait_for_function("window.refused === 3")


def test_verdict_is_on_the_first_screen(opened, report):
    """The word, the sentence and the first loss are seen without scrolling."""
    name, address = report
    with opened(address) as page:
        seen = [".word", "h1"] if name == "promote" else [".word", "h1", ".losses li"]
        assert page.locator(".word").first.inner_text().strip() == name.upper()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            for part in seen:
                box = page.locator(part).first.bounding_box()
                assert box["y"] + box["height"] < HEIGHT


def test_text_has_contrast_in_light_and_dark(opened, report):
    """Every text reaches 4.5:1 against what lies behind it, and dark is dark."""
    _, address = report
    with opened(address) as page:
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            colours = page.evaluate(_COLOURS)
            assert len(colours) > 200
            for ink, paper, text in colours:
                assert _contrast(ink, paper) >= 4.5, text
            lightness = _luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert (lightness < 0.05) == (scheme == "dark")


def test_everything_is_there_without_scripts(opened, report):
    """Checks open, flips unfold, and no filter promises what cannot work."""
    _, address = report
    with opened(address, java_script_enabled=False) as page:
        row = page.locator("details.row").first
        row.locator("summary").click()
        assert row.locator(".detail").is_visible()
        assert not page.locator("#browse").is_visible()
        assert not page.locator("nav .scripted").is_visible()
        assert page.locator(".flip").first.is_visible()


def test_rows_open_by_keyboard(opened, report):
    """A line of the plot can be reached and opened without a mouse."""
    _, address = report
    with opened(address) as page:
        row = page.locator("details.row").first
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        assert row.locator(".detail").is_visible()


def test_plot_draws_what_the_row_says(opened, report):
    """In pixels: an interval right of its limit on a row that passed, on or left of it else."""
    _, address = report
    with opened(address) as page:
        rows = page.evaluate(
            """() => [...document.querySelectorAll('details.row')].filter(
                 row => row.querySelector('.zero') && row.querySelector('line.limit')).map(row => ({
                   state: row.querySelector('.state').textContent.trim(),
                   limit: row.querySelector('line.limit').getBoundingClientRect().x,
                   low: row.querySelector('line.span').getBoundingClientRect().x }))"""
        )
        assert len(rows) >= 5
        for row in rows:
            assert (row["low"] > row["limit"]) == (row["state"] == "pass"), row


def test_print_shows_details_and_hides_controls(opened, report):
    """On paper there is nothing to click."""
    _, address = report
    with opened(address, 794) as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#browse").is_visible()
        assert page.locator(".detail").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 794


# [ink, paper, text] of every element that has text of its own and is seen.
_COLOURS = """() => {
  const clear = node => getComputedStyle(node).backgroundColor.endsWith(', 0)');
  const own = node => [...node.childNodes].some(c => c.nodeType == 3 && c.data.trim());
  const seen = node => node.checkVisibility() && !node.closest('.unseen');
  return [...document.querySelectorAll('body *')].filter(n => own(n) && seen(n)).map(node => {
    let back = node;
    while (back.parentElement && clear(back)) back = back.parentElement;
    const style = getComputedStyle(node);
    const ink = node.namespaceURI.endsWith('svg') ? style.fill : style.color;
    return [ink, getComputedStyle(back).backgroundColor, node.textContent.slice(0, 40)];
  });
}"""


def _luminance(colour):
    """Relative luminance of ``rgb(r, g, b)``, as WCAG 2 defines it."""
    parts = [float(p) / 255 for p in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)

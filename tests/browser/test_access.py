"""report.html for everybody: axe-core finds nothing, and every way to look at it has a picture."""

from __future__ import annotations

import base64

import pytest
from axe_playwright_python.sync_playwright import Axe

from harness.reports import build_report, write_report

pytestmark = pytest.mark.browser

LIGHTNESS = """async png => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 200, height: 200 });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 200, 200);
  const { data } = context.getImageData(0, 0, 200, 200);
  const light = Array.from({ length: 40_000 }, (_, at) =>
    (data[4 * at] + data[4 * at + 1] + data[4 * at + 2]) / 765).sort((a, b) => a - b);
  return { darkest: light[0], middle: light[20_000], lightest: light[39_999] };
}"""


@pytest.fixture(scope="module")
def address(synthetic, tmp_path_factory):
    """A refused candidate beside a good one, with all that a gate can add."""
    run = synthetic.furnished(synthetic.make_record("contracts-v2", "contracts-deluge"))
    paths = write_report(build_report(synthetic.mutated(run)), tmp_path_factory.mktemp("report"))
    return paths.html.as_uri()


@pytest.mark.parametrize("width", [1280, 380])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, address, scheme, width):
    """Everything unfolded and a case open; all rules of axe-core, best practices included."""
    with opened(address, width, color_scheme=scheme) as page:
        page.locator("#browse [role=gridcell]").first.click()
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_axe_would_find_something(opened, address):
    """Control: a field without a name is found."""
    with opened(address) as page:
        page.evaluate("document.querySelector('main').append(document.createElement('input'))")
        assert "label" in {one["id"] for one in Axe().run(page).response["violations"]}


@pytest.mark.parametrize("way", ["light", "dark", "print"])
def test_screenshots_are_light_dark_and_on_paper(browser, opened, address, tmp_path, way):
    """In pixels: paper is white even where the screen is dark, and there is ink on it."""
    options = {"color_scheme": "light" if way == "light" else "dark"}
    with opened(address, **options) as page:
        if way == "print":
            page.emulate_media(media="print")
            assert page.pdf().count(b"/Type /Page\n") > 3
        picture = base64.b64encode(page.screenshot()).decode()
    blank = browser.new_page()
    seen = blank.evaluate(LIGHTNESS, picture)
    blank.close()
    assert seen["lightest"] - seen["darkest"] > 0.5
    assert (seen["middle"] < 0.2) == (way == "dark")
    assert (seen["middle"] > 0.9) == (way != "dark")

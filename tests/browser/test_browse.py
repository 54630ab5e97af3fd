"""All cases in a browser: searched, filtered, sorted, opened by key and by address."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from urllib.parse import quote

import pytest

from harness.reports import build_report, write_report

pytestmark = pytest.mark.browser

GRID = "#browse [role=grid]"
FULL = "#browse .full"


@pytest.fixture(scope="module")
def written(synthetic, tmp_path_factory):
    """A report of two candidates with all that a gate can add, and its address."""
    run = synthetic.mutated(synthetic.furnished(synthetic.make_record("contracts-v2", "base")))
    report = build_report(run)
    paths = write_report(report, tmp_path_factory.mktemp("report"))
    return report, paths.html.as_uri()


def told(page):
    """How many cases the page says that it shows, and of how many."""
    shown, _, total = page.locator("#browse output").inner_text().partition(" of ")
    return int(shown.replace(",", "")), int(total.split()[0].replace(",", ""))


def choose(page, **values):
    for name, value in values.items():
        page.locator(f"#browse select[name={name}]").select_option(label=value)


def column(page, at):
    """The texts of a column, as far as it is in sight."""
    return [
        row.locator("[role=gridcell]").nth(at).inner_text().strip()
        for row in page.locator(f"{GRID} .tbody [role=row]").all()
    ]


def test_states_are_those_of_the_report(opened, written):
    """Of either candidate, what is lost and won is what the report lists as flips."""
    report, address = written
    with opened(address) as page:
        for candidate in report.candidates:
            choose(page, candidate=candidate.name, origin="data")
            listed = Counter("lost" if flip.lost else "won" for flip in candidate.flips.cases)
            for state in ("lost", "won"):
                choose(page, state=state)
                assert told(page)[0] == listed[state]
            choose(page, state="all states")
        total = sum(len(task.samples) for task in report.rows)
        choose(page, origin="all cases")
        assert told(page) == (total, total)


def test_search_looks_into_every_text(opened, written):
    """Ids, slices, prompts and answers, whatever their case; together with the lists."""
    report, address = written
    with opened(address) as page:
        field = page.locator("#browse input[type=search]")
        total = told(page)[1]
        field.fill("ARITHMETIC-0007")
        assert told(page) == (1, total)
        field.fill("Section 12. notwithstanding")
        assert told(page)[0] == 1
        field.fill("s3ction 12.")  # what the mutation made of it
        assert set(column(page, 2)) == {"classify-0012"}
        field.fill("nowhere to be found")
        assert told(page) == (0, total)
        field.fill("force majeure")
        everywhere = told(page)[0]
        choose(page, task="demo/general recall")
        assert 0 < told(page)[0] < everywhere
        field.fill("")
        recall = next(task for task in report.rows if task.task == "recall")
        assert told(page)[0] == len(recall.samples)
        choose(page, slice="long")
        assert told(page)[0] == recall.slices["length"].count("long")


def test_columns_sort_both_ways(opened, written):
    """A click sorts, another turns it round, and the header says so."""
    _, address = written
    with opened(address) as page:
        headers = page.locator(f"{GRID} [role=columnheader]")
        score = headers.filter(has_text="contracts-v2")
        at = headers.all_inner_texts().index(score.inner_text())
        for way, first in (("ascending", "0"), ("descending", "1")):
            score.locator("button").click()
            assert score.get_attribute("aria-sort") == way
            assert set(column(page, at)) == {first}
        for button in headers.locator("button").all():
            button.click()
            assert told(page)[0] == told(page)[1]
        assert page.complaints == []
        headers.filter(has_text="Case").locator("button").click()
        assert score.get_attribute("aria-sort") == "none"
        names = column(page, 2)
        assert names == sorted(names)
        assert names[0].startswith("agreement")


def test_a_case_opens_by_keys_and_gives_the_focus_back(opened, written):
    """Down and Enter open it, Escape leads back to the row; the address names it."""
    _, address = written
    with opened(address) as page:
        page.locator(GRID).focus()
        page.keyboard.press("ArrowDown")
        active = page.locator(GRID).get_attribute("aria-activedescendant")
        name = page.locator(f"#{active} [role=gridcell]").nth(2).inner_text()
        page.keyboard.press("Enter")
        assert page.locator(f"{FULL} h3 code").inner_text() == name
        assert page.evaluate("document.activeElement.classList.contains('full')")
        assert page.url.endswith(f"/{name}")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"
        page.keyboard.press("End")
        rows = int(page.locator(GRID).get_attribute("aria-rowcount"))
        selected = page.locator(f"{GRID} [role=row][aria-selected=true]")
        assert int(selected.get_attribute("aria-rowindex")) == rows
        assert selected.is_visible()
        page.keyboard.press("Home")
        assert selected.get_attribute("aria-rowindex") == "2"
        assert page.complaints == []


def test_a_row_shows_the_scorer_that_decided(opened, synthetic, tmp_path):
    """Lost by the second of two scorers: its name and its scores, not the first one's."""
    run = synthetic.make_record("contracts-v2")
    mine = next(arm for arm in run.arms if arm.name == "contracts-v2").digest
    graded = [
        replace(score, scorer="grounded", value=0.25 if score.arm == mine else 1.0)
        for score in run.scores
        if score.scorer == "accuracy"
    ]
    report = build_report(replace(run, scores=(*run.scores, *graded)))
    with opened(write_report(report, tmp_path).html.as_uri()) as page:
        choose(page, state="lost", task="demo/clauses extract")
        page.locator(f"{GRID} [role=columnheader] button", has_text="contracts-v2").click()
        rows = page.locator(f"{GRID} .tbody [role=row]")
        first = rows.first.locator("[role=gridcell]").all_inner_texts()
        assert (first[1], *first[4:6]) == ("extract.accuracy demo/clauses", "1", "0")
        page.locator(GRID).focus()
        page.keyboard.press("End")
        last = rows.last.locator("[role=gridcell]").all_inner_texts()
        assert (last[1], *last[4:6]) == ("extract.grounded demo/clauses", "1", "0.25")


def test_a_click_opens_a_case(opened, written):
    """The row under the pointer, with prompt, target, and every arm's answer and scores."""
    report, address = written
    with opened(address) as page:
        row = page.locator(f"{GRID} .tbody [role=row]").nth(3)
        name = row.locator("[role=gridcell]").nth(2).inner_text()
        row.click()
        full = page.locator(FULL)
        assert full.locator("h3 code").inner_text() == name
        assert full.locator(".answer dt").count() == 1 + len(report.arms)
        assert full.locator(".answer.candidate .scores").first.inner_text() == "accuracy\xa01"


def test_an_address_leads_to_its_case(opened, written):
    """At once, from the flips, and on a mutated case; one that is not there is told."""
    report, address = written
    task = report.rows[0]
    mutated = next(at for at, origin in enumerate(task.origins) if origin == "negation")
    place = f"{quote(task.suite, safe='')}/{task.task}/{task.samples[mutated]}"
    with opened(f"{address}#case={place}/negation") as page:
        text = page.locator(FULL).inner_text()
        assert "negation" in text
        assert task.prompts[mutated].splitlines()[0] in text
        selected = page.locator(f"{GRID} [role=row][aria-selected=true]")
        assert selected.locator("[role=gridcell]").nth(2).inner_text() == task.samples[mutated]
        link = page.locator(".flips .flip h4 a").first
        name = link.inner_text()
        link.click()
        assert page.locator(f"{FULL} h3 code").inner_text() == name
        for nowhere in ("#case=a/b/c", "#case=%E0%A4%A", "#case="):
            page.evaluate("hash => { location.hash = hash }", nowhere)
            page.locator("#browse output", has_text="names a case that is not on it").wait_for()
            page.locator("#browse input[type=search]").fill("")
            page.locator("#browse select[name=state]").select_option(index=0)
        assert page.complaints == []


def test_only_rows_in_sight_are_drawn_of_millions(opened, written):
    """A list taller than browsers draw still ends at its last row, and every row can be reached."""
    _, address = written
    with opened(address) as page:
        page.evaluate(
            """() => {
              const root = document.createElement("div");
              root.className = "browse"; root.id = "many"; root.tabIndex = 0;
              root.setAttribute("role", "grid");
              document.querySelector("main").append(root);
              window.many = new Grid(root, [{ name: "Row", key: 0, kind: "id" }], {
                draw: (node, row) => { node.firstChild.textContent = row; },
                open() {}, sort() {} });
              many.show(Uint32Array.from({ length: 2_000_000 }, (_, at) => at));
            }"""
        )
        grid = page.locator("#many")
        assert grid.locator(".tbody [role=row]").count() < 60
        grid.focus()
        selected = grid.locator("[aria-selected=true]")
        for key, row in (("End", 1_999_999), ("ArrowUp", 1_999_998), ("Home", 0), ("ArrowDown", 1)):
            page.keyboard.press(key)
            assert selected.inner_text() == str(row)
            box, frame = selected.bounding_box(), grid.bounding_box()
            assert frame["y"] <= box["y"] + 1
            assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
        for row in (999_999, 1_234_567):
            page.evaluate("row => many.go(row)", row)
            assert selected.inner_text() == str(row)


def test_a_browser_that_cannot_unpack_says_so(browser, written):
    """Nothing is silently missing: the reason stands where the cases would."""
    _, address = written
    context = browser.new_context()
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(address)
    page.locator("#browse .fault", has_text="The cases cannot be shown here").wait_for()
    context.close()

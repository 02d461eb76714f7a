"""The book: its code runs, its numbers have a source, its links resolve, its figures are fresh."""

import ast
import contextlib
import importlib
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import mfcc
import mininet
from docs import navigation
from docs.figures import style

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BOOK = [ROOT / "README.md", *sorted(set(DOCS.glob("*.md")) - {DOCS / "README.md"})]
CHAPTERS, NOTEBOOK = navigation.chapters(), DOCS / "tutorial.ipynb"
OF_PAGE = r"(?:\s+of\s+(?:the\s+)?\[?(chapter\s+\d+|appendix))?"
EXERCISE = re.compile(r"\bexercise\s+(\d+)" + OF_PAGE, re.IGNORECASE)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = ["The idea", "By hand", "The derivation", "In code", "Does it agree?"]
SECTIONS += ["Common mistakes", "Exercises", "Quiz", "Read on"]
# A number in running text, and the % after it.
NUMBER = re.compile(r"(?<![\w.])(\d[\d,]*\.?\d*(?:e[-−]?\d+)?)(?![\w.]*\w)(?:[\s~]*\\?(%))?")
YEAR = re.compile(r"1[6-9]\d\d|20[0-2]\d")


def page_id(page: Path) -> str:
    """The path from the root of the project, with slashes."""
    return page.relative_to(ROOT).as_posix()


def prose(text: str) -> str:
    """A page without code, addresses, tags, numbers of equations and its list of references."""
    text = FENCE.sub("", text.split("\n## Read on")[0])
    text = re.sub(r"Python \d\.\d+", " ", text)
    text = re.sub(r"\\tag\{(?:\d+|A)\.\d+\w?\}|\((?:\d+|A)\.\d+\w?\)", " ", text)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)|<[^>\n]*>|https?://\S+", " ", text)


def numbers_in(text: str) -> list[str]:
    """Numbers that need a source: with a point, a power, four digits or a %; but not years."""
    plain = re.sub(r"\{,\}|\\,|\\thinspace\b|\u202f", "", text)
    found = [re.sub(r"[,]|[.]$", "", n) + percent for n, percent in NUMBER.findall(plain)]
    return [n for n in found if re.search(r"[.%]|.{4}", n) and not YEAR.fullmatch(n)]


def known_to(page: Path) -> np.ndarray:
    """All numbers in the code and the output of a page, and in the .json and .csv that it links."""
    text = page.read_text("utf-8")
    fences = FENCE.findall(text)
    sources = [body for kind, body in fences if kind == "text"]
    sources += [without_remarks(body) for kind, body in fences if kind == "python"]
    for target in re.findall(r"\]\(([^)#]+\.(?:json|csv))\)", text):
        sources.append((page.parent / target).read_text("utf-8"))
    found = re.findall(r"(?<![A-Za-z0-9.])\d[\d_]*\.?\d*(?:e[-+]?\d+)?", "\n".join(sources))
    return np.unique([float(number.replace("_", "")) for number in found])


def without_remarks(code: str) -> str:
    """The code alone, without comments and docstrings: what they say nobody has computed."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(...)
    return ast.unparse(tree)


def has_source(number: str, known: np.ndarray) -> bool:
    """Some known number rounds to this one; of a percentage also a hundred times a known number."""
    factors = [1, 100] if number.endswith("%") else [1]
    mantissa, _, power = number.rstrip("%").replace("−", "-").partition("e")
    digits = len(mantissa.partition(".")[2])
    value, slack = float(mantissa), 0.5000001 * 10.0**-digits
    if power:
        value, slack = value * 10.0 ** int(power), slack * 10.0 ** int(power)
    return bool(np.any(np.abs(np.outer(factors, known) - value) <= slack))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_python_block_prints_what_follows_it(page: Path) -> None:
    """The python blocks of a page run as one program; the text block below is the output. A block
    is python, which is run, a command, or text, which is printed or a listing."""
    fences = FENCE.findall(page.read_text("utf-8"))
    assert {kind for kind, _ in fences} <= {"python", "sh", "powershell", "text", ""}
    names: dict[str, object] = {"__name__": "page"}
    for (kind, body), (after, output) in pairwise([*fences, ("", "")]):
        if kind != "python":
            continue
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(body, page_id(page), "exec"), names)
        expected = output if after == "text" else ""
        found = printed.getvalue().rstrip()
        assert found == expected.rstrip(), f"paste what is printed below this block:\n{body}"


@pytest.mark.parametrize("page", [*PAGES, NOTEBOOK], ids=page_id)
def test_the_function_mfcc_never_hides_its_package(page: Path) -> None:
    """No page imports it from the package of the same name: it is called as mfcc.mfcc."""
    imports = re.findall(r"from mfcc[.\w]* import .*", page.read_text("utf-8"))
    assert not [line for line in imports if re.search(r"import.*\bmfcc\b", line)]


@pytest.mark.parametrize("page", BOOK, ids=page_id)
def test_every_number_has_a_source(page: Path) -> None:
    """Each one is, rounded, in a block that is run, in its output, or in a linked data file."""
    known = known_to(page)
    found = numbers_in(prose(page.read_text("utf-8")))
    unknown = [number for number in found if not has_source(number, known)]
    assert not unknown, f"print {unknown} in a block, or link the .json that holds them"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_resolves(page: Path) -> None:
    """Relative links and pictures point to files that exist; #parts to headings that exist."""
    for target, part in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", page.read_text("utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path = page.parent / target if target else page
        assert path.exists(), f"the link {target} leads nowhere"
        if part:
            headings = re.findall(r"^#+ (.*)", path.read_text("utf-8"), re.MULTILINE)
            known = {slug(heading) for heading in headings}
            assert part[1:] in known, f"{target}{part} is no heading: link one of {known}"


def slug(heading: str) -> str:
    """The address of a heading, as repository pages make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", CHAPTERS, ids=page_id)
def test_a_chapter_has_every_part(page: Path) -> None:
    """A question, a figure, all sections with blocks and equations, exercises, a quiz that explains
    every option; chapter 16 reports one experiment and has nothing to derive or to compare."""
    opening, *bodies = page.read_text("utf-8").split("\n## ")
    part = {body.split("\n")[0]: body for body in bodies}
    number = int(page.name[:2])
    assert opening.startswith(f"# {number} "), "begin the title with the number of the file"
    assert "?" in opening and "![" in opening, "open with a question and a figure"
    if number == 16:
        ends = SECTIONS[:1] + SECTIONS[-4:]
        assert [*part][:1] + [*part][-4:] == ends, f"the first and last sections must be {ends}"
        derivation = "".join(bodies)
    else:
        assert list(part) == SECTIONS, f"the sections (##) must be {SECTIONS}"
        derivation = part["The derivation"]
        assert "|---" in derivation, "add a table of shapes to the derivation"
    assert f"\\tag{{{number}.1}}" in derivation, f"number the equations from {number}.1"
    with_code = {"By hand", "In code", "Does it agree?", "Common mistakes", "Exercises"}
    for name in part.keys() & with_code:
        assert "```python" in part[name], f"add a python block to the section {name}"
    exercises = re.findall(r"^\*\*\d\. (★+)\*\*", part["Exercises"], re.MULTILINE)
    assert 3 <= len(exercises) <= 5, "begin 3 to 5 exercises with **1. ★** to **5. ★★★**"
    assert {"★", "★★★"} <= set(exercises), "one exercise must have ★, one ★★★"
    answers = part["Exercises"].count("<summary>Answer</summary>")
    assert answers == len(exercises), "each exercise must have an answer"
    questions = re.split(r"^\*\*\d\.\*\* ", part["Quiz"], flags=re.MULTILINE)[1:]
    assert len(questions) == 3, "the quiz must have three questions: **1.** to **3.**"
    for question in questions:
        asked, answer = question.split("<summary>Answer</summary>")
        options = re.findall(r"^- \((\w)\)", asked, re.MULTILINE)
        assert len(options) >= 3, f"give at least three options: {question}"
        unexplained = [option for option in options if f"({option})" not in answer]
        assert not unexplained, f"explain {unexplained} in the answer to {question}"
    assert re.search(r"\(?(1[6-9]|20)\d\d\)?", part["Read on"]), "cite a source with its year"


@pytest.mark.parametrize("page", [*BOOK, DOCS / "README.md", NOTEBOOK], ids=page_id)
def test_exercises_that_are_referred_to_exist(page: Path) -> None:
    """Each "exercise 2 of chapter 9" or "of the appendix"; "exercise 2" is one of the same page."""
    for exercise, where in EXERCISE.findall(words_of(page)):
        path = exercise_page(where) if where else page
        assert f"\n**{exercise}. ★" in path.read_text("utf-8"), f"{path} has no exercise {exercise}"


def exercise_page(where: str) -> Path:
    """The page that "chapter 9" or "appendix" means."""
    return DOCS / "appendix.md" if where.lower() == "appendix" else CHAPTERS[int(where.split()[1])]


def words_of(page: Path) -> str:
    """The text of a page, or of the notebook's cells."""
    text = page.read_text("utf-8")
    if page.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def test_equations_that_are_referred_to_exist() -> None:
    """Each (3.2) on a page is the \\tag{3.2} of one equation; those of the appendix are (A.1) …"""
    text = {page: FENCE.sub("", words_of(page)) for page in [*BOOK, NOTEBOOK]}
    tags = [tag for body in text.values() for tag in re.findall(r"\\tag\{([^}]*)\}", body)]
    assert len(tags) == len(set(tags)), "two equations share a number"
    for page, body in text.items():
        referred = set(re.findall(r"\(((?:\d+|A)\.\d+\w?)\)", re.sub(r"`[^`\n]*`", "", body)))
        assert referred <= set(tags), f"{page} refers to equations that no \\tag numbers"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_pictures_are_described(page: Path) -> None:
    """Every picture has a text for those who cannot see it."""
    for text in re.findall(r"!\[([^\]]*)\]", page.read_text("utf-8")):
        assert len(text) >= 20, f"describe the picture in 20 letters or more: {text!r}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_formulas_are_whole(page: Path) -> None:
    """Dollar signs come in pairs, and no formula holds what GitHub's Markdown breaks."""
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text("utf-8")))
    displayed = re.findall(r"^\$\$$.*?^\$\$$|^\$\$.*?\$\$$", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^\$\$$.*?^\$\$$|^\$\$.*?\$\$$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "$$" not in rest
    for paragraph in rest.split("\n\n"):
        assert paragraph.count("$") % 2 == 0, paragraph
    inline = re.findall(r"\$[^$]*\$", rest)
    for formula in displayed:
        assert formula.count("{") == formula.count("}"), formula
    for formula in inline:
        assert "\n" not in formula, formula
    for formula in [*inline, *(shown.replace(r"\\", "") for shown in displayed)]:
        assert r"\operatorname" not in formula, formula
        assert not re.search(r"\\[^A-Za-z]", formula), formula


@pytest.mark.parametrize("name", style.names())
def test_no_figure_is_stale(name: str) -> None:
    """The committed picture is the one that its script draws, within what Matplotlibs differ."""
    module = importlib.import_module(f"docs.figures.{name}")
    path, drawn = style.FOLDER / f"{name}.png", style.png(module.draw)
    committed = path.read_bytes() if path.exists() else b""
    assert style.pixels(committed).size, f"broken: run python -m docs {name}"
    if matplotlib.__version__ in style.drawn_by(committed):
        assert style.same(committed, drawn), f"run python -m docs {name}"
    else:
        old, new = style.pixels(committed), style.pixels(drawn)
        assert old.shape == new.shape, f"run python -m docs {name}"
        difference = np.abs(style.from_afar(old) - style.from_afar(new)).mean()
        assert difference < 12, f"run python -m docs {name}"


def test_every_figure_is_shown() -> None:
    """Each figure's picture is on some page, and each picture on a page has its script."""
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"!\[[^\]]*\]\([^)]*?figures/(\w+)\.png\)", text))
    unmatched = shown ^ set(style.names())
    assert not unmatched, (
        f"each figure needs a page that shows it and a script that draws it: {unmatched}"
    )
    pictures, drawn = (re.findall(p, text) for p in (r"!\[[^\]]*\]\(", r"figures/\w+\.png\)"))
    assert len(pictures) == len(drawn), "a picture outside docs/figures/, or a figure only linked"


@pytest.mark.parametrize("package", [mfcc, mininet])
def test_every_public_name_is_reached_from_the_book(package: object) -> None:
    """Each public name is used in a python block of some chapter or of the appendix."""
    texts = [page.read_text("utf-8") for page in [*CHAPTERS, DOCS / "appendix.md"]]
    fences = [fence for text in texts for fence in FENCE.findall(text)]
    blocks = "\n".join(body for kind, body in fences if kind == "python")
    names: list[str] = package.__all__  # type: ignore[attr-defined]
    missing = [name for name in names if not re.search(rf"\b{name}\b", blocks)]
    assert not missing, f"show in a chapter how these are used: {missing}"


def test_the_contents_list_every_chapter() -> None:
    """In order, with its question; the titles there and the links of the chapters are fresh."""
    names = [page.name for page in CHAPTERS]
    unlisted = {*names} ^ {page.name for page in DOCS.glob("[0-9][0-9]-*.md")}
    assert not unlisted, f"list in docs/README.md, then python -m docs nav: {unlisted}"
    assert [name[:2] for name in names] == [f"{i:02}" for i in range(len(names))], (
        "number them 00, 01, …"
    )
    for page, text in navigation.pages().items():
        assert page.read_text("utf-8") == text, "run python -m docs nav"
    contents = navigation.CONTENTS.read_text("utf-8")
    questions = re.findall(r"^\| \[\d+ .*\) \| (.*) \|$", contents, re.MULTILINE)
    asked = len(questions) == len(names) and all(question.endswith("?") for question in questions)
    assert asked, "each row of docs/README.md must end with the chapter's question"


def test_the_contents_name_every_page_module_and_test() -> None:
    """docs/README.md names every page, and every module and test of the README's table."""
    text, readme = ((folder / "README.md").read_text("utf-8") for folder in (DOCS, ROOT))
    assert "```python" in readme
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    unlinked = [name for name in pages if f"({name})" not in text]
    assert not unlinked, f"link these in docs/README.md: {unlinked}"
    rows = dict(re.findall(r"^\| (\d+) \|(.*)$", text, re.MULTILINE))
    modules = re.findall(r"^\| `([\w/]+\.py)` \|[^|]*\| (\d+)", readme, re.MULTILINE)
    tests = re.findall(r"`(tests/[\w/]+\.py)`", readme)
    assert len(modules) >= 21 and len(tests) >= 21
    missing = [name for name, chapter in modules if f"(../{name})" not in rows[chapter]]
    missing += [name for name in tests if f"(../{name})" not in text]
    assert not missing, f"link these in docs/README.md: {missing}"


def test_a_number_without_source_is_noticed() -> None:
    """The check of numbers itself: rounding is allowed, another number is not."""
    for known, right, wrong in [
        ([0.4096], ["0.41", "41.0%", "41%"], ["41.0", "42%", "0.42"]),
        ([41.0, 6513.0, 0.001], ["41%", "6513", "1e-3"], ["6514", "1.5e-3"]),
    ]:
        assert all(has_source(number, np.array(known)) for number in right)
        assert not any(has_source(number, np.array(known)) for number in wrong)


def test_exercises_are_found_in_text() -> None:
    """Of a chapter, of the appendix, of the page itself; with a link and over a line break."""
    text = (
        "Exercise 1; exercise 2 of [chapter\n9](09.md), exercise 3 of the [appendix](appendix.md)"
    )
    found = EXERCISE.findall(text)
    assert found == [("1", ""), ("2", "chapter\n9"), ("3", "appendix")]
    assert [exercise_page(where).name[:2] for _, where in found[1:]] == ["09", "ap"]


def test_numbers_are_found_in_text() -> None:
    """Decimal points, thousands, powers and per cent count; years, code and small counts do not."""
    text = "In 1998 Slaney gave 13 filters; 0.5 of 3,763,010, `12.5`, 1e-3 and 22050 Hz, 6.4 %."
    assert numbers_in(prose(text)) == ["0.5", "3763010", "1e-3", "22050", "6.4%"]
    shares = "7 of 57 % are 12.5% or $12.5\\%$, $3 \\%$, 8\u202f% and\n9\n%, or 10"
    assert numbers_in(prose(shares)) == ["57%", "12.5%", "12.5%", "3%", "8%", "9%"]


def test_remarks_are_no_source() -> None:
    """Numbers in comments and docstrings are no sources: nothing is computed with them."""
    code = 'def f(x):  # 1.5\n    """2.5"""\n    return 3.5 * x\n\n\n"""4.5"""\n'
    assert re.findall(r"\d\.\d", without_remarks(code)) == ["3.5"]

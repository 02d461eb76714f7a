"""The tables of symbols: each symbol occurs in the chapters that its row names."""

import re

from docs import navigation

TEXT = (navigation.FOLDER / "notation.md").read_text("utf-8")
SYMBOLS, LETTERS = TEXT.split("\n## Letters with several meanings")
FENCE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
TWO_SECTIONS = {"15"}  # chapters whose sections have letters of their own, and say so


def pages_of(numbers: str) -> list[str]:
    """The chapters of "0–3, 5, A": 0, 1, 2, 3, 5 and A, the appendix."""
    spans = [part.split("–") for part in numbers.split(", ")]
    every = [range(int(a), int(b[0]) + 1) if b else [a] for a, *b in spans]
    return [str(number) for span in every for number in span]


def formulas_of(number: str) -> str:
    """All formulas of a chapter or of the appendix, with subscripts written without braces."""
    name = "appendix.md" if number == "A" else f"{int(number):02}-*.md"
    text = FENCE.sub("", "".join(page.read_text("utf-8") for page in navigation.FOLDER.glob(name)))
    found = re.findall(r"\$\$(.*?)\$\$|\$([^$]+)\$", text, re.DOTALL)
    return plain(" ".join(shown or inline for shown, inline in found))


def plain(formula: str) -> str:
    """The formula without texts and tags, and x_{c} as x_c."""
    formula = re.sub(r"\\tag\{[^}]*\}|(?<!_)\\text\{ [^}]*\}", " ", formula)
    return re.sub(r"_\{(\\?\w+)\}", r"_\1", formula)


def key_of(formula: str) -> str:
    """The symbol without its indices and arguments: x of x[n], T_s of T_s = 1/f_s."""
    if formula.startswith((r"\lvert", r"\langle", "e^")):
        return re.split(r" |\\va|\{", formula)[0]
    return re.split(r"\[|\(| = ", plain(formula))[0]


def occurs(key: str, formulas: str) -> bool:
    """Whether the symbol stands in the formulas by itself, not as a part of a longer command."""
    start = r"(?<![A-Za-z\\])" if key[0].isalpha() else ""
    end = r"(?![A-Za-z])" if key[-1].isalpha() else ""
    return re.search(start + re.escape(key) + end, formulas) is not None


def test_each_symbol_occurs_in_the_chapters_of_its_row() -> None:
    """Every symbol of the first cell, in a formula of every chapter of the last."""
    rows = re.findall(r"^\| (\$.*?) \|.*\| ([\dA–, ]+) \|$", SYMBOLS, re.MULTILINE)
    assert len(rows) > 90
    missing = [
        (symbol, number)
        for cell, numbers in rows
        for symbol in re.findall(r"\$([^$]+)\$", cell)
        for number in pages_of(numbers)
        if not occurs(key_of(symbol), formulas_of(number))
    ]
    assert not missing, missing


def test_a_letter_has_one_meaning_in_a_chapter() -> None:
    """The last table lists a chapter once for each letter, and the letter occurs in it."""
    missing = []
    for letter, cell in re.findall(r"^\| \$(\S+)\$ \| (.*) \|$", LETTERS, re.MULTILINE):
        meanings = cell.split(". ")[0].split("; ")
        assert len(meanings) > 1 or ". " in cell, letter
        lists = [pages_of(meaning.rpartition(": ")[2]) for meaning in meanings]
        numbers = [number for numbers in lists for number in numbers]
        twice = {number for number in numbers if numbers.count(number) > 1}
        assert twice <= TWO_SECTIONS, (letter, twice)
        missing += [(letter, n) for n in numbers if not occurs(letter, formulas_of(n))]
    assert not missing, missing

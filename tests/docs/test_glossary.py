"""The glossary: each term occurs in the chapter that it names, and each row is complete."""

import re
from pathlib import Path

from docs import navigation

TEXT = (navigation.FOLDER / "glossary.md").read_text("utf-8")
SECTIONS = [re.findall(r"^\| (.*) \|$", part, re.MULTILINE)[1:] for part in TEXT.split("\n## ")[1:]]
ROWS = [tuple(row.split(" | ")) for section in SECTIONS for row in section]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def words_of(page: Path) -> str:
    """The text of a page on one line, without code, addresses and italics."""
    text = FENCE.sub(" ", page.read_text("utf-8"))
    return " ".join(re.sub(r"`[^`]*`|\]\([^)]*\)|\*", " ", text).split())


def terms_of(cell: str) -> list[str]:
    """The terms of a cell such as "main lobe, side lobe" or "decibel (dB)"."""
    return re.sub(r" \(.*\)", "", cell).split(", ")


def occurs(term: str, text: str) -> bool:
    """Whether the phrase is in the text, in upper or lower case, as a singular or as a plural."""
    stem, ending = re.escape(term), "(e?s)?"
    for singular, plural in (("y", "ies"), ("x", "ces")):
        if term.endswith(singular):
            stem, ending = re.escape(term[:-1]), f"({singular}|{plural})"
    return re.search(rf"(?<!\w){stem}{ending}(?!\w)", text, re.IGNORECASE) is not None


def test_each_term_occurs_in_the_chapter_it_names() -> None:
    """The exact phrase, or its plural; terms in parentheses need not occur."""
    texts = {page.name: words_of(page) for page in navigation.FOLDER.glob("*.md")}
    missing = []
    for english, *_, link in ROWS:
        page = link.partition("(")[2].rstrip(")")
        missing += [
            (page, term) for term in terms_of(english) if not occurs(term, texts.get(page, ""))
        ]
    assert not missing, f"{len(missing)} terms are not in their chapters: {missing}"


def test_each_row_has_a_korean_word_and_both_meanings() -> None:
    """Five cells; the number of the chapter is that of its file; meanings are in one sentence."""
    for row in ROWS:
        assert len(row) == 5 and all(row), row
        _, korean, meaning, korean_meaning, link = row
        number, page = re.fullmatch(r"\[(\d+|A)\]\(([\w-]+\.md)\)", link).groups()  # type: ignore[union-attr]
        assert page == "appendix.md" if number == "A" else page.startswith(f"{int(number):02}-")
        assert re.search(r"[가-힣]", korean) and len(meaning) < 90 and len(korean_meaning) < 60
        assert ". " not in meaning and not meaning.endswith(".")
        assert not re.search(r"(다|요)$", korean_meaning), "a noun phrase, as in the other rows"


def test_terms_are_in_order_and_occur_once() -> None:
    """Alphabetically within each section."""
    for section in SECTIONS:
        names = [row.split(" | ")[0].lower() for row in section]
        assert names == sorted(names)
    terms = [term for english, *_ in ROWS for term in terms_of(english)]
    assert len(terms) == len(set(terms))


def test_phrases_are_found() -> None:
    """Plurals, capitals and line breaks count; parts of words do not."""
    for term, text in [
        ("bin", "two Bins"),
        ("Gram matrix", "Gram matrices"),
        ("frequency", "a\nFrequencies"),
    ]:
        assert occurs(term, " ".join(text.split()))
    for term, text in [("bin", "combine"), ("test set", "test of a set"), ("ear", "year")]:
        assert not occurs(term, text)

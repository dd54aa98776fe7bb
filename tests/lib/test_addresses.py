"""E-mail addresses and domains, in the spelling that is used to compare them."""

import pytest

from boxwood.lib import addresses


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Zuse.example", "zuse.example"),
        ("https://www.Zuse.example/z3?x=1#top", "zuse.example"),
        ("http://user:pass@zuse.example:8080", "zuse.example"),
        ("konrad@zuse.example", "zuse.example"),
        ("mailto:konrad@zuse.example", "zuse.example"),
        ("www.zuse.example.", "zuse.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", ""),
        ("not a domain", ""),
        ("", ""),
        ("-.-", ""),
        ("a" * 300 + ".example", ""),
        ("é" * 300, ""),
    ],
)
def test_a_domain_has_one_spelling(given: str, read: str) -> None:
    assert addresses.domain(given) == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Deal with Konrad@Zuse.example, and k@zuse.example.", ["konrad@zuse.example", "k@zuse.example"]),
        ("<konrad@zuse.example>;konrad@zuse.example", ["konrad@zuse.example"]),
        ("konrad+sales@mail.zuse.example", ["konrad+sales@mail.zuse.example"]),
        ("@twitter, a@b and me @ home", []),
        ("50@100.5 and 50@5.5kg", []),
        ("k@zuse.example...", ["k@zuse.example"]),
        ("x" * 65 + "@zuse.example", []),
        ("k@@zuse.example k@.example k@zuse..example", []),
        ("no address", []),
        ("k@" + "a." * 200 + "example", []),
    ],
)
def test_addresses_are_found_in_texts(text: str, found: list[str]) -> None:
    assert addresses.in_text(text) == found


@pytest.mark.parametrize("text", ["a@" * 500_000, "a" * 1_000_000 + "@", "a@" + "b-" * 500_000, "a@b" + ".c" * 500_000])
def test_a_hostile_text_takes_time_that_grows_with_it(text: str) -> None:
    assert addresses.in_text(text) == []

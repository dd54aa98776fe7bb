"""Keys are unique, and sorted by the order in which a process created them."""

import threading
from itertools import pairwise

from boxwood.lib import ids


def test_keys_are_in_the_order_of_their_making_even_within_a_millisecond() -> None:
    made = [
        key
        for now in range(1_795_646_992_447, 1_795_646_992_547)
        for key in [*(ids.new("b", now) for _ in range(30)), *ids.several("b", now, 30), ids.new("b", now)]
    ]
    assert made == sorted(made)
    assert {len(key) for key in made} == {21}


def test_threads_at_one_moment_make_no_key_twice() -> None:
    made: list[str] = []

    def make() -> None:
        made.extend([*(ids.new("b", 7) for _ in range(2000)), *ids.several("b", 7, 2000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_what_comes_next_cannot_be_told_from_a_key() -> None:
    """Steps are random: of 40 bits each, so that none comes twice among a thousand but by one chance in two million."""
    values = [int.from_bytes(key.encode()[-12:], "big") for key in ids.several("b", 7, 1001)]
    steps = {later - earlier for earlier, later in pairwise(values)}
    assert len(steps) == 1000

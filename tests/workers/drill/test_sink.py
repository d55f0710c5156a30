"""The drill's receiver: it keeps what it is given, once for each key, and everything without one."""

import threading
from pathlib import Path

from workers.drill.sink import Sink, Way


def apply(sink: Sink, way: Way, effect: str, key: str) -> bool:
    return sink.apply(way, effect, key=key, region="eu-north", epoch=1)


def test_an_effect_with_a_key_is_applied_once(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    assert apply(sink, Way.MAESTRO, "a", "key-1")
    assert not apply(sink, Way.MAESTRO, "a", "key-1")
    assert apply(sink, Way.MAESTRO, "b", "key-10")
    assert [line.effect for line in sink.read(Way.MAESTRO)] == ["a", "b"]


def test_a_key_that_begins_another_one_is_another_one(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    apply(sink, Way.MAESTRO, "a", "key-10")
    assert not sink.has(Way.MAESTRO, "key-1")
    assert sink.has(Way.MAESTRO, "key-10")


def test_an_effect_without_a_key_is_applied_whenever_it_comes(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    assert apply(sink, Way.PLAIN, "a", "")
    assert apply(sink, Way.PLAIN, "a", "")
    assert len(sink.read(Way.PLAIN)) == 2


def test_of_many_at_once_with_one_key_one_is_applied(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    threads = [threading.Thread(target=apply, args=(sink, Way.MAESTRO, "a", "the key")) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.read(Way.MAESTRO)) == 1


def test_a_way_in_which_nothing_was_done_has_no_lines(tmp_path: Path) -> None:
    assert Sink(tmp_path).read(Way.PLAIN) == ()

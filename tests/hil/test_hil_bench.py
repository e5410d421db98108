"""The bench: the same run twice, seams, step by step."""

from hil.bench.bench import Bench
from hil.bench.scenario import load


def test_the_same_run_twice_and_step_by_step() -> None:
    with Bench(load("takeover_phone")) as one, Bench(load("takeover_phone")) as two:
        assert one.run().timeline.plain() == two.run().timeline.plain()
        assert one.result.outcome == "passed", one.result.why()


def test_a_lost_picture_shows_and_comes_back() -> None:
    with Bench(load("takeover_phone")) as bench:
        bench.advance(5.0)
        back = bench.seams.perception.add(lambda seen, t: [])
        assert bench.expect("readiness unknown within 0.25 s after 5 s").passed
        assert bench.expect("never ready yes from 5.25 s to 6 s").passed
        back()
        assert bench.expect("e2e valid within 0.1 s after 6 s").passed
        assert 6.0 <= bench.now < 6.2

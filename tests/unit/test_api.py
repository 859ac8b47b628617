"""Three lines that measure any call: when they stop, what they note, and one real run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ffi_spectrum import api
from ffi_spectrum.errors import CallError, UsageError
from ffi_spectrum.results.sample import Sample

from .analysis.calls import processes, sample, series

LEFT, RIGHT = api.call("left()"), api.call("right()")
Enough = Callable[[list[Sample]], bool]


class Machine:
    """Hands out samples that were computed; each process takes a second of a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self.now_s = 0.0
        self.seeds: list[int] = []
        self.protocols: list[api.Protocol] = []
        monkeypatch.setattr("ffi_spectrum.api.sample_until", self.sample_until)
        monkeypatch.setattr("ffi_spectrum.api.time", SimpleNamespace(monotonic=lambda: self.now_s))

    def sample_until(
        self, snippets: Sequence[api.Snippet], protocol: api.Protocol, is_enough: Enough, seed: int
    ) -> list[Sample]:
        self.seeds.append(seed)
        self.protocols.append(protocol)
        done: list[Sample] = []
        for one in self.samples:
            assert len(one.calls) == len(snippets)
            done.append(one)
            self.now_s += 1
            if is_enough(done):
                return done
        raise AssertionError("asked for more processes than there are")


def test_a_precise_run_stops_at_the_first_look_without_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, processes(50, [70.0, 40.0]))
    estimate = api.measure(LEFT, against=RIGHT, max_s=1000)
    assert (estimate.processes, estimate.note, estimate.verdict) == (12, "", "SLOWER")
    assert estimate.difference_ns == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize(("jitter_ns", "looks"), [(0.6, {20, 40, 80}), (1.5, {160, 320})])
def test_an_imprecise_run_goes_on_to_a_later_look(
    monkeypatch: pytest.MonkeyPatch, jitter_ns: float, looks: set[int]
) -> None:
    Machine(monkeypatch, processes(320, [70.0, 40.0], jitter_ns))
    estimate = api.measure(LEFT, against=RIGHT, max_s=1000)
    assert estimate.processes in looks
    assert estimate.note == ""
    assert estimate.difference_low_ns is not None
    assert estimate.difference_high_ns is not None
    assert estimate.difference_high_ns - estimate.difference_low_ns <= 1.0


def test_the_time_limit_ends_a_run_between_looks_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, processes(50, [40.2, 40.0], jitter_ns=30))
    estimate = api.measure(LEFT, against=RIGHT, max_s=17)
    assert estimate.processes == 17
    assert estimate.note == "half-width 0.5 ns not reached in 17 s"
    assert estimate.verdict == "UNRESOLVED"
    assert repr(estimate).endswith("17 processes; half-width 0.5 ns not reached in 17 s>")


def test_a_noisy_lone_call_is_noted_by_its_own_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, processes(50, [40.0], jitter_ns=30))
    estimate = api.measure(LEFT, max_s=20)
    assert (estimate.processes, estimate.difference_ns) == (20, None)
    assert "not reached" in estimate.note


@pytest.mark.parametrize("count", [1, 5, 11])
def test_an_interval_of_too_few_processes_is_not_taken_for_a_narrow_one(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """One process has an interval of no width at all."""
    Machine(monkeypatch, processes(50, [70.0, 40.0], jitter_ns=0))
    estimate = api.measure(LEFT, against=RIGHT, max_s=count)
    assert estimate.processes == count
    assert "not reached" in estimate.note


def test_a_run_under_load_says_why_it_is_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second round was interrupted; the slow call is in a third of the rounds, and does not count for them."""
    generated = processes(50, [40.2, 40.0], jitter_ns=30)
    loaded = [
        sample([series(1e6 + one.calls[0].elapsed_ns[0], 1, (0, 4, 8)), one.calls[1]], disturbed=range(1, 12, 2))
        for one in generated
    ]
    Machine(monkeypatch, loaded)
    estimate = api.measure(LEFT, against=RIGHT, max_s=15)
    assert estimate.note.endswith("in 15 s: other work interrupted 50 % of the rounds")


def test_processes_that_waited_for_their_cpu_are_why_a_run_is_unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = [replace(one, waited_share=0.625) for one in processes(50, [40.2, 40.0], jitter_ns=30)]
    Machine(monkeypatch, waited)
    estimate = api.measure(LEFT, against=RIGHT, max_s=15)
    assert estimate.note.endswith("in 15 s: other work had the CPU for 62 % of the time")


def test_a_few_interrupted_rounds_are_not_worth_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = [sample(one.calls, disturbed=[3]) for one in processes(50, [40.2, 40.0], jitter_ns=30)]
    Machine(monkeypatch, quiet)
    assert api.measure(LEFT, against=RIGHT, max_s=15).note == "half-width 0.5 ns not reached in 15 s"


def test_seed_protocol_and_margin_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, processes(50, [42.0, 40.0]))
    protocol = api.Protocol(rounds=7)
    estimate = api.measure(LEFT, against=RIGHT, margin_ns=5, max_s=1000, seed=99, protocol=protocol)
    assert (estimate.verdict, estimate.margin_ns) == ("EQUIVALENT", 5)
    assert (machine.seeds, machine.protocols) == ([99], [protocol])


def test_without_a_seed_every_run_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, processes(50, [42.0, 40.0]))
    for _ in range(2):
        api.measure(LEFT, against=RIGHT, max_s=1000)
    assert machine.seeds[0] != machine.seeds[1]


@pytest.mark.parametrize("options", [{"half_width_ns": 0}, {"half_width_ns": -1}, {"max_s": 0}])
def test_a_precision_or_a_time_of_nothing_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be greater than zero"):
        api.measure(LEFT, **options)  # type: ignore[arg-type]


def test_three_lines_measure_a_call_against_another() -> None:
    estimate = api.measure(
        api.call(math.gcd, 12, 18, expected=6), against=api.call("12 + x", setup="x = 18", expected=30),
        max_s=0.5, protocol=api.Protocol(rounds=4, block_ns=1000),
    )  # fmt: skip
    assert isinstance(estimate, api.CallEstimate)
    assert estimate.processes >= 1
    assert estimate.ns_low <= estimate.ns_per_call <= estimate.ns_high
    assert estimate.verdict in ("FASTER", "SLOWER", "EQUIVALENT", "UNRESOLVED")


def test_an_error_of_the_call_passes_through() -> None:
    with pytest.raises(CallError, match="ZeroDivisionError"):
        api.measure(api.call("1 / x", setup="x = 0"))

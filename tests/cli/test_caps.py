"""`bench --max-processes` and `--cap-s`: how long a panel goes on whose intervals stay wide."""

from __future__ import annotations

import pytest

from .conftest import Run
from .test_bench import SMALL, stand_in


@pytest.mark.parametrize(
    ("options", "looks", "cap_s"),
    [
        ((), (12,), None),
        (("--profile", "full"), (12, 20, 40, 80), 233.33),  # a third of the budget: SMALL has three sizes
        (("--max-processes", "5"), (5,), None),
        (("--profile", "full", "--max-processes", "100"), (12, 20, 40, 80, 100), None),
        (("--cap-s", "30", "--max-processes", "20"), (12, 20), 30),
    ],
)
def test_a_named_cap_takes_the_place_of_the_profiles(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], looks: tuple[int, ...], cap_s: float | None
) -> None:
    plans = stand_in(monkeypatch)
    run("bench", *SMALL, *options)
    ((plan, _, _),) = plans
    assert (plan.profile.looks, plan.profile.cap_s) == (looks, cap_s)
    assert bool(plan.profile.budget_s) is (options == ("--profile", "full"))


def test_seconds_alone_limit_seconds_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = stand_in(monkeypatch)
    run("bench", *SMALL, "--cap-s", "30")
    ((plan, _, _),) = plans
    assert plan.profile.cap_s == 30
    assert plan.profile.looks[:4] == (12, 20, 40, 80)
    assert plan.profile.looks[-1] > 5000


@pytest.mark.parametrize("options", [("--max-processes", "0"), ("--cap-s", "0"), ("--cap-s", "nan")])
def test_a_cap_that_leaves_nothing_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, str]
) -> None:
    plans = stand_in(monkeypatch)
    done = run("bench", *SMALL, *options)
    assert (done.exit_code, plans) == (2, [])
    assert done.stderr.startswith(f"ffi-spectrum: {options[0]} must be ")


def test_list_says_how_long_it_takes_at_least_and_at_most(run: Run) -> None:
    last = run("bench", "--list", *SMALL, "--profile", "full").stdout.splitlines()[-1]
    assert " of 12 to 80 processes: about " in last
    assert ", at most " in last

"""Numbers that know how far they would move if the processes were drawn again (a bootstrap over processes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ffi_spectrum.analysis.interval import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float64]

# Enough for the ends of a 95 % interval: the 10th smallest and largest values stand for them.
DRAWS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A number, and its value in each of DRAWS resamplings of the processes, shape (DRAWS,).

    What was measured in one panel is resampled together, so a difference of two keeps what their processes share.
    """

    point: float
    draws: Array

    @property
    def interval(self) -> Interval:
        """The point and the middle 95 % of the draws; where these miss the point, they are extended to it."""
        import numpy as np

        # an observation, never a mean of two: some draws may be infinite
        low, high = np.quantile(self.draws, [0.025, 0.975], method="closest_observation")
        return Interval(self.point, min(float(low), self.point), max(float(high), self.point))

    def __add__(self, other: Sampled) -> Sampled:
        return Sampled(self.point + other.point, self.draws + other.draws)

    def __sub__(self, other: Sampled) -> Sampled:
        return Sampled(self.point - other.point, self.draws - other.draws)

    def times(self, factor: float) -> Sampled:
        """This number, so many times."""
        return Sampled(self.point * factor, self.draws * factor)


def sample_median(values: Sequence[float], seed: int) -> Sampled:
    """The median of one value per process; the same seed and number of processes draw the same processes."""
    import numpy as np

    given = np.asarray(values, np.float64)
    picked = np.random.default_rng(seed).integers(0, given.size, (DRAWS, given.size))
    return Sampled(float(np.median(given)), np.median(given[picked], axis=1))


def stack(numbers: Sequence[Sampled]) -> tuple[Array, Array]:
    """Points, shape (n,), and draws, shape (DRAWS, n)."""
    import numpy as np

    return np.array([number.point for number in numbers]), np.stack([number.draws for number in numbers], axis=1)

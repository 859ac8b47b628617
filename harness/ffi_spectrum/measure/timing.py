"""Calibrating and timing blocks; raw times only. Imports built-in modules alone: see `compiled`."""

from __future__ import annotations

TYPE_CHECKING = False  # see `compiled`
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ffi_spectrum.measure.compiled import Block

# A far-side block holds at least this many calls more than one, or its work and its one crossing look alike.
MIN_FAR_ITERATIONS = 3
# A case slower than a block gets one call per block, and fewer blocks: but never fewer than these per process.
MIN_BLOCKS = 3
MAX_ITERATIONS = 10_000_000
# Before each timed block, this share of its calls is made untimed: the block before has left another case's code and
# branches in the caches, which cost a 54 ns call about 1 us, spread over the block (1.6 ns at 40 us).
WARM_SHARE = 16


class Item:
    """Something that is timed in every `every`-th round; `index` is the case to blame if the process dies in it.

    Each block of a far side holds one crossing, which its iterations do not multiply. `least` and `most` are the
    fewest and the most calls that a block may have.
    """

    __slots__ = ("block", "elapsed_ns", "every", "index", "is_far", "iterations", "least", "most", "rounds")

    def __init__(
        self, block: Block, index: int, is_far: bool = False, least: int = 1, most: int = MAX_ITERATIONS
    ) -> None:
        self.block = block
        self.index = index
        self.is_far = is_far
        self.least = least
        self.most = most
        self.iterations = 1
        self.every = 1
        self.rounds: list[int] = []
        self.elapsed_ns: list[int] = []


def calibrate(item: Item, block_ns: int, rounds: int) -> None:
    """Warm the item up, then choose how many calls fill a block of about `block_ns`.

    The first call is thrown away: it loads, specialises and faults in what later calls find ready.
    """
    least = count = max(item.least, MIN_FAR_ITERATIONS if item.is_far else 1)
    item.block(least)
    fixed_ns = _quickest(item, 1, 3) if item.is_far else 0
    tries = 2 if item.is_far else 1
    elapsed_ns = _quickest(item, count, tries)
    # a far side's work has to outweigh its crossing: a difference that is smaller may be noise of the crossing
    while elapsed_ns < fixed_ns + max(block_ns / 2, fixed_ns) and count < item.most:
        growth = block_ns / max(elapsed_ns - fixed_ns, 1)
        count = min(int(count * min(max(growth, 1.5), 50)) + 1, item.most)
        elapsed_ns = _quickest(item, count, tries)
    item.iterations = min(item.most, max(least, round(count * block_ns / max(elapsed_ns - fixed_ns, 1))))
    if elapsed_ns > 2 * block_ns:
        most = min(rounds // MIN_BLOCKS, round(elapsed_ns / block_ns / 2))
        # a power of two: the rounds of one slow item are then among those of every faster one, and can be paired
        item.every = 1 << (max(most, 1).bit_length() - 1)


def _quickest(item: Item, count: int, tries: int) -> int:
    return min(item.block(count) for _ in range(tries))


def _no_switches() -> int:
    return 0


def time_rounds(
    items: Sequence[Item],
    orders: Sequence[Sequence[int]],
    mark: Callable[[int], None],
    switches: Callable[[], int] = _no_switches,
) -> list[int]:
    """Time every item in every round that is its own, in the given orders, and store the raw times.

    A round during which `switches` (involuntary context switches, say) rose, or whose clock went backwards, is
    disturbed: it is measured again at the end, half as many rounds as were asked for at most. What was measured stays;
    the numbers of the disturbed rounds are returned. The rule never looks at how long a case took.
    """
    disturbed: list[int] = []
    wanted, number = len(orders), 0
    while number - len(disturbed) < wanted and number < wanted + wanted // 2:
        before, went_back = switches(), False
        for position in orders[number % wanted]:
            item = items[position]
            if number % item.every:
                continue
            mark(item.index)
            if item.iterations >= WARM_SHARE:
                item.block(item.iterations // WARM_SHARE)
            elapsed_ns = item.block(item.iterations)
            went_back |= elapsed_ns < 0
            item.elapsed_ns.append(elapsed_ns)
            item.rounds.append(number)
        if went_back or switches() != before:
            disturbed.append(number)
        number += 1
    return disturbed

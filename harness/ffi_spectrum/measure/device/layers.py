"""Dense layers whose values are small whole numbers, however many layers there are: float32 holds them exactly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS, WIDTH = 32, 32
LARGEST_INPUT, LARGEST_BIAS = 4, 3
# No value is larger, in any layer and at any time.
LARGEST = 2 * LARGEST_INPUT + LARGEST_BIAS
_NUMBERS = WIDTH // 2


@dataclass(frozen=True, slots=True)
class Layers:
    """`weights` [layer, input, output] and `biases` [layer, output], float32: x = relu(x @ weights + bias), in turn.

    Two columns hold a signed number v, as relu(v) and relu(-v). A layer moves the numbers, turns signs and adds a bias;
    every second one takes away what the one before it added. So nothing grows, and nothing is forgotten: a relu that is
    left out doubles a number, another order or a bias left out changes one.
    """

    weights: Any
    biases: Any


def make_layers(count: int, seed: int) -> Layers:
    """Random ones, the same for the same seed."""
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(_NUMBERS), (count, 1)), axis=1)
    moves = np.eye(_NUMBERS)[order] * rng.choice((-1.0, 1.0), (count, 1, _NUMBERS))
    offsets = rng.integers(-LARGEST_BIAS, LARGEST_BIAS + 1, (count, _NUMBERS)).astype(np.float64)
    taken = np.einsum("li,lij->lj", offsets[: count - count % 2 : 2], moves[1::2])
    offsets[1::2] = -taken
    weights = np.kron(moves, np.array([[1.0, -1.0], [-1.0, 1.0]]))
    return Layers(weights.astype(np.float32), np.kron(offsets, np.array([1.0, -1.0])).astype(np.float32))


def make_inputs(count: int, seed: int) -> Any:
    """Whole numbers, [input, ROWS, WIDTH], float32."""
    values = np.random.default_rng(seed).integers(-LARGEST_INPUT, LARGEST_INPUT + 1, (count, ROWS, WIDTH))
    return values.astype(np.float32)


def outputs_after(layers: Layers, inputs: Any, counts: Collection[int]) -> dict[int, Any]:
    """The oracle, in float64: what the inputs are after so many layers, by number of layers."""
    values = inputs.reshape(-1, WIDTH).astype(np.float64)
    found = {0: inputs.astype(np.float64)}
    pairs = zip(layers.weights.astype(np.float64), layers.biases.astype(np.float64), strict=True)
    for number, (weights, bias) in enumerate(pairs, start=1):
        values = np.maximum(values @ weights + bias, 0.0)
        if number in counts:
            found[number] = values.reshape(inputs.shape)
    return found

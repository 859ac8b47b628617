"""When kernels ran, by the device's clock: the words that ffis_span writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ffi_spectrum.device.session import Session


class Spans:
    """Room on the device for the spans of up to `most` launches of ffis_span; `words` is what the kernel takes."""

    def __init__(self, session: Session, most: int) -> None:
        self._session = session
        self.words = session.to_device(np.zeros(1 + 2 * most, np.uint64))

    def clear(self) -> None:
        """Forget all spans; done when this returns."""
        self.words.fill(0)
        self._session.synchronize()

    def take(self) -> Any:
        """Begin and end of each launch that has run, in nanoseconds of the device's clock, shape (launches, 2).

        Waits for them, and forgets them: there is room for the next ones.
        """
        self._session.synchronize()
        words = self._session.to_host(self.words)
        self.clear()
        pairs = words[1 : 1 + 2 * int(words[0])].reshape(-1, 2)
        return pairs[np.argsort(pairs[:, 0], kind="stable")]


def overlaps(spans: Any, launches: int) -> int:
    """How many of `launches` began before the one before them had ended, or did not run."""
    early = int((spans[1:, 0] < spans[:-1, 1]).sum())
    return early + abs(launches - len(spans))

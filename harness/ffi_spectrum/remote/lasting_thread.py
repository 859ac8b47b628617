"""A thread that lasts as long as the process, to start workers from.

A worker asks the kernel to be killed when its parent dies (PR_SET_PDEATHSIG), and by parent the kernel means the thread
that started it: prctl(2). Started from a thread that ends, the worker would end with that thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_thread: threading.Thread | None = None
_tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()


def run_where_it_lasts(function: Callable[[], T]) -> T:
    """The result of `function`, called in the main thread if this is it, else in a helper thread that never ends."""
    if threading.get_native_id() == os.getpid():
        return function()
    future: Future[T] = Future()

    def task() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who waits for it
            future.set_exception(error)

    _running().put(task)
    return future.result()


def _running() -> SimpleQueue[Callable[[], None]]:
    """The queue of a thread that runs: a forked child has none of its parent's threads, and starts one of its own."""
    global _thread, _tasks
    with _lock:
        if _thread is None or not _thread.is_alive():
            _tasks = SimpleQueue()
            _thread = threading.Thread(target=_work, args=(_tasks,), name="ffi-spectrum-spawner", daemon=True)
            _thread.start()
        return _tasks


def _work(tasks: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        tasks.get()()

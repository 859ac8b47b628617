"""The page of faults refuses to be made of anything but what the tests hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .device_faults import FAULTS, Row
from .make_safety_table import page
from .seen import NONE, Seen

FACTS = {"name": "a device", "driver": "580.1"}
TWO = [name for name, fault in FAULTS.items() if fault.devices == 2]
FOUND = [
    Row(name, Seen(fault.error, "" if fault.error == NONE else f"why {name}", True), 0.25)
    for name, fault in FAULTS.items()
    if name not in TWO
]


def test_every_fault_has_its_row_and_every_error_its_text() -> None:
    made = page(FOUND, dict.fromkeys(TWO, "not done: it needs 2 devices"), FACTS, 1)
    assert "a device, driver 580.1, 1 visible" in made
    assert all(f"| {name} |" in made for name in FAULTS)
    assert all(f"- {row.fault}: `why {row.fault}`" in made for row in FOUND if row.seen.error != NONE)
    assert made.count("| cannot be provoked |") == sum(fault.error == NONE for fault in FAULTS.values())


@pytest.mark.parametrize("seen", [Seen("DeviceError", "something else", True), Seen("Unavailable", "why", False)])
def test_another_error_or_a_run_that_stops_makes_no_page(seen: Seen) -> None:
    found = [replace(row, seen=seen) if row.fault == "no driver" else row for row in FOUND]
    with pytest.raises(AssertionError, match="no driver"):
        page(found, {}, FACTS, 1)

"""Launch latency: single launches on an idle device, by host's and device's clocks."""

from __future__ import annotations

from dataclasses import replace

from ffi_spectrum.device.facts import facts_of
from ffi_spectrum.measure.control import NO_CASE
from ffi_spectrum.measure.device.chain import sample_chain
from ffi_spectrum.measure.device.copies import sample_copies, sample_overlap
from ffi_spectrum.measure.device.cupti import sample_cupti
from ffi_spectrum.measure.device.drains import sample_drains
from ffi_spectrum.measure.device.durations import sample_durations
from ffi_spectrum.measure.device.graph_launches import sample_graph_launches
from ffi_spectrum.measure.device.graphs import sample_graphs
from ffi_spectrum.measure.device.queue import sample_queue
from ffi_spectrum.measure.device.returns import sample_returns
from ffi_spectrum.measure.device.stamps import from_origins, ping_device, stamp_in_c, stamp_path, synchronise_in_c
from ffi_spectrum.measure.device.waiting import sample_waiting
from ffi_spectrum.measure.subject import Mark, Subject, Subjects
from ffi_spectrum.results.device.sample import DeviceSample
from ffi_spectrum.rungs.launch_rung import LaunchRung

# The kernel whose panel has the stamps: how long a launch takes to start does not depend on what is started.
KERNEL = "noop"
# Name of the stamps of the C launcher.
IN_C = "c"


def sample_device(subjects: Subjects, mark: Mark, process: int) -> DeviceSample | None:
    """Stamps of every launch path of the panel, None where it has none; the first process of a run has CUPTI's."""
    paths = _paths(subjects)
    if not paths:
        return None
    rung = next(iter(paths.values()))[0]
    session, artifacts = rung.session, rung.artifacts
    mark(NO_CASE)
    pings = [ping_device(session)]
    stamps, launches = {}, {}
    for name, (rung, subject) in paths.items():
        mark(subject.index)
        launches[name] = rung.stamp(subject.case.variant)
        stamps[name] = stamp_path(session, launches[name])
    mark(NO_CASE)  # what follows is about the device, and no case of the panel is to blame for it
    stamps[IN_C] = stamp_in_c(session)
    pings.append(ping_device(session))
    sample = from_origins(stamps, pings)
    return replace(
        sample,
        facts=facts_of(session),
        returns=sample_returns(session, launches),
        graphs=sample_graphs(session),
        graph_launches=sample_graph_launches(session),
        durations=sample_durations(session, {name: rung for name, (rung, _) in paths.items()}),
        queue=sample_queue(session, {name: rung for name, (rung, _) in paths.items()}),
        copies=sample_copies(session),
        overlap_ns=sample_overlap(session),
        drains=sample_drains(session),
        synchronised=synchronise_in_c(session),
        chain=sample_chain(session, {name: rung for name, (rung, _) in paths.items()}),
        cupti=sample_cupti(session, artifacts["cubin"].path) if process == 0 else None,
        waiting=sample_waiting(session),  # last: it changes the context's flags, and back
    )


def _paths(subjects: Subjects) -> dict[str, tuple[LaunchRung, Subject]]:
    found: dict[str, tuple[LaunchRung, Subject]] = {}
    for subject in subjects.near:
        case = subject.case
        if case.kernel == KERNEL and isinstance(subject.rung, LaunchRung):
            found.setdefault(case.way, (subject.rung, subject))
    return found

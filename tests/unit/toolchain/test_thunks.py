"""The generated thunks through ctypes: every kernel against its oracle, and every call that must be refused.

They run on the build that --build and --cc name; tests/unit/native runs them under the sanitizers, too.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ffi_spectrum.kernels.derived import batched
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import check_outputs, make_workload
from ffi_spectrum.remote.frame import OK, OUT_OF_BOUNDS, UNKNOWN_KERNEL
from ffi_spectrum.toolchain.batch_source import batch_prototype
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Prototype
from ffi_spectrum.toolchain.remote import thunk_library
from ffi_spectrum.toolchain.served import BATCH_BIT, MAX_SLOTS

from .thunk_region import KERNEL_NAMES, UNTOUCHED, Region, ThunkLibrary

SHAPES = shapes_of(KERNELS.values())
BUFFERED = [kernel for kernel in KERNELS.values() if not kernel.is_scalar]
WIDE = [kernel for kernel in BUFFERED if kernel.buffers[0].element != "uint8"]
HUGE = [2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 64, 2**64 - 1]
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
each_buffered = pytest.mark.parametrize("kernel", BUFFERED, ids=lambda kernel: kernel.name)


@pytest.fixture(scope="module")
def toolchain(pytestconfig: pytest.Config) -> Toolchain:
    return Toolchain(pytestconfig.getoption("cc"), pytestconfig.getoption("build"))


@pytest.fixture(scope="module")
def library(toolchain: Toolchain) -> ThunkLibrary:
    return ThunkLibrary(str(thunk_library(toolchain, SHAPES).path))


@pytest.fixture(scope="module")
def prototypes(toolchain: Toolchain) -> dict[str, Prototype]:
    return {prototype.symbol: prototype for prototype in toolchain.kernels(toolchain.target)}


@pytest.mark.parametrize("size", [0, 1, 7, 1023])
@pytest.mark.parametrize("times", [1, 3])
@each_kernel
def test_every_kernel_against_its_oracle(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec, times: int, size: int
) -> None:
    region = Region(make_workload(kernel, size, seed=size), prototypes[kernel.symbol])
    status, result = region.call(library, times)
    assert status == OK
    assert check_outputs(region.workload, region.outputs(result)) == ""
    assert region.changed() == set()
    assert kernel.returns or result == 0
    width = np.dtype(kernel.returns or "V8").itemsize
    assert result < 2 ** (8 * width)  # zeros above


@each_kernel
def test_no_times_calls_nothing(library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec) -> None:
    region = Region(make_workload(kernel, 7), prototypes[kernel.symbol])
    before = region.memory.copy()
    assert region.call(library, times=0) == (OK, 0)
    assert np.array_equal(region.memory, before)


def test_what_the_library_says_of_itself(
    library: ThunkLibrary, toolchain: Toolchain, prototypes: dict[str, Prototype]
) -> None:
    assert library.kernels() == len(KERNELS)
    assert library.library().decode() == toolchain.native_library().facts["sha256"]
    assert [library.slots(i) for i in range(len(KERNELS))] == [len(p.parameters) for p in prototypes.values()]
    assert library.slots(len(KERNELS)) == 2**32 - 1


@pytest.mark.parametrize("number", [len(KERNELS), 2**31, 2**32 - 1])
def test_an_unknown_kernel_is_refused(library: ThunkLibrary, number: int) -> None:
    slots = np.zeros(MAX_SLOTS, np.uint64)
    assert library.call(number, 1, slots, 0, 0) == (UNKNOWN_KERNEL, UNTOUCHED)
    assert library.count(number) == 2**64 - 1


def test_entries_are_counted_in_the_counting_build_only(prototypes: dict[str, Prototype]) -> None:
    counting = ThunkLibrary(str(thunk_library(Toolchain(build="counting"), SHAPES).path))
    plain = ThunkLibrary(str(thunk_library(Toolchain(), SHAPES).path))
    for number, kernel in enumerate(KERNELS.values()):
        region, before = Region(make_workload(kernel, 7), prototypes[kernel.symbol]), counting.count(number)
        for times in (0, 1, 5):
            assert region.call(counting, times)[0] == OK
        assert counting.count(number) - before == 6
        assert region.call(plain)[0] == OK
        assert plain.count(number) == 2**64 - 1


def refused(region: Region, library: ThunkLibrary, nbytes: int | None = None) -> bool:
    """True where the call is refused and has touched nothing."""
    before = region.memory.copy()
    outcome = region.call(library, nbytes=nbytes)
    return outcome == (OUT_OF_BOUNDS, UNTOUCHED) and np.array_equal(region.memory, before)


@each_buffered
def test_a_buffer_that_leaves_the_region_is_refused(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec
) -> None:
    region = Region(make_workload(kernel, 7), prototypes[kernel.symbol])
    last = max(map(region.end, region.offsets))
    assert region.call(library, nbytes=last)[0] == OK
    assert refused(region, library, last - 1)
    assert refused(region, library, 0)
    for name in region.offsets:
        for offset in (region.nbytes, *HUGE):
            bad = Region(region.workload, region.prototype)
            bad.offsets[name] = offset
            assert refused(bad, library), (name, offset)


@pytest.mark.parametrize("kernel", WIDE, ids=lambda kernel: kernel.name)
def test_a_misaligned_buffer_is_refused(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec
) -> None:
    for argument in kernel.buffers:
        region = Region(make_workload(kernel, 7), prototypes[kernel.symbol])
        width = np.dtype(argument.element).itemsize
        for step in range(1, width):
            region.offsets[argument.name] += 1
            assert refused(region, library), step


@each_buffered
def test_what_is_written_must_be_nowhere_else(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec
) -> None:
    outputs = [argument.name for argument in kernel.buffers if argument.role == "out"]
    for out in outputs:
        for other in {argument.name for argument in kernel.buffers} - {out}:
            region = Region(make_workload(kernel, 7), prototypes[kernel.symbol])
            region.offsets[out] = region.offsets[other]
            assert refused(region, library), (out, other)


@each_buffered
def test_inputs_may_be_one_and_the_same(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec
) -> None:
    workload = make_workload(kernel, 9)
    offsets = Region(workload, prototypes[kernel.symbol]).offsets
    inputs = [argument.name for argument in kernel.buffers if argument.role == "in"]
    region = Region(workload, prototypes[kernel.symbol], offsets | dict.fromkeys(inputs, offsets[inputs[0]]))
    status, result = region.call(library)
    assert status == OK
    assert check_outputs(region.as_read(), region.outputs(result)) == ""


@each_buffered
def test_huge_lengths_are_refused(library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec) -> None:
    """Each alone and all at once: products of them wrap in 64 bits, and must not."""
    lengths = [a.name for a in kernel.arguments if a.role == "length"]
    workload = make_workload(kernel, 9)
    for names in (*([name] for name in lengths), lengths):
        for huge in (2**30, 2**31, 2**32 - 1):
            region = Region(workload, prototypes[kernel.symbol])
            region.rows = [(p, a, huge if a.name in names else v) for p, a, v in region.rows]
            assert refused(region, library), (names, huge)


@each_kernel
def test_without_a_region(library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec) -> None:
    region = Region(make_workload(kernel, 0), prototypes[kernel.symbol])
    region.base, region.offsets = 0, dict.fromkeys(region.offsets, 0)
    expected = OK if kernel.is_scalar else OUT_OF_BOUNDS
    assert region.call(library, nbytes=0)[0] == expected


@given(data=st.data(), size=st.integers(0, 40))
@each_buffered
def test_any_offsets_are_refused_or_right(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec, data: st.DataObject, size: int
) -> None:
    """A model says which calls are refused; the others give what the oracle makes of the memory as it lies there."""
    workload, prototype = make_workload(kernel, size, seed=size), prototypes[kernel.symbol]
    nbytes = data.draw(st.integers(0, 2048), "nbytes")
    place = st.one_of(st.integers(0, nbytes + 16), st.integers(0, nbytes // 8).map(lambda i: 8 * i))
    offsets = {argument.name: data.draw(place, argument.name) for argument in kernel.buffers}
    region = Region(workload, prototype, offsets, nbytes)
    expected = region.as_read() if all(region.end(name) <= nbytes for name in offsets) else workload
    if not region.fits(nbytes):
        assert refused(region, library, nbytes)
        return
    status, result = region.call(library, nbytes=nbytes)
    assert status == OK
    assert check_outputs(expected, region.outputs(result)) == ""
    assert region.changed() == set()


@given(offset=st.one_of(st.integers(0, 2**64 - 1), st.sampled_from(HUGE)))
def test_no_offset_wraps_around(library: ThunkLibrary, prototypes: dict[str, Prototype], offset: int) -> None:
    region = Region(make_workload(KERNELS["saxpy"], 7), prototypes["ffis_saxpy"])
    assume(offset >= region.nbytes)
    for name in region.offsets:
        bad = Region(region.workload, region.prototype)
        bad.offsets[name] = offset
        assert refused(bad, library)


@each_buffered
def test_a_batch_keeps_to_the_region(
    library: ThunkLibrary, prototypes: dict[str, Prototype], kernel: KernelSpec
) -> None:
    """Right where it fits, and refused where a step or the number of calls leads out of it, whatever wraps."""
    calls, spec = 3, batched(kernel, 3)
    region = Region(make_workload(spec, 7), batch_prototype(prototypes[kernel.symbol], 8))
    number = KERNEL_NAMES.index(kernel.name) | BATCH_BIT
    slots = {parameter.name: i for i, (parameter, _, _) in enumerate(region.rows)}
    last = max(map(region.end, region.offsets))

    def status(nbytes: int = last, **changes: int) -> int:
        changed = region.slots()
        for name, value in changes.items():
            changed[slots[name]] = value
        return library.call(number, 1, changed, region.base, nbytes)[0]

    assert status() == OK
    assert check_outputs(region.workload, region.outputs(0)) == ""
    assert region.changed() == set()
    assert status(ffis_count=0, nbytes=region.nbytes) == OK
    assert status(nbytes=last - 1) == status(ffis_count=calls + 1) == OUT_OF_BOUNDS
    for huge in (2**20, 2**31, 2**32 - 1):
        assert status(ffis_count=huge) == OUT_OF_BOUNDS
        for argument in kernel.buffers:
            assert status(**{f"ffis_{argument.name}_step": huge}) == OUT_OF_BOUNDS
            assert status(ffis_count=2**32 - 1, **{f"ffis_{argument.name}_step": huge}) == OUT_OF_BOUNDS

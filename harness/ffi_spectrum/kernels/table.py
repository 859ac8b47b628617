"""The ordered table of kernels: a new kernel is one C file, one prototype, one spec file, and one line here."""

from __future__ import annotations

from ffi_spectrum.kernels.add import ADD
from ffi_spectrum.kernels.args import ARGS
from ffi_spectrum.kernels.base64_encode import BASE64_ENCODE
from ffi_spectrum.kernels.bias_add import BIAS_ADD
from ffi_spectrum.kernels.crc32 import CRC32
from ffi_spectrum.kernels.dense_relu import DENSE_RELU
from ffi_spectrum.kernels.dot import DOT
from ffi_spectrum.kernels.ends import ENDS
from ffi_spectrum.kernels.matmul import MATMUL
from ffi_spectrum.kernels.noop import NOOP
from ffi_spectrum.kernels.relu import RELU
from ffi_spectrum.kernels.saxpy import SAXPY
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.spin import SPIN
from ffi_spectrum.kernels.sum8 import SUM8

KERNELS: dict[str, KernelSpec] = {
    kernel.name: kernel
    for kernel in (
        NOOP, ADD, SUM8, DOT, SAXPY, CRC32, BASE64_ENCODE, MATMUL, BIAS_ADD, RELU, DENSE_RELU, SPIN, ENDS, *ARGS,
    )
}  # fmt: skip

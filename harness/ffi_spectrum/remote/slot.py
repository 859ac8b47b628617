"""A slot as both ends of a transport pack it: eight bytes."""

from __future__ import annotations

import struct

from ffi_spectrum.toolchain.header import CType

# struct's letters, by a C type's short name; pointers are offsets
_LETTERS = {
    "i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f32": "f", "f64": "d", "p": "Q", "v": "",
}  # fmt: skip


def slot_format(ctype: CType) -> str:
    """struct's format of one slot: the value in its own C type, and zeros above it."""
    letter = _LETTERS[ctype.code]
    return f"{letter}{8 - struct.calcsize('<' + letter)}x"

"""Cases of the kernels on integers and bytes, from Python integers, zlib and base64."""

import base64
import zlib

from .notation import Case, case


def noop_cases() -> list[Case]:
    return [case("takes nothing, returns nothing", {}, {})]


def add_cases() -> list[Case]:
    low, high = -(2**63), 2**63 - 1
    pairs = [(0, 0), (1, 2), (-5, 3), (2**53, 1), (2**62, 2**62 - 1), (high, 0), (low, high)]
    wrapping = [(high, 1), (low, -1), (low, low), (high, high), (2**62, 2**62)]

    def result(a: int, b: int) -> Case:
        return {"return": (a + b - low) % 2**64 + low}

    plain = [case("no overflow", {"a": a, "b": b}, result(a, b)) for a, b in pairs]
    return plain + [case("wraps", {"a": a, "b": b}, result(a, b)) for a, b in wrapping]


def crc32_cases() -> list[Case]:
    def entry(note: str, data: bytes) -> Case:
        return case(note, {"data": {"hex": data.hex()}}, {"return": zlib.crc32(data)})

    assert zlib.crc32(b"123456789") == 0xCBF43926  # the catalogue's published check value
    return [
        entry("check value of CRC-32/ISO-HDLC: 0xCBF43926 of '123456789'", b"123456789"),
        entry("empty", b""),
        *(entry(f"one byte, {value}", bytes([value])) for value in (0, 1, 0x80, 0xFF)),
        entry("zeros", bytes(32)),
        entry("ones", b"\xff" * 32),
        entry("every byte value", bytes(range(256))),
        entry("1,023 bytes", bytes((i * 7 + 3) % 256 for i in range(1023))),
    ]


def base64_encode_cases() -> list[Case]:
    def entry(note: str, data: bytes) -> Case:
        text = base64.b64encode(data)
        return case(note, {"data": {"hex": data.hex()}}, {"return": len(text), "out": {"hex": text.hex()}})

    published = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
    assert [base64.b64encode(b"foobar"[:n]).decode() for n in range(7)] == published
    binary = bytes([0xFF, 0x00, 0xFB, 0xEF, 0xBE])
    return [
        *(entry(f"RFC 4648 section 10: '{'foobar'[:n]}'", b"foobar"[:n]) for n in range(7)),
        *(entry(f"binary, {n} bytes", binary[:n]) for n in range(6)),
        entry("zeros", bytes(6)),
        entry("ones", b"\xff" * 6),
        entry("every byte value", bytes(range(256))),
    ]


def spin_cases() -> list[Case]:
    def entry(note: str, seed: int, steps: int) -> Case:
        mixed = seed
        for _ in range(steps):
            mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) % 2**64
        return case(note, {"seed": seed, "steps": steps}, {"return": mixed})

    golden = 0x9E3779B97F4A7C15
    return [
        entry("no step returns the seed", golden, 0),
        entry("zero is a fixed point", 0, 5),
        *(entry(f"{steps} steps", golden, steps) for steps in (1, 2, 3, 10, 1000)),
        entry("one", 1, 1),
        entry("all bits set", 2**64 - 1, 7),
    ]


def ends_cases() -> list[Case]:
    def entry(note: str, data: bytes, result: int) -> Case:
        return case(note, {"data": {"hex": data.hex()}}, {"return": result})

    return [
        entry("empty", b"", 0x10000),
        entry("one byte is both ends", b"\x07", 0x10707),
        entry("two bytes", b"\x01\x80", 0x18001),
        entry("what is between does not count", b"\xff" + bytes(61) + b"\x10", 0x110FF),
        entry("ones", b"\xff" * 32, 0x1FFFF),
        entry("1,023 bytes", bytes((i * 7 + 3) % 256 for i in range(1023)), 0x1F503),
    ]


def args_cases(count: int) -> list[Case]:
    """The place of each argument shows in the sum, which wraps upwards and downwards."""
    low, high = -(2**63), 2**63 - 1
    names = "abcdefgh"[:count]
    powers = [2**i for i in range(count)]
    rows = [
        ("each argument counts", powers),
        ("with alternating signs", [value * (-1) ** i for i, value in enumerate(powers)]),
        ("the largest", [high] * count),
        ("the smallest", [low] * count),
        ("beyond 2**53, where binary64 would round", [2**53 + 1 + i for i in range(count)]),
    ]
    return [
        case(note, dict(zip(names, values, strict=True)), {"return": (sum(values) - low) % 2**64 + low})
        for note, values in rows
    ]

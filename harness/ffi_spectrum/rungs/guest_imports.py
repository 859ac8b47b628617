"""What a guest may import: nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ffi_spectrum.errors import Unavailable


def refuse_imports(imports: Iterable[tuple[str, str]]) -> None:
    """Raise Unavailable that names the imports (module and name), where there are any.

    A guest reaches what it is given, so one that is given nothing cannot reach a file, a driver or a device.
    """
    names = ", ".join(f"{module}.{name}" for module, name in imports)
    if names:
        raise Unavailable(f"the guest imports {names}, and gets nothing of the host: link it without imports")

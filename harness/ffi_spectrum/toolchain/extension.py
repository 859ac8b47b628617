"""Loading an extension module from the path where it was built."""

from __future__ import annotations

from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain.artifact import Artifact


def load_extension(name: str, artifact: Artifact) -> ModuleType:
    """Import the extension `name` without touching sys.path; raises Unavailable where it cannot be loaded."""
    path = str(artifact.path)
    spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    if spec is None or spec.loader is None:
        raise Unavailable(f"{path} is not an extension module")
    try:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        raise Unavailable(f"{path} cannot be loaded: {error}; rebuild it with this Python") from error
    return module

"""Every error this package raises on purpose.

FFISpectrumError
├── UsageError            an option, name or path that the user gave does not fit
├── ResultsError          a results file that cannot be read, written or resumed
├── BuildError            the compiler refused a file, or did not end in time
├── Unavailable           a rung that cannot run here, with the reason and what to do about it
├── CallError             a call through a rung went wrong
│   ├── BadArgument       an argument that the kernel must not be called with
│   ├── RungClosed        the rung was closed before the call was bound
│   ├── FarSideTrap       the far side stopped the call (a WebAssembly trap)
│   ├── FarSideDied       the worker process behind the call ended
│   ├── DeadlineExceeded  no answer came in time; the channel is retired and its worker killed
│   ├── ChannelRetired    a call on a channel that was retired before
│   ├── ProtocolError     a worker that is silent at its start, another than expected, or answers nonsense
│   └── DeviceError       the device refused, or a kernel failed on it
│       ├── DeviceMemoryExhausted  no memory is left on the device
│       ├── CaptureInvalid  a recording of launches was spoilt, and gives no graph
│       ├── WrongDevice   an array that lives on another device than the one in use
│       └── DeviceLost    a kernel made the device's context unusable: nothing more can run on it in this process
└── MeasurementError      a measurement that must not be used
    ├── WrongResult       the rung answered, and the answer is wrong
    ├── LostCalls         N calls did not reach the far side N times
    └── WorkerDied        the measuring process ended before its results were written
"""


class FFISpectrumError(Exception):
    """Root of all errors of this package; its text is a sentence for the user."""


class UsageError(FFISpectrumError):
    """An option, name or path that the user gave does not fit."""


class ResultsError(FFISpectrumError):
    """A results file cannot be read, written or resumed."""


class BuildError(FFISpectrumError):
    """The compiler refused a file, or did not end in time; the text ends with the compiler's own message."""


class Unavailable(FFISpectrumError):
    """A rung cannot run here; `reason` says why and what would make it available."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CallError(FFISpectrumError):
    """A call through a rung went wrong."""


class BadArgument(CallError):
    """An argument that the kernel must not be called with."""


class RungClosed(CallError):
    """The rung was closed before the call was bound."""


class FarSideTrap(CallError):
    """The far side stopped the call; it stays usable afterwards."""


class FarSideDied(CallError):
    """The worker process behind the call ended; the text says how."""


class DeadlineExceeded(CallError):
    """No answer came in time: the channel is retired, so that a late answer reaches no other call."""


class ChannelRetired(CallError):
    """A call on a channel that was retired before; open the rung again."""


class ProtocolError(CallError):
    """A worker is silent at its start, has another version or library than expected, or answers nonsense."""


class DeviceError(CallError):
    """The device refused a call, or a kernel failed on it; `code` is the driver's CUresult."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class DeviceMemoryExhausted(DeviceError):
    """No memory is left on the device; what was allocated before stays usable."""


class CaptureInvalid(DeviceError):
    """A recording of launches was spoilt by a call that cannot be recorded: it gives no graph; record again."""


class WrongDevice(DeviceError):
    """An array lives on another device than the one in use."""


class DeviceLost(DeviceError):
    """A kernel made the device's context unusable: nothing more can run on it in this process."""


class MeasurementError(FFISpectrumError):
    """A measurement that must not be used."""


class WrongResult(MeasurementError):
    """The rung answered, and the answer is wrong."""


class LostCalls(MeasurementError):
    """N calls did not reach the far side N times."""


class WorkerDied(MeasurementError):
    """The measuring process ended before its results were written."""

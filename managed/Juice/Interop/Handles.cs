using Microsoft.Win32.SafeHandles;

namespace Juice.Interop;

internal sealed class CircuitHandle() : SafeHandleZeroOrMinusOneIsInvalid(true) { protected override bool ReleaseHandle() { NativeMethods.juice_circuit_free(handle); return true; } }

internal sealed class ModelHandle() : SafeHandleZeroOrMinusOneIsInvalid(true) { protected override bool ReleaseHandle() { NativeMethods.juice_model_free(handle); return true; } }

namespace Sim.Host.Parity.Calls.Live;

/// <summary>This machine's kernel cannot be recorded; the message says why and what to do.</summary>
internal sealed class LiveKernelException(string message) : Exception(message);

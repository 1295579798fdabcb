namespace Sim.Engine.Log;

/// <summary>Another writer is at work in the folder.</summary>
public sealed class LogLockedException(string message, Exception cause) : IOException(message, cause);

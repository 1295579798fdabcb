namespace Sim.Engine.Log;

/// <summary>The log is complete, so there is nothing to resume.</summary>
public sealed class LogCompleteException(string message) : Exception(message);

namespace Sim.Engine.Log;

/// <summary>The log is intact, but this build cannot read it: another format version, or an event it does not know.</summary>
public sealed class IncompatibleLogException(string message) : Exception(message);

namespace Sim.Engine.Log;

/// <summary>A dropped segment, made again, is not the one whose hashes were kept: the run does not give what it gave.</summary>
public sealed class SegmentDivergedException(string message) : Exception(message);

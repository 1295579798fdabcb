namespace Sim.Host.Traces;

/// <summary>How a captured text becomes a trace.</summary>
public sealed record ImportOptions
{
    /// <summary>
    /// A file with the initial areas, when the captured text does not have them: valgrind's segment list (lackey) or
    /// a copy of <c>/proc/PID/maps</c> (strace).
    /// </summary>
    public string? MapsPath { get; init; }

    /// <summary>Brotli quality, 0 to 11. It changes the size of the file and not its content hash.</summary>
    public int Quality { get; init; } = TraceWriter.DefaultQuality;

    /// <summary>Whether to take a text that was cut off before the program's end.</summary>
    public bool AllowTruncated { get; init; }

    /// <summary>Called now and then with bytes of input read and in all.</summary>
    public Action<long, long>? Progress { get; init; }
}

/// <summary>What an import made.</summary>
/// <param name="Header">The header of the trace written.</param>
/// <param name="Lines">Lines read.</param>
/// <param name="MappingCalls">Mapping calls in the trace.</param>
/// <param name="UnknownBuffers">User buffers of system calls that the text does not give the address or length of.</param>
/// <param name="AccessesOutsideAreas">Accesses to addresses that no area covered at that moment.</param>
/// <param name="Warnings">What a person should know about the trace, one sentence each.</param>
public sealed record ImportReport(
    TraceHeader Header, long Lines, long MappingCalls, long UnknownBuffers, long AccessesOutsideAreas, IReadOnlyList<string> Warnings);

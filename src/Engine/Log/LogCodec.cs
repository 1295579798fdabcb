namespace Sim.Engine.Log;

/// <summary>How a block's payload is stored. Numbers are on disk; zero is never valid.</summary>
public enum LogCodec : byte
{
    /// <summary>As it is.</summary>
    None = 1,

    /// <summary>Snappy's raw format (google/snappy, format_description.txt), without the framing format.</summary>
    Snappy = 2,
}

using System.Globalization;

namespace Sim.Engine.Log;

/// <summary>Numbers and names of the log format; <c>docs/format/event-log.md</c> draws it byte by byte.</summary>
public static class LogFormat
{
    /// <summary>The version this build writes, and the only one it reads.</summary>
    public const int Version = 1;

    /// <summary>First value of every header and footer.</summary>
    public const string Marker = "sim.evlog";

    /// <summary>End of a segment's file name.</summary>
    public const string Extension = ".evlog";

    /// <summary>End of the name of a file with what is left of a dropped segment.</summary>
    public const string HashesExtension = ".hashes";

    /// <summary>No block has more raw bytes; a greater length is damage, and nothing is allocated for it.</summary>
    public const int MaxRawBlockBytes = 256 * 1024;

    /// <summary>No block is stored in more bytes.</summary>
    public const int MaxStoredBlockBytes = MaxRawBlockBytes + MaxRawBlockBytes / 6 + 32;

    /// <summary>No header map is longer.</summary>
    public const int MaxHeaderBytes = 1024 * 1024;

    /// <summary>No footer map is longer.</summary>
    public const int MaxFooterBytes = 64 * 1024 * 1024;

    /// <summary>Most fields an event of any build may have.</summary>
    public const int MaxFields = 64;

    /// <summary>A segment's file name: its first sequence in 20 digits.</summary>
    public static string SegmentName(long firstSequence) =>
        firstSequence.ToString("D20", CultureInfo.InvariantCulture) + Extension;

    /// <summary>The name of the file with what is left of a dropped segment.</summary>
    public static string HashesName(long firstSequence) =>
        firstSequence.ToString("D20", CultureInfo.InvariantCulture) + HashesExtension;

    /// <summary>The first sequence from a segment's file name; false when the name is not a segment's.</summary>
    public static bool TryParseSegmentName(string name, out long firstSequence) => TryParse(name, Extension, out firstSequence);

    /// <summary>The first sequence from the name of a dropped segment's file; false when the name is not one.</summary>
    public static bool TryParseHashesName(string name, out long firstSequence) => TryParse(name, HashesExtension, out firstSequence);

    private static bool TryParse(string name, string extension, out long firstSequence)
    {
        firstSequence = 0;
        return name.Length == 20 + extension.Length
            && name.EndsWith(extension, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out firstSequence);
    }
}

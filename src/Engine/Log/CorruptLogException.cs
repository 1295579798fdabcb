namespace Sim.Engine.Log;

/// <summary>The bytes of a log are not what a log may contain. The only exception a reader throws on bad bytes.</summary>
public sealed class CorruptLogException : Exception
{
    public CorruptLogException(string what, string? segment = null, long? block = null, long? offset = null)
        : base(segment is null ? what : $"{segment}, {(block is null ? "header or footer" : $"block {block}")}, byte {offset}: {what}")
    {
        What = what;
        Segment = segment;
        Block = block;
        Offset = offset;
    }

    /// <summary>What is wrong, without the place.</summary>
    public string What { get; }

    /// <summary>File name of the segment; null when the reader of the bytes does not know it.</summary>
    public string? Segment { get; }

    /// <summary>Block number in the segment; null for the header and the footer.</summary>
    public long? Block { get; }

    /// <summary>Byte offset in the segment at which the damaged structure starts.</summary>
    public long? Offset { get; }
}

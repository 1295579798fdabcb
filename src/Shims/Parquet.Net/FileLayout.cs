namespace Parquet;

/// <summary>What frames a file: magic, row groups, footer, the footer's length (4 bytes), magic.</summary>
internal static class FileLayout
{
    /// <summary>Bytes behind the footer: its length and the magic.</summary>
    public const int TailLength = 8;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;
}

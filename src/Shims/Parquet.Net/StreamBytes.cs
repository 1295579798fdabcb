namespace Parquet;

/// <summary>Reads ranges of a stream.</summary>
internal static class StreamBytes
{
    /// <exception cref="ParquetException">The range does not lie within the stream.</exception>
    public static async Task<byte[]> ReadAsync(Stream input, long offset, long length, CancellationToken cancellationToken)
    {
        // The length is checked before room is made for it.
        if (offset < 0 || length < 0 || offset > input.Length || length > input.Length - offset || length > Array.MaxLength)
        {
            throw new ParquetException($"Damaged Parquet file: {length} bytes at {offset} wanted of a file of {input.Length}.");
        }

        byte[] bytes = new byte[length];
        input.Position = offset;
        int read = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return read == bytes.Length ? bytes : throw new ParquetException("The Parquet file became shorter while it was read.");
    }
}

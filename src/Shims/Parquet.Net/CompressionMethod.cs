namespace Parquet;

/// <summary>Compression of the pages of a file. This library writes and reads <see cref="None"/>, <see cref="Snappy"/> and <see cref="Gzip"/>.</summary>
public enum CompressionMethod
{
    /// <summary>Pages are stored as encoded.</summary>
    None = 0,

    /// <summary>Snappy blocks; the bytes written are the same on every machine.</summary>
    Snappy = 1,

    /// <summary>gzip members; the bytes written depend on the runtime's zlib.</summary>
    Gzip = 2,

    /// <summary>Not supported.</summary>
    Lzo = 3,

    /// <summary>Not supported.</summary>
    Brotli = 4,

    /// <summary>Not supported.</summary>
    LZ4 = 5,

    /// <summary>Not supported.</summary>
    Zstd = 6,

    /// <summary>Not supported.</summary>
    Lz4Raw = 7,
}

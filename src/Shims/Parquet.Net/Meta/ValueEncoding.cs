namespace Parquet.Meta;

/// <summary>Encodings of values and levels (parquet.thrift, <c>Encoding</c>).</summary>
internal enum ValueEncoding
{
    Plain = 0,

    /// <summary>The old name of <see cref="RleDictionary"/>, still written by some.</summary>
    PlainDictionary = 2,
    Rle = 3,
    DeltaBinaryPacked = 5,
    RleDictionary = 8,
}

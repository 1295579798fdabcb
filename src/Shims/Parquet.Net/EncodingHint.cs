namespace Parquet;

/// <summary>What the caller knows about a column's values; see <see cref="ParquetOptions.ColumnEncodingHints"/>.</summary>
public enum EncodingHint
{
    /// <summary>Strings: a dictionary if it pays; everything else PLAIN.</summary>
    Default = 0,

    /// <summary>
    /// Few distinct values. For <see cref="int"/>, <see cref="long"/> and <see cref="double"/> columns the smallest of RLE_DICTIONARY,
    /// DELTA_BINARY_PACKED and PLAIN is kept (the package honours this hint for strings only and writes numbers PLAIN).
    /// </summary>
    Dictionary,

    /// <summary>Slowly changing <see cref="int"/> or <see cref="long"/> values, such as times and sequence numbers.</summary>
    DeltaBinaryPacked,

    /// <summary>Not supported here: written as <see cref="Default"/>.</summary>
    ByteSplitStream,
}

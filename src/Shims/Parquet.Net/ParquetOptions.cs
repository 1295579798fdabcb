using System.IO.Compression;
using Parquet.Schema;

namespace Parquet;

/// <summary>How a file is written.</summary>
public class ParquetOptions
{
    /// <summary>Compression of all pages.</summary>
    public CompressionMethod CompressionMethod { get; set; } = CompressionMethod.Snappy;

    /// <summary>Effort of <see cref="CompressionMethod.Gzip"/>; Snappy has no levels.</summary>
    public CompressionLevel CompressionLevel { get; set; } = CompressionLevel.SmallestSize;

    /// <summary>Hints by column path (<see cref="Field.Path"/> as text; for a flat schema the column's name).</summary>
    public readonly IDictionary<string, EncodingHint> ColumnEncodingHints = new Dictionary<string, EncodingHint>();

    /// <summary>A string column gets a dictionary when its distinct values are at most this share (0–1) of all values of a row group.</summary>
    public double DictionaryEncodingThreshold { get; set; } = 0.8;

    internal EncodingHint HintFor(DataField field) =>
        ColumnEncodingHints.TryGetValue(field.Path.ToString(), out EncodingHint hint) ? hint : EncodingHint.Default;
}

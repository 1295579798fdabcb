namespace Parquet.Meta;

/// <summary>Header of one page (parquet.thrift, <c>PageHeader</c>), with the fields of its data or dictionary header.</summary>
internal struct PageHeader
{
    public PageType Type;
    public int UncompressedLength;
    public int CompressedLength;

    /// <summary>CRC-32 of the compressed bytes, or null if the writer gave none.</summary>
    public int? Checksum;

    /// <summary>Rows of a data page of a flat column, nulls included; entries of a dictionary page.</summary>
    public int ValueCount;
    public ValueEncoding Encoding;
    public ValueEncoding DefinitionLevelEncoding;
}

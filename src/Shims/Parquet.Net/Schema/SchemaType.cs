namespace Parquet.Schema;

/// <summary>Kind of a schema node. Only <see cref="Data"/> fields (columns) exist here; nested types are not supported.</summary>
public enum SchemaType
{
    Data,
    Map,
    Struct,
    List,
}

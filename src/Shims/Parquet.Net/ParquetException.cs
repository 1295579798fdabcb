namespace Parquet;

/// <summary>The file is damaged, is not a Parquet file, or uses a feature this library does not read. The message says which.</summary>
public class ParquetException : Exception
{
    public ParquetException()
    {
    }

    public ParquetException(string message)
        : base(message)
    {
    }

    public ParquetException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

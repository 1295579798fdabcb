namespace Parquet.Pages;

/// <summary>Sizes that the writer keeps to and the reader insists on.</summary>
internal static class PageLimits
{
    /// <summary>Rows of a data page.</summary>
    public const int RowsPerPage = 1 << 16;

    /// <summary>A data page of strings ends when its contents reach this many bytes.</summary>
    public const int StringPageLength = 1 << 20;

    /// <summary>Contents of a page, in bytes: hence also the longest string and the largest dictionary.</summary>
    public const int MaxPageLength = 1 << 28;

    /// <summary>
    /// Rows that the reader believes of one byte of a column chunk. A page takes some 30 bytes at least, so that even a constant
    /// column at <see cref="RowsPerPage"/> stays far below; a damaged row count stands out before anyone allocates for it.
    /// </summary>
    public const long MaxRowsPerByte = 1 << 14;
}

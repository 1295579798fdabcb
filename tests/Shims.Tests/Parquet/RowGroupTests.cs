using Parquet;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Row groups: several, empty, and written wrongly.</summary>
public sealed class RowGroupTests
{
    private static readonly DataField<int> A = new("a");
    private static readonly DataField<long> B = new("b");

    [Theory]
    [InlineData(1, 10)]
    [InlineData(999, 1000)]
    [InlineData(1000, 1000)]
    [InlineData(70_000, 210_001)]
    public async Task GroupsFollowOneAnother(int rowsPerGroup, int rows)
    {
        TestColumn[] columns =
        [
            new TestColumn("l", Shapes.Longs(Shape.Times, rows)) { Hint = EncodingHint.DeltaBinaryPacked },
            new TestColumn("s", Shapes.Strings(Shape.FewValues, rows)),
        ];
        byte[] file = await TestTable.WriteAsync(columns, rowsPerGroup: rowsPerGroup);
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file));
        Assert.Equal((rows + rowsPerGroup - 1) / rowsPerGroup, reader.RowGroupCount);
        Assert.Equal(rows, reader.RowGroups.Sum(group => group.RowCount));
        Array[] read = await TestTable.ReadAsync(file);
        TestTable.AssertSame(columns[0].Values, read[0]);
        TestTable.AssertSame(columns[1].Values, read[1]);
    }

    [Fact]
    public async Task FilesWithoutRowGroupsHaveASchema()
    {
        using var stream = new MemoryStream();
        await (await ParquetWriter.CreateAsync(new ParquetSchema(A, new DataField<string>("s")), stream)).DisposeAsync();
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
        Assert.Equal(0, reader.RowGroupCount);
        Assert.Equal(new ParquetSchema(A, new DataField<string>("s")), reader.Schema);
        Assert.True(reader.Schema[1].IsNullable);
        Assert.False(reader.Schema[0].IsNullable);
    }

    [Fact]
    public async Task ColumnsAreWrittenInSchemaOrderWithEqualRowCounts()
    {
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(A, B), new MemoryStream());
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        await Assert.ThrowsAsync<ArgumentException>(() => group.WriteAsync<long>(B, new long[3]));
        await Assert.ThrowsAsync<ArgumentException>(() => group.WriteAsync<long>(A, new long[3]));
        await group.WriteAsync<int>(A, new int[3]);
        InvalidOperationException missing = Assert.Throws<InvalidOperationException>(group.CompleteValidate);
        Assert.Contains("b", missing.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => group.WriteAsync<long>(B, new long[4]));
        await group.WriteAsync<long>(B, new long[3]);
        group.CompleteValidate();
        await Assert.ThrowsAsync<InvalidOperationException>(() => group.WriteAsync<long>(B, new long[3]));
    }

    [Fact]
    public async Task AnUnfinishedGroupLeavesNoReadableFile()
    {
        TestTable.NeedShim();
        using var stream = new MemoryStream();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(A, B), stream))
        {
            await writer.CreateRowGroup().WriteAsync<int>(A, new int[3]);
            Assert.Throws<InvalidOperationException>(writer.CreateRowGroup);
        }

        await Assert.ThrowsAsync<ParquetException>(() => ParquetReader.CreateAsync(stream));
    }

    [Fact]
    public async Task AFailedWriteLeavesNoReadableFile()
    {
        TestTable.NeedShim();
        var stream = new FailingStream(capacity: 2000);
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(B), stream))
        {
            long[] noise = Shapes.Longs(Shape.WideNoise, 100);
            await writer.CreateRowGroup().WriteAsync<long>(B, noise);
            await writer.CreateRowGroup().WriteAsync<long>(B, noise);
            await Assert.ThrowsAsync<IOException>(() => writer.CreateRowGroup().WriteAsync<long>(B, noise));
            Assert.Throws<InvalidOperationException>(writer.CreateRowGroup);
        }

        await Assert.ThrowsAsync<ParquetException>(() => ParquetReader.CreateAsync(stream));
    }

    [Fact]
    public async Task UnsupportedRequestsSaySo()
    {
        TestTable.NeedShim();
        Assert.Throws<NotSupportedException>(() => new DataField<decimal>("x"));
        Assert.Throws<ArgumentException>(() => new ParquetSchema());
        await Assert.ThrowsAsync<ArgumentException>(() => ParquetWriter.CreateAsync(new ParquetSchema(A, new DataField<long>("a")), new MemoryStream()));
        await Assert.ThrowsAsync<NotSupportedException>(() => ParquetWriter.CreateAsync(new ParquetSchema(A), new MemoryStream(), append: true));
        await Assert.ThrowsAsync<NotSupportedException>(
            () => ParquetWriter.CreateAsync(new ParquetSchema(A), new MemoryStream(), new ParquetOptions { CompressionMethod = CompressionMethod.Zstd }));
    }

    [Fact]
    public async Task ReadsAreCheckedAgainstTheFile()
    {
        byte[] file = await TestTable.WriteAsync([new TestColumn("a", new int[] { 1, 2, 3 })]);
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file));
        ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        Assert.True(group.ColumnExists(A));
        Assert.False(group.ColumnExists(B));
        await Assert.ThrowsAsync<ParquetException>(async () => await group.ReadAsync<long>(B, new long[3]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await group.ReadAsync<long>(A, new long[3]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await group.ReadAsync<int>(A, new int[2]));
        Assert.ThrowsAny<ArgumentException>(() => reader.OpenRowGroupReader(1));
    }

    /// <summary>A disk that is full after some bytes.</summary>
    private sealed class FailingStream(int capacity) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Length + buffer.Length > capacity ? throw new IOException("No space left on device") : base.WriteAsync(buffer, cancellationToken);
    }
}

using Parquet;
using Parquet.Schema;

namespace Sim.Shims.Tests.Parquet;

/// <summary>Key-value metadata of files and columns.</summary>
public sealed class MetadataTests
{
    [Fact]
    public async Task FilesAndColumnsKeepTheirMetadata()
    {
        var fileMetadata = new Dictionary<string, string> { ["sim.table"] = "buddy", ["empty"] = string.Empty, ["ключ"] = "🐎" };
        for (int i = 0; i < 20; i++)
        {
            fileMetadata[$"k{i}"] = new string('v', i * 100);
        }

        var columnMetadata = new Dictionary<string, string> { ["unit"] = "ns" };
        var field = new DataField<long>("time_ns");
        var plain = new DataField<int>("cpu");
        using var stream = new MemoryStream();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(field, plain), stream))
        {
            writer.CustomMetadata = fileMetadata;
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<long>(field, new long[] { 1 }, customMetadata: columnMetadata);
            await group.WriteAsync<int>(plain, new int[] { 1 });
        }

        await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
        Assert.Equal(fileMetadata, reader.CustomMetadata);
        ParquetRowGroupReader read = reader.OpenRowGroupReader(0);
        Assert.Equal(columnMetadata, read.GetCustomMetadata(field));
        Assert.Empty(read.GetCustomMetadata(plain));
    }

    [Fact]
    public async Task TheFileDoesNotDependOnTheOrderOfEntries()
    {
        TestTable.NeedShim();
        TestColumn[] columns = [new TestColumn("a", new int[] { 1, 2 })];
        byte[] one = await TestTable.WriteAsync(columns, metadata: new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });
        byte[] other = await TestTable.WriteAsync(columns, metadata: new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });
        Assert.Equal(one, other);
    }

    [Fact]
    public async Task FilesAreReadByPath()
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, await TestTable.WriteAsync([new TestColumn("a", new int[] { 7 })]), TestContext.Current.CancellationToken);
            await using ParquetReader reader = await ParquetReader.CreateAsync(path, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(1, reader.OpenRowGroupReader(0).RowCount);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

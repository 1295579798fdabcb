using Parquet;
using Sim.Engine.Tables;
using Sim.Engine.Tests.Log;
using Sim.Shims.Tests.Parquet;

namespace Sim.Engine.Tests.Tables;

public sealed class SampledTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sim-tables-").FullName;

    private static TableOrigin Origin { get; } = new(SampleLog.Identity, new string('0', 64));

    private static TableSchema Schema { get; } = new("samples", "Samples.",
    [
        CommonColumns.RunId, CommonColumns.Sequence, CommonColumns.Cpu,
        new("is_even", ColumnType.Bool, "", "Even."), new("ratio", ColumnType.Double, "", "A ratio."),
    ]);

    [Fact]
    public async Task ValuesComeBack_AndAColumnNotSetKeepsItsLast()
    {
        TableEntry entry;
        using (var table = new SampledTable(Schema, _folder, Origin, new TableOptions { RowsPerGroup = 10 }))
        {
            table.Set(0, "run");
            for (int i = 0; i < 25; i++)
            {
                table.Set(1, i * 3L);
                if (i % 4 == 0)
                {
                    table.Set(2, i);
                }
                table.Set(3, i % 2 == 0);
                table.Set(4, i / 8.0);
                table.EndRow();
            }
            entry = table.Complete()!;
        }
        Assert.Equal(("samples", 25L, 0L, 72L), (entry.Table, entry.Rows, entry.FirstSequence, entry.LastSequence));
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(_folder, "samples", "part-00000.parquet"), TestContext.Current.CancellationToken);
        await using ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(file), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(3, reader.RowGroupCount);
        Assert.Equal("samples", reader.CustomMetadata["sim.table"]);
        Array[] columns = await TestTable.ReadAsync(file);
        int[] rows = [.. Enumerable.Range(0, 25)];
        TestTable.AssertSame(Array.ConvertAll(rows, _ => "run"), columns[0]);
        TestTable.AssertSame(Array.ConvertAll(rows, i => i * 3L), columns[1]);
        TestTable.AssertSame(Array.ConvertAll(rows, i => i & ~3), columns[2]);
        TestTable.AssertSame(Array.ConvertAll(rows, i => i % 2 == 0), columns[3]);
        TestTable.AssertSame(Array.ConvertAll(rows, i => i / 8.0), columns[4]);
    }

    [Fact]
    public void WithoutRows_ThereIsNoFile()
    {
        using var table = new SampledTable(Schema, _folder, Origin);
        Assert.Null(table.Complete());
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void GivenUp_ItLeavesNoFile()
    {
        using (var table = new SampledTable(Schema, _folder, Origin, new TableOptions { RowsPerGroup = 1 }))
        {
            table.Set(0, "run");
            table.EndRow();
            Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
        }
        Assert.Empty(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void ATableNeedsSeq() =>
        Assert.Throws<ArgumentException>(() => new SampledTable(new TableSchema("t", "", [CommonColumns.RunId]), _folder, Origin));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

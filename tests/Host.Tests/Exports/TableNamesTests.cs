using Sim.Engine.Tables;
using Sim.Host.Exports;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Exports;

/// <summary>Names that analysts type.</summary>
public sealed class TableNamesTests
{
    /// <summary>What DuckDB reserves (<c>duckdb_keywords()</c>, category reserved).</summary>
    private const string Reserved =
        " all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do "
        + "else end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot "
        + "pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric table then to trailing true union unique "
        + "unpivot using variadic when where window with user ";

    private static IEnumerable<TableSchema> Schemas =>
    [
        .. Application.Simulator.Catalogue.Descriptors.Select(ParquetProjection.SchemaOf),
        FragmentationTable.Schema,
        SlabUsageTable.Schema,
    ];

    [Fact]
    public void TablesHaveDistinctNames_AndTheCommonColumnsFirst()
    {
        Assert.Equal(Schemas.Count(), Schemas.Select(schema => schema.Name).Distinct().Count());
        foreach (TableSchema schema in Schemas)
        {
            string[] names = [.. schema.Columns.Select(column => column.Name)];
            Assert.Equal(["run_id", "seq", "time_ns"], names[..3]);
            Assert.Contains("time_ps", names);
            int cpu = Array.IndexOf(names, "cpu");
            Assert.True(cpu is -1 or 3, $"{schema.Name}.cpu is column {cpu}");
        }
    }

    [Fact]
    public void ColumnsHaveMeanings_AndNoReservedNames() =>
        Assert.All(Schemas.SelectMany(schema => schema.Columns, (schema, column) => (schema, column)), pair =>
        {
            Assert.False(string.IsNullOrWhiteSpace(pair.column.Doc), $"{pair.schema.Name}.{pair.column.Name} has no meaning");
            Assert.DoesNotContain($" {pair.column.Name} ", Reserved, StringComparison.Ordinal);
        });

    [Fact]
    public void TheSameName_IsTheSameTypeEverywhere()
    {
        var types = new Dictionary<string, (ColumnType Type, string Table)>();
        foreach (TableSchema schema in Schemas)
        {
            foreach (TableColumn column in schema.Columns)
            {
                (ColumnType type, string table) = types.TryAdd(column.Name, (column.Type, schema.Name)) ? (column.Type, schema.Name) : types[column.Name];
                Assert.True(type == column.Type, $"{column.Name} is {type} in {table} and {column.Type} in {schema.Name}");
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(1000, 1)]
    [InlineData(1001, 2)]
    [InlineData(2001, 5)]
    [InlineData(5001, 10)]
    [InlineData(1_000_000, 1000)]
    [InlineData(1_000_001, 2000)]
    [InlineData(long.MaxValue, 10_000_000_000_000_000)]
    public void SamplesAreTakenAtRoundTimes(long lengthPs, long expectedPs)
    {
        long interval = SampleMoment.RoundInterval(lengthPs, 1000);
        Assert.Equal(expectedPs, interval);
        Assert.True(lengthPs / interval <= 1000);
    }
}

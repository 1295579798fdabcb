using System.Diagnostics;
using Sim.Engine.Log;
using Sim.Engine.Tables;

namespace Sim.Compare;

/// <summary>Exports the log of the shipped fragmentation experiment, and has DuckDB write the same rows.</summary>
internal static class ParquetSection
{
    public static IEnumerable<Figure> Run()
    {
        using var folder = new TemporaryFolder();
        string log = Path.Combine(folder.Path, "log"), tables = Path.Combine(folder.Path, "tables");
        RecordedRun.Make(RecordedRun.Load("quickstart"), log);
        var times = new List<(double Cpu, double Wall, long Rows)>();
        for (int i = 0; i < 4; i++)
        {
            if (i > 0)
            {
                Directory.Delete(tables, recursive: true);
            }
            times.Add(Export(log, tables));
        }
        (double cpu, double wall, long rows) = times.Skip(1).OrderBy(t => t.Cpu).ElementAt(1);
        yield return new Figure("Parquet export", "rows/CPU-s", rows / cpu, "", 1, 5e6);
        Console.WriteLine($"     Parquet export by the wall clock: {rows / wall / 1e6:0.00} M rows/s");
        if (DuckDb.Missing is { } missing)
        {
            Console.WriteLine($"     Parquet export, size: not compared, {missing}");
            yield break;
        }
        long ours = 0, theirs = 0;
        foreach (string file in Directory.EnumerateFiles(tables, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            ours += new FileInfo(file).Length;
            theirs += DuckDb.CopySize(file, Path.Combine(folder.Path, "duckdb.parquet"));
        }
        yield return new Figure("Parquet export, size", "bytes", ours, "DuckDB's file of the same rows", theirs, -1);
    }

    private static (double Cpu, double Wall, long Rows) Export(string log, string tables)
    {
        using LogReader reader = LogReader.Open(log);
        long wall = Stopwatch.GetTimestamp();
        double cpu = ThreadCpu.Seconds;
        TableManifest manifest = ParquetProjection.Write(reader, RecordedRun.Simulator.Catalogue, tables);
        return (ThreadCpu.Seconds - cpu, Stopwatch.GetElapsedTime(wall).TotalSeconds, manifest.Tables.Sum(t => t.Rows));
    }
}

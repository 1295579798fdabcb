namespace Sim.Compare;

/// <summary>DuckDB as the tests have it, in Node.</summary>
internal static class DuckDb
{
    private static string Folder => Path.Combine(Limits.Root(), "tests", "node");

    /// <summary>Why it cannot be used here; null when it can.</summary>
    public static string? Missing =>
        !Directory.Exists(Path.Combine(Folder, "node_modules", "@duckdb", "node-api")) ? "tests/node has no packages: run npm install there"
        : !Limits.Exists("node") ? "there is no node"
        : null;

    /// <summary>Has DuckDB write the rows of a Parquet file again, with its default settings; returns the bytes it took.</summary>
    public static long CopySize(string parquet, string copy)
    {
        Limits.Execute("node", $"\"{Path.Combine(Folder, "parquet-duckdb.mjs")}\" copy \"{parquet}\" \"{copy}\"");
        return new FileInfo(copy).Length;
    }
}

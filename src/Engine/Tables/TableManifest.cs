using System.Text.Json;
using Sim.Engine.Log;

namespace Sim.Engine.Tables;

/// <summary>A table in the manifest.</summary>
/// <param name="Table">Name of the table and of its folder.</param>
/// <param name="FirstSequence">seq of its first row.</param>
/// <param name="LastSequence">seq of its last row.</param>
/// <param name="Parts">Its files, in order.</param>
public sealed record TableEntry(string Table, long FirstSequence, long LastSequence, IReadOnlyList<TablePart> Parts)
{
    /// <summary>Rows in all files.</summary>
    public long Rows => Parts.Sum(part => part.Rows);

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Parts.Sum(part => part.Bytes);
}

/// <summary>What an export wrote: <c>_manifest.json</c> beside the tables.</summary>
/// <param name="Origin">What the tables were made from.</param>
/// <param name="Events">Events in the log; as many rows as the tables of events have together.</param>
/// <param name="Tables">The tables that have rows, by name.</param>
public sealed record TableManifest(TableOrigin Origin, long Events, IReadOnlyList<TableEntry> Tables)
{
    /// <summary>The manifest's file name; readers of the folder pass over names that start with an underscore.</summary>
    public const string FileName = "_manifest.json";

    /// <summary>Writes the file, whole or not at all. Done last, it says that all tables are there.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string directory)
    {
        string path = Path.Combine(directory, FileName);
        string temporary = path + ".inprogress";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                using (var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
                {
                    Write(json);
                }
                file.Write("\n"u8);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        new DirectoryStorage(directory).SyncDirectory();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", TableOrigin.SchemaVersion);
        json.WriteString("runId", Origin.Run.RunId);
        json.WriteNumber("seed", Origin.Run.Seed);
        json.WriteString("engineVersion", Origin.Run.EngineVersion);
        json.WriteString("configHash", Origin.Run.ConfigHash);
        json.WriteString("chainHash", Origin.ChainHash);
        json.WriteNumber("events", Events);
        json.WriteStartArray("tables");
        foreach (TableEntry table in Tables)
        {
            json.WriteStartObject();
            json.WriteString("table", table.Table);
            json.WriteNumber("rows", table.Rows);
            json.WriteNumber("firstSeq", table.FirstSequence);
            json.WriteNumber("lastSeq", table.LastSequence);
            json.WriteStartArray("files");
            foreach (TablePart part in table.Parts)
            {
                json.WriteStartObject();
                json.WriteString("path", $"{table.Table}/{part.Name}");
                json.WriteNumber("rows", part.Rows);
                json.WriteNumber("bytes", part.Bytes);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

using System.Globalization;
using Sim.Engine.Log;

namespace Sim.Engine.Tables;

/// <summary>What tables were made from; in the metadata of every file.</summary>
/// <param name="Run">The run.</param>
/// <param name="ChainHash">Last link of the log's chain, 64 hexadecimal digits: the very events.</param>
public sealed record TableOrigin(LogIdentity Run, string ChainHash)
{
    /// <summary>Version of names, types and meanings of columns. Columns are added at the end; everything else raises it.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The origin of the tables of a log.</summary>
    public static TableOrigin Of(LogReader log) => new(log.Header.Identity, log.ChainHash.ToString());

    /// <summary>Key-value metadata of one of the files.</summary>
    internal Dictionary<string, string> MetadataOf(TableSchema schema) => new()
    {
        ["sim.schema_version"] = SchemaVersion.ToString(CultureInfo.InvariantCulture),
        ["sim.table"] = schema.Name,
        ["sim.doc"] = schema.Doc,
        ["sim.run_id"] = Run.RunId,
        ["sim.seed"] = Run.Seed.ToString(CultureInfo.InvariantCulture),
        ["sim.config_sha256"] = Run.ConfigHash,
        ["sim.log_root_hash"] = ChainHash,
        ["sim.engine_version"] = Run.EngineVersion,
        ["sim.time_unit"] = "ns",
        ["sim.page_size"] = "4096",
        ["sim.sorted_by"] = CommonColumns.Sequence.Name,
        ["sim.columns"] = schema.ColumnsJson(),
    };
}

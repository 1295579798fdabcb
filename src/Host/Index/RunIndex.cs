using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Host.Runs;

namespace Sim.Host.Index;

/// <summary>
/// The index of a run's log, <c>index/blocks.idx</c>: read when it is there and fits, else made and kept for the next time.
/// A short log is searched faster than an index is made, and has none.
/// </summary>
internal sealed class RunIndex(LogBlocks blocks, LogIndex? index)
{
    /// <summary>Fewer blocks (some ten million events) are searched without one, in half a second.</summary>
    internal const int LeastBlocks = 1024;

    private const string FileName = "blocks.idx";

    /// <summary>The log's blocks.</summary>
    public LogBlocks Blocks { get; } = blocks;

    /// <summary>The index itself; null when there is none.</summary>
    public LogIndex? Index { get; } = index;

    /// <summary>Asks whether a block may have what is looked for.</summary>
    public delegate bool BlockTest(in BlockSummary block);

    /// <summary>False when a block cannot have what is looked for.</summary>
    public bool May(int block, BlockTest test) => Index is null || block >= Index.Count || test(Index[block]);

    /// <summary>A cursor over the log that finds the strings of symbols without reading all blocks.</summary>
    public EventCursor Cursor(LogReader log) => new(log)
    {
        MayHaveSymbols = first => May(Blocks.Find(first), static (in BlockSummary b) => b.HasKind(SymbolEvent.Kind)),
    };

    /// <summary>Opens the index of a run, or makes it.</summary>
    /// <param name="directory">The run.</param>
    /// <param name="log">Its log.</param>
    /// <param name="error">Where to say that it is being made.</param>
    /// <param name="cancellation">Stops the making.</param>
    /// <param name="leastBlocks">Logs with fewer blocks have none.</param>
    public static RunIndex Open(RunDirectory directory, LogReader log, TextWriter error, CancellationToken cancellation, int leastBlocks = LeastBlocks)
    {
        var blocks = new LogBlocks(log);
        if (blocks.Count < leastBlocks)
        {
            return new RunIndex(blocks, null);
        }
        string path = Path.Combine(directory.Path, "index", FileName);
        LogIndex index = Read(path, blocks) ?? new LogIndex();
        if (index.Count < blocks.Count)
        {
            int known = index.Count;
            try
            {
                Build(directory, blocks, index, error, cancellation);
            }
            catch (Exception e) when (e is CorruptLogException or DroppedSegmentException)
            {
                // Whoever comes to what is damaged or was dropped says where it is.
                return new RunIndex(blocks, known > 0 && index.Count == known ? index : null);
            }
            Keep(path, index);
        }
        return new RunIndex(blocks, index);
    }

    private static LogIndex? Read(string path, LogBlocks blocks)
    {
        try
        {
            return File.Exists(path) && LogIndexFile.Read(File.ReadAllBytes(path)) is { } index && index.Fits(blocks) ? index : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Build(RunDirectory directory, LogBlocks blocks, LogIndex index, TextWriter error, CancellationToken cancellation)
    {
        long started = Environment.TickCount64;
        long said = started;
        LogIndexBuilder.Complete(() => RunLog.Open(directory, null, cancellation), blocks, index, done =>
        {
            // A second is waited for without a word; after it there is a line every ten.
            long now = Environment.TickCount64;
            if (now - said > (said == started ? 1_000 : 10_000))
            {
                said = now;
                error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"indexing the log, once: {done} of {blocks.Count} blocks"));
            }
        }, cancellation);
    }

    private static void Keep(string path, LogIndex index)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Write(path, LogIndexFile.Write(index));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be kept is made again.
        }
    }
}

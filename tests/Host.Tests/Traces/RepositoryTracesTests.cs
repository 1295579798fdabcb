using System.Globalization;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Traces;

/// <summary>The captured traces that experiments replay: whole, of the promised size, and as <c>traces/README.md</c> describes them.</summary>
public sealed class RepositoryTracesTests
{
    [Theory]
    [InlineData("sort")]
    [InlineData("gzip")]
    [InlineData("sqlite3")]
    [InlineData("cc1")]
    public void A_trace_is_whole_and_described(string name)
    {
        string path = TraceFolder.Repository($"traces/{name}.simtrace");
        TraceHeader header = TraceReader.Verify(path);
        Assert.InRange(header.Accesses, 5_000_000, 20_000_000);
        Assert.InRange(header.FileLength, 1, 8 << 20);
        string readme = File.ReadAllText(TraceFolder.Repository("traces/README.md"));
        foreach (long count in (long[])[header.Accesses, header.Fetches, header.Loads, header.Stores, header.Modifies])
        {
            Assert.Contains(count.ToString("N0", CultureInfo.InvariantCulture), readme, StringComparison.Ordinal);
        }

        Assert.Contains(header.ContentHashHex[..16], readme, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sort")]
    [InlineData("sqlite3")]
    public void Areas_come_first_and_calls_name_their_threads(string name)
    {
        using TraceReader reader = TraceReader.Open(TraceFolder.Repository($"traces/{name}.simtrace"));
        TraceRecord[] batch = new TraceRecord[8192];
        bool begun = false;
        int stacks = 0;
        int heaps = 0;
        int count;
        while ((count = reader.ReadBatch(batch)) > 0)
        {
            foreach (TraceRecord record in batch.AsSpan(0, count))
            {
                begun |= record.IsAccess;
                if (record.IsRange)
                {
                    continue;
                }

                ref readonly TraceEvent e = ref reader.Event(in record);
                Assert.Equal(1u, e.ThreadId);
                if (e.Kind == TraceRecordKind.Area)
                {
                    Assert.False(begun);
                    TraceArea area = TraceArea.From(in e);
                    stacks += area.Kind == TraceAreaKind.Stack ? 1 : 0;
                    heaps += area.Kind == TraceAreaKind.Heap ? 1 : 0;
                }
            }
        }

        Assert.Equal((1, 1), (stacks, heaps));
        Assert.Equal(reader.Header.Accesses, reader.Position);
    }
}

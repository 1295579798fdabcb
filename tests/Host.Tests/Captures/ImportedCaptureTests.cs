using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sim.Host.Captures;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Tests.Captures;

/// <summary>docs/format/capture.md: a captured trace imported.</summary>
public sealed class ImportedCaptureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task GoldenFileIsWhatTheTextIsImportedInto()
    {
        CommandLine.Result import = await CommandLine.RunAsync("import", "ftrace", CaptureFiles.GoldenText, "-o", _folder["again"], "--json");
        Assert.Equal((0, ""), (import.ExitCode, import.Error));
        (ImportedCaptureHeader golden, FtraceText text) = ImportedCapture.Read(CaptureFiles.GoldenImport);
        (ImportedCaptureHeader again, FtraceText other) = ImportedCapture.Read(_folder["again"]);
        Assert.Equal(golden.ContentHashHex, again.ContentHashHex);
        Assert.Equal(golden.Metadata, again.Metadata);
        Assert.Equal((190, 100, 68, 45), (golden.Records, golden.Requests, golden.Frees, golden.FreesByReclaim));
        Assert.Equal(text.Events, other.Events);
        Assert.Equal(text.Marks, other.Marks);
        Assert.Equal(text.Tasks.OrderBy(t => t.Key), other.Tasks.OrderBy(t => t.Key));
        using JsonDocument json = JsonDocument.Parse(import.Out);
        Assert.Equal(["trace", "requests", "frees", "freesByReclaim", "records", "bytes", "contentHash", "source"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(golden.ContentHashHex, json.RootElement.GetProperty("contentHash").GetString());
    }

    [Fact]
    public void EventsAreThoseOfTheTextArranged()
    {
        FtraceText text = FtraceReader.Read(CaptureFiles.GoldenText);
        CaptureEvent[] arranged = CaptureOrder.Arrange(text);
        FtraceText imported = ImportedCapture.Read(CaptureFiles.GoldenImport).Text;
        Assert.True(imported.IsArranged);
        Assert.Equal(arranged.Length, imported.Events.Length);
        foreach ((CaptureEvent a, CaptureEvent b) in arranged.Zip(imported.Events))
        {
            Assert.Equal((a.Kind, a.TimePs, a.Line, a.Pid, a.Cpu, a.Context, a.Flags, a.Gfp), (b.Kind, b.TimePs, b.Line, b.Pid, b.Cpu, b.Context, b.Flags, b.Gfp));
            if (a.Kind is CaptureEventKind.Alloc or CaptureEventKind.Free or CaptureEventKind.FreeBatched)
            {
                Assert.Equal((a.Pfn, a.Order), (b.Pfn, b.Order));
            }
            if (a.Kind == CaptureEventKind.Mark)
            {
                Assert.Equal(text.Marks[a.Number], imported.Marks[b.Number]);
            }
        }
        // Every request of the text, and each page that is given back once.
        Assert.Equal(text.Events.Count(e => e.Kind == CaptureEventKind.Alloc), arranged.Count(e => e.Kind == CaptureEventKind.Alloc));
        Assert.Equal(text.Events.Count(e => e.Kind == CaptureEventKind.FreeBatched), arranged.Count(e => e.Kind == CaptureEventKind.FreeBatched));
        Assert.True(arranged.Count(e => e.Kind == CaptureEventKind.Free) < text.Events.Count(e => e.Kind == CaptureEventKind.Free));
    }

    [Fact]
    public void LayoutIsTheDocumentedOne()
    {
        byte[] file = File.ReadAllBytes(CaptureFiles.GoldenImport);
        int Int(int at) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
        long Long(int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
        Assert.Equal("SIMPAGES", Encoding.ASCII.GetString(file, 0, 8));
        Assert.Equal((1, 0), (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8)), BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(10))));
        Assert.Equal([190, 100, 68, 45, 1, file.Length], (long[])[Long(16), Long(24), Long(32), Long(40), Long(48), Long(56)]);
        int chunk = 104 + Int(12) + 4;
        Assert.Equal("source: small.trace.txt", Encoding.UTF8.GetString(file, 104, Int(12)).Split('\n')[0]);
        Assert.Equal("CHNK", Encoding.ASCII.GetString(file, chunk, 4));
        Assert.Equal((0, 190, file.Length - chunk - 24), (Int(chunk + 4), Int(chunk + 8), Int(chunk + 16)));
        byte[] raw = new byte[Int(chunk + 12)];
        Assert.True(System.IO.Compression.BrotliDecoder.TryDecompress(file.AsSpan(chunk + 24), raw, out int written) && written == raw.Length);
        Assert.Equal(file[64..96], SHA256.HashData([.. file[(chunk + 8)..(chunk + 16)], .. raw]));
        // The first record is a task's name, 15, and then its pid and name.
        Assert.Equal(15, raw[0]);
    }

    [Fact]
    public void ReclaimGivesUpInTheRecordedOrder()
    {
        string Line(int us, string task, string what) => $"  {task} [000] .....  1.{us:000000}: {what}";
        string Alloc(int us, int pfn, int order = 0) =>
            Line(us, "kw-7", $"mm_page_alloc: page=0x{pfn:x} pfn=0x{pfn:x} order={order} migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE");
        string Free(int us, string task, int pfn, int order = 0) => Line(us, task, $"mm_page_free: page=0x{pfn:x} pfn=0x{pfn:x} order={order}");
        string path = CaptureFiles.Write(_folder, "text", Encoding.UTF8.GetBytes(string.Join('\n',
            Alloc(1, 0x100), Alloc(2, 0x200, 1), Alloc(3, 0x300), Alloc(4, 0x400),
            Line(5, "kswapd0-9", "balance: hzidx=1"), Free(6, "kswapd0-9", 0x300), Free(7, "kw-7", 0x400), Free(8, "kswapd0-9", 0x201), Line(9, "kswapd0-9", "balanceret:"),
            Alloc(10, 0x300), Line(11, "kw-7", "mm_vmscan_direct_reclaim_begin: order=0"), Free(12, "kw-7", 0x100), Line(13, "kw-7", "mm_vmscan_direct_reclaim_end: nr=1"),
            Free(14, "kw-7", 0x200), Free(15, "kswapd0-9", 0x500))));
        FtraceText text = FtraceReader.Read(path);
        ReclaimFrees.Mark(text);
        int[] marked = [.. text.Events.Index().Where(e => (e.Item.Flags & CaptureFlags.ByReclaim) != 0).Select(e => (int)e.Item.Pfn)];
        Assert.Equal([0x300, 0x201, 0x100, 0x500], marked);

        var map = MemoryMap.FromSize(64 << 20);
        var state = new PageAllocatorState(ZoneProfile.Of(KernelProfile.X86_64, new ZoneLimits(), map), map, 1);
        FrameTable pages = state.Frames;
        var order = new ReclaimOrder(text, new CaptureRange(0, text.Events.Length, -1), _ => true, pages);
        Assert.Equal([0x500], order.HeldBefore.Select(f => (int)text.Events[f].Pfn));
        Zone[] zones = [state.Zone(pages[0].Zone)];
        Assert.False(order.TryTake(zones, out _, out _));
        order.Allocated(0, 0x1100);
        order.Allocated(1, 0x1200);
        order.Allocated(3, 0x1400);
        Assert.Equal(2, order.PagesOf(pages[0].Zone));
        // The first it gave up is not held here; the second page of the block is the next.
        Assert.True(order.TryTake(zones, out long pfn, out int ofOrder) && (pfn, ofOrder) == (0x1201, 0));
        order.Allocated(2, 0x1300);
        Assert.True(order.TryTake(zones, out pfn, out _) && pfn == 0x1300);
        Assert.True(order.TryTake(zones, out pfn, out _) && pfn == 0x1100);
        Assert.False(order.TryTake(zones, out _, out _));
        Assert.Equal(0, order.PagesOf(pages[0].Zone));
    }
}

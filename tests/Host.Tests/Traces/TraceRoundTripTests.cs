using FsCheck;
using FsCheck.Fluent;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Traces;

public sealed class TraceRoundTripTests : IDisposable
{
    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Any_sequence_of_records_comes_back_in_order_whatever_the_batch_size()
    {
        Gen<Step> steps = Gen.OneOf(
            from kind in Gen.Choose(0, 3)
            from address in Addresses()
            from size in Gen.OneOf(Gen.Choose(1, 16), Gen.Choose(1, 4096))
            select new Step((TraceRecordKind)kind, address, (ulong)size, 0, 0),
            from kind in Gen.Elements(TraceRecordKind.KernelRead, TraceRecordKind.KernelWrite)
            from address in Addresses()
            from length in Gen.Choose(1, int.MaxValue)
            select new Step(kind, address, (ulong)length, 0, -1),
            from kind in Gen.Choose((int)TraceRecordKind.Mmap, (int)TraceRecordKind.Syscall)
            from address in Addresses()
            from length in Addresses()
            from result in Addresses()
            from symbol in Gen.Choose(-1, 5)
            select new Step((TraceRecordKind)kind, address, length, (long)result, symbol));
        Prop.ForAll(
            Arb.From(steps.ListOf()),
            Arb.From(Gen.Choose(1, 40)),
            (list, batch) =>
            {
                List<Step> expected = [.. list];
                string path = _folder.InFolder("any.simtrace");
                WriteSteps(path, expected, quality: 1);
                Assert.Equal(expected, ReadSteps(path, batch, readAhead: batch % 2 == 0));
                TraceReader.Verify(path);
            }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Chunks_join_without_a_seam(bool readAhead)
    {
        string path = _folder.InFolder("long.simtrace");
        const int Accesses = (1 << 20) * 2 + 12345;
        using (TraceWriter writer = new(path, "program: loop", 1))
        {
            for (int i = 0; i < Accesses; i++)
            {
                writer.AddAccess(KindAt(i), AddressAt(i), SizeAt(i));
                if (i % 700_000 == 0)
                {
                    writer.AddEvent(TraceEvent.KernelRange(TraceRecordKind.KernelWrite, 1, 0, (ulong)i + 1, 8));
                }
            }

            TraceHeader header = writer.Finish();
            Assert.Equal(3, header.Chunks);
            Assert.Equal(Accesses, header.Accesses);
        }

        using TraceReader reader = TraceReader.Open(path, readAhead);
        TraceRecord[] batch = new TraceRecord[3001];
        int next = 0;
        int events = 0;
        int count;
        while ((count = reader.ReadBatch(batch)) > 0)
        {
            foreach (TraceRecord record in batch.AsSpan(0, count))
            {
                if (record.IsAccess)
                {
                    if (record.Kind != KindAt(next) || record.Address != AddressAt(next) || record.Size != SizeAt(next))
                    {
                        Assert.Fail($"access {next} came back as {record}");
                    }

                    next++;
                }
                else
                {
                    Assert.Equal((ulong)next, record.Address);
                    events++;
                }
            }
        }

        Assert.Equal(Accesses, next);
        Assert.Equal(4, events);
        Assert.Equal(Accesses, reader.Position);

        static TraceRecordKind KindAt(int i) => (TraceRecordKind)(i % 7 % 4);
        static ulong AddressAt(int i) => KindAt(i) == 0 ? 0x400000 + (ulong)(i * 3 % 5000) : 0x7f00_0000_0000 + ((ulong)i * 0x1_0001 % 0x500_0000);
        static uint SizeAt(int i) => (uint)(i % 37) + 1;
    }

    [Fact]
    public void Equal_input_gives_equal_bytes_and_quality_changes_only_the_size()
    {
        List<Step> steps = [];
        for (int i = 0; i < 5000; i++)
        {
            steps.Add(new Step((TraceRecordKind)(i % 4), (ulong)(i * i), 4, 0, 0));
        }

        WriteSteps(_folder.InFolder("a"), steps, 5);
        WriteSteps(_folder.InFolder("b"), steps, 5);
        WriteSteps(_folder.InFolder("c"), steps, 0);
        Assert.Equal(File.ReadAllBytes(_folder.InFolder("a")), File.ReadAllBytes(_folder.InFolder("b")));
        Assert.NotEqual(new FileInfo(_folder.InFolder("a")).Length, new FileInfo(_folder.InFolder("c")).Length);
        Assert.Equal(TraceReader.Verify(_folder.InFolder("a")).ContentHashHex, TraceReader.Verify(_folder.InFolder("c")).ContentHashHex);
        steps[77] = steps[77] with { Address = 1 };
        WriteSteps(_folder.InFolder("d"), steps, 5);
        Assert.NotEqual(TraceReader.Verify(_folder.InFolder("a")).ContentHashHex, TraceReader.Verify(_folder.InFolder("d")).ContentHashHex);
    }

    [Fact]
    public void A_writer_that_does_not_finish_leaves_nothing_behind()
    {
        using (TraceWriter writer = new(_folder.InFolder("gone"), "", 1))
        {
            writer.AddAccess(TraceRecordKind.Load, 1, 1);
        }

        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void The_writer_refuses_what_the_format_cannot_say()
    {
        using TraceWriter writer = new(_folder.InFolder("refuse"), "", 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddAccess(TraceRecordKind.Load, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddAccess(TraceRecordKind.Load, 0, 4097));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddAccess(TraceRecordKind.Mmap, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddEvent(new TraceEvent { Kind = TraceRecordKind.Load }));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddEvent(new TraceEvent { Kind = TraceRecordKind.Mmap, SymbolId = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.AddEvent(new TraceArea(1, 4096, 3, TraceAreaKind.Bss, 0, 0, -1).ToEvent()));
    }

    [Fact]
    public void Reading_allocates_nothing_per_record()
    {
        string path = _folder.InFolder("steady");
        using (TraceWriter writer = new(path, "", 1))
        {
            for (int i = 0; i < 300_000; i++)
            {
                writer.AddAccess((TraceRecordKind)(i % 4), (ulong)i * 8, 8);
            }

            writer.Finish();
        }

        using TraceReader reader = TraceReader.Open(path, readAhead: false);
        TraceRecord[] batch = new TraceRecord[1000];
        Assert.Equal(1000, reader.ReadBatch(batch));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < 300; i++)
        {
            reader.ReadBatch(batch);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(0, reader.ReadBatch(batch));
    }

    [Fact]
    public void A_reader_may_be_closed_at_any_place()
    {
        string path = _folder.InFolder("early");
        WriteSteps(path, [.. Enumerable.Range(0, 10_000).Select(i => new Step(TraceRecordKind.Store, (ulong)i, 1, 0, 0))], 1);
        for (int batches = 0; batches < 4; batches++)
        {
            using TraceReader reader = TraceReader.Open(path);
            TraceRecord[] batch = new TraceRecord[100];
            for (int i = 0; i < batches; i++)
            {
                reader.ReadBatch(batch);
            }
        }

        File.Delete(path);
    }

    private static Gen<ulong> Addresses() =>
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        from shift in Gen.Choose(0, 63)
        select (((ulong)high << 33) ^ (ulong)low) >> shift;

    private static void WriteSteps(string path, List<Step> steps, int quality)
    {
        using TraceWriter writer = new(path, "program: test\nsource: test", quality);
        foreach (Step step in steps)
        {
            if (step.Kind <= TraceRecordKind.Modify)
            {
                writer.AddAccess(step.Kind, step.Address, (uint)step.Length);
            }
            else
            {
                writer.AddEvent(new TraceEvent
                {
                    Kind = step.Kind,
                    ThreadId = 1,
                    Argument0 = step.Address,
                    Argument1 = step.Length,
                    Argument5 = step.Length,
                    Result = step.Result,
                    SymbolId = step.Symbol < 0 ? -1 : writer.Intern("file " + step.Symbol),
                });
            }
        }

        writer.Finish();
    }

    private static List<Step> ReadSteps(string path, int batchSize, bool readAhead)
    {
        List<Step> steps = [];
        using TraceReader reader = TraceReader.Open(path, readAhead);
        TraceRecord[] batch = new TraceRecord[batchSize];
        int count;
        ulong accesses = 0;
        while ((count = reader.ReadBatch(batch)) > 0)
        {
            foreach (TraceRecord record in batch.AsSpan(0, count))
            {
                if (record.IsRange)
                {
                    accesses += record.IsAccess ? 1u : 0;
                    steps.Add(new Step(record.Kind, record.Address, record.Size, 0, record.IsAccess ? 0 : -1));
                    continue;
                }

                ref readonly TraceEvent e = ref reader.Event(in record);
                Assert.Equal(accesses, e.Position);
                Assert.Equal(record.Address, e.Argument0);
                Assert.Equal(e.Argument1, e.Argument5);
                int symbol = e.SymbolId < 0 ? -1 : int.Parse(reader.Symbol(e.SymbolId).AsSpan("file ".Length));
                steps.Add(new Step(e.Kind, e.Argument0, e.Argument1, e.Result, symbol));
            }
        }

        return steps;
    }

    private readonly record struct Step(TraceRecordKind Kind, ulong Address, ulong Length, long Result, int Symbol);
}

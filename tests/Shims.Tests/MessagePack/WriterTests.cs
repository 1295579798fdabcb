using System.Buffers;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>How the writer deals with the buffers it is lent.</summary>
public sealed class WriterTests
{
    [Fact]
    public void NothingIsThereBeforeFlush()
    {
        ArrayBufferWriter<byte> buffer = new();
        MessagePackWriter writer = new(buffer);
        writer.Write(1);
        writer.Write("two");
        Assert.Equal(0, buffer.WrittenCount);
        writer.Flush();
        Assert.Equal(Encoded.Hex("01 a3 74 77 6f"), buffer.WrittenSpan.ToArray());
        writer.Write(3);
        writer.Flush();
        writer.Flush();
        Assert.Equal(Encoded.Hex("01 a3 74 77 6f 03"), buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public void BuffersOfAnySizeHoldTheSameBytes()
    {
        byte[] expected = Encoded.By(WriteEverything);
        for (int spare = 0; spare <= 70; spare++)
        {
            StingyBufferWriter buffer = new(spare);
            MessagePackWriter writer = new(buffer);
            WriteEverything(ref writer);
            writer.Flush();
            Assert.Equal(expected, buffer.Written);
        }
    }

    [Fact]
    public void ACloneWritesElsewhere()
    {
        ArrayBufferWriter<byte> first = new();
        ArrayBufferWriter<byte> second = new();
        MessagePackWriter writer = new(first);
        MessagePackWriter clone = writer.Clone(second);
        writer.Write(1);
        clone.Write(2);
        writer.Flush();
        clone.Flush();
        Assert.Equal([1], first.WrittenSpan.ToArray());
        Assert.Equal([2], second.WrittenSpan.ToArray());
    }

    [Fact]
    public void NegativeCountsAreRefused()
    {
        Assert.ThrowsAny<ArithmeticException>(() => Encoded.By((ref MessagePackWriter writer) => writer.WriteArrayHeader(NegativeOne())));
        Assert.ThrowsAny<ArithmeticException>(() => Encoded.By((ref MessagePackWriter writer) => writer.WriteStringHeader(NegativeOne())));
    }

    [Fact]
    public void ReadingAndWritingAllocateNothing()
    {
        FixedBufferWriter buffer = new(64 * 1024);
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            // The runtime's own, such as a method compiled anew, may fall into some attempts but not into all.
            long before = GC.GetAllocatedBytesForCurrentThread();
            long sum = 0;
            for (int i = 0; i < 20; i++)
            {
                sum += Pass();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.NotEqual(0, sum);
        }

        Assert.Equal(0, least);

        long Pass()
        {
            buffer.Clear();
            MessagePackWriter writer = new(buffer);
            for (int i = 0; i < 1_000; i++)
            {
                writer.WriteArrayHeader(6);
                writer.Write(i);
                writer.Write(-i * 1_000L);
                writer.Write((ulong)i << 40);
                writer.Write(i * 0.5);
                writer.Write("name");
                writer.Write(new DateTime(i, DateTimeKind.Utc));
            }

            writer.Flush();
            MessagePackReader reader = new(buffer.Written);
            long total = 0;
            for (int i = 0; i < 1_000; i++)
            {
                total += reader.ReadArrayHeader();
                total += reader.ReadInt32();
                total += reader.ReadInt64();
                total += (long)reader.ReadUInt64();
                total += (long)reader.ReadDouble();
                Assert.True(reader.TryReadStringSpan(out ReadOnlySpan<byte> name));
                total += name.Length;
                total += reader.ReadDateTime().Ticks;
            }

            MessagePackReader skipping = new(buffer.Written);
            while (!skipping.End)
            {
                skipping.Skip();
            }

            return total;
        }
    }

    private static int NegativeOne() => -1;

    private static void WriteEverything(ref MessagePackWriter writer)
    {
        for (int i = 0; i < 64; i++)
        {
            writer.Write(1L << i);
            writer.Write(-1L << i);
        }

        writer.WriteNil();
        writer.Write(true);
        writer.Write(1.5);
        writer.Write(1.5f);
        writer.Write("a short text");
        writer.Write(new string('ü', 300));
        writer.Write(new byte[300]);
        writer.Write(DateTime.UnixEpoch.AddTicks(1));
        writer.WriteExtensionFormat(new ExtensionResult(1, new byte[16]));
        writer.WriteArrayHeader(70_000u);
        writer.WriteMapHeader(70_000u);
        writer.WriteRaw([1, 2, 3]);
    }

    /// <summary>Lends exactly what is asked for and a little more, each time from new memory.</summary>
    private sealed class StingyBufferWriter(int spare) : IBufferWriter<byte>
    {
        private readonly List<byte> written = [];
        private byte[] lent = [];

        internal byte[] Written => [.. written];

        public void Advance(int count)
        {
            written.AddRange(lent[..count]);
            lent = [];
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => lent = new byte[Math.Max(1, sizeHint) + spare];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    private sealed class FixedBufferWriter(int size) : IBufferWriter<byte>
    {
        private readonly byte[] memory = new byte[size];
        private int used;

        internal ReadOnlyMemory<byte> Written => memory.AsMemory(0, used);

        internal void Clear() => used = 0;

        public void Advance(int count) => used += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => memory.AsMemory(used);

        public Span<byte> GetSpan(int sizeHint = 0) => memory.AsSpan(used);
    }
}

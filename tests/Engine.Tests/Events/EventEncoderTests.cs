using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Tests.Events;

/// <summary>The hand-written encoder gives the very bytes of <c>MessagePackWriter</c>, and the decoder reads them back.</summary>
public class EventEncoderTests
{
    [Fact]
    public void AnyInteger_IsEncodedAsMessagePackWriterDoes()
    {
        // Any bits at any magnitude: a plain 64-bit generator would nearly always give nine-byte values.
        Gen<long> integers =
            from high in Gen.Choose(int.MinValue, int.MaxValue)
            from low in Gen.Choose(int.MinValue, int.MaxValue)
            from shift in Gen.Choose(0, 63)
            select ((long)high << 32 | (uint)low) >> shift;
        Prop.ForAll(Arb.From(integers), (long value) => Check(value))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Fact]
    public void EveryBoundary_IsEncodedAsMessagePackWriterDoes()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            for (long near = -3; near <= 3; near++)
            {
                Assert.True(Check((1L << bit) + near));
                Assert.True(Check(-(1L << bit) + near));
            }
        }
        for (long value = -70_000; value <= 70_000; value++)
        {
            Assert.True(Check(value));
        }
    }

    [Fact]
    public void StringsOfEveryHeaderSize_AreEncodedAsMessagePackWriterDoes()
    {
        foreach (int length in (int[])[0, 1, 31, 32, 255, 256, 4096, 65535])
        {
            byte[] text = new byte[length];
            Array.Fill(text, (byte)'x');
            byte[] bytes = new byte[length + 8];
            long[] contexts = new long[EventDecoder.Contexts];
            var encoder = new EventEncoder(ref bytes[0], ref contexts[0]);
            encoder.WriteString(text);
            Assert.Equal(Written((ref MessagePackWriter w) => w.WriteString(text)), bytes[..encoder.Length]);
            Assert.True(new EventDecoder(bytes, ref contexts[0]).ReadStringUtf8().SequenceEqual(text));
        }
    }

    [Fact]
    public void IntegersNearThePayloadsEnd_AreReadAlike_AndNeverBeyondIt()
    {
        for (int bit = 0; bit < 64; bit++)
        {
            foreach (long value in (long[])[1L << bit, (1L << bit) - 1, -(1L << bit)])
            {
                byte[] bytes = Written((ref MessagePackWriter w) => w.Write(value));
                long[] contexts = new long[EventDecoder.Contexts];
                for (int behind = 0; behind < 10; behind++)
                {
                    var decoder = new EventDecoder((byte[])[.. bytes, .. new byte[behind]], ref contexts[0]);
                    Assert.Equal((value, bytes.Length), (decoder.ReadInt64(), decoder.Position));
                }
                Assert.Throws<CorruptLogException>(() => new EventDecoder(bytes.AsSpan(0, bytes.Length - 1), ref contexts[0]).ReadInt64());
            }
        }
    }

    private static bool Check(long value)
    {
        byte[] bytes = new byte[64];
        long[] contexts = new long[EventDecoder.Contexts];
        contexts[5] = 1000;
        var encoder = new EventEncoder(ref bytes[0], ref contexts[0]);
        encoder.WriteArrayHeader(6);
        encoder.Write(value);
        encoder.Write((ulong)value);
        encoder.WriteZigZag(value);
        encoder.WriteDelta(5, value);
        encoder.WriteDelta(5, value);
        encoder.Write(value > 0);
        byte[] expected = Written((ref MessagePackWriter w) =>
        {
            w.WriteArrayHeader(6);
            w.Write(value);
            w.Write((ulong)value);
            w.Write((ulong)(value >= 0 ? value * 2 : -value * 2 - 1));
            w.Write(value - 1000);
            w.Write(0L);
            w.Write(value > 0);
        });
        contexts[5] = 1000;
        var decoder = new EventDecoder(bytes.AsSpan(0, encoder.Length), ref contexts[0]);
        return expected.AsSpan().SequenceEqual(bytes.AsSpan(0, encoder.Length))
            && decoder.ReadArrayHeader() == 6 && decoder.ReadInt64() == value && decoder.ReadInt64() == value
            && decoder.ReadZigZag() == value && decoder.ReadDelta(5) == value && decoder.ReadDelta(5) == value
            && decoder.ReadBoolean() == value > 0 && decoder.End;
    }

    private delegate void Writing(ref MessagePackWriter writer);

    private static byte[] Written(Writing writing)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writing(ref writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}

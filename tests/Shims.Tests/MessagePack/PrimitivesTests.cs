using MessagePack;
using static MessagePack.MessagePackPrimitives;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>The span primitives: exact sizes, destinations that are too small, sources that end too early.</summary>
public sealed class PrimitivesTests
{
    private static readonly DateTime Instant = new(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc);

    private delegate bool TryWriteAction(Span<byte> destination, out int bytesWritten);

    private delegate DecodeResult TryReadAction(ReadOnlySpan<byte> source, out int tokenSize);

    [Fact]
    public void EveryWriteFitsExactlyAndSaysWhatItNeeds()
    {
        Check("c0", TryWriteNil);
        Check("c3", (Span<byte> d, out int n) => TryWrite(d, true, out n));
        Check("05", (Span<byte> d, out int n) => TryWrite(d, (byte)5, out n));
        Check("cc c8", (Span<byte> d, out int n) => TryWrite(d, (byte)200, out n));
        Check("cd 03 e8", (Span<byte> d, out int n) => TryWrite(d, (ushort)1000, out n));
        Check("cd 03 e8", (Span<byte> d, out int n) => TryWrite(d, (char)1000, out n));
        Check("ce 00 01 86 a0", (Span<byte> d, out int n) => TryWrite(d, 100_000u, out n));
        Check("cf 00 00 00 e8 d4 a5 10 00", (Span<byte> d, out int n) => TryWrite(d, 1_000_000_000_000ul, out n));
        Check("ff", (Span<byte> d, out int n) => TryWrite(d, (sbyte)-1, out n));
        Check("d1 fc 18", (Span<byte> d, out int n) => TryWrite(d, (short)-1000, out n));
        Check("d2 ff fe 79 60", (Span<byte> d, out int n) => TryWrite(d, -100_000, out n));
        Check("d3 ff ff ff 17 2b 5a f0 00", (Span<byte> d, out int n) => TryWrite(d, -1_000_000_000_000, out n));
        Check("cc 05", (Span<byte> d, out int n) => TryWriteUInt8(d, 5, out n));
        Check("cd 00 05", (Span<byte> d, out int n) => TryWriteUInt16(d, 5, out n));
        Check("ce 00 00 00 05", (Span<byte> d, out int n) => TryWriteUInt32(d, 5, out n));
        Check("cf 00 00 00 00 00 00 00 05", (Span<byte> d, out int n) => TryWriteUInt64(d, 5, out n));
        Check("d0 fb", (Span<byte> d, out int n) => TryWriteInt8(d, -5, out n));
        Check("d1 ff fb", (Span<byte> d, out int n) => TryWriteInt16(d, -5, out n));
        Check("d2 ff ff ff fb", (Span<byte> d, out int n) => TryWriteInt32(d, -5, out n));
        Check("d3 ff ff ff ff ff ff ff fb", (Span<byte> d, out int n) => TryWriteInt64(d, -5, out n));
        Check("ca 3f c0 00 00", (Span<byte> d, out int n) => TryWrite(d, 1.5f, out n));
        Check("cb 3f f8 00 00 00 00 00 00", (Span<byte> d, out int n) => TryWrite(d, 1.5, out n));
        Check("d6 ff 65 df d7 8b", (Span<byte> d, out int n) => TryWrite(d, Instant, out n));
        Check("9f", (Span<byte> d, out int n) => TryWriteArrayHeader(d, 15, out n));
        Check("dd 00 01 00 00", (Span<byte> d, out int n) => TryWriteArrayHeader(d, 65536, out n));
        Check("8f", (Span<byte> d, out int n) => TryWriteMapHeader(d, 15, out n));
        Check("de 00 10", (Span<byte> d, out int n) => TryWriteMapHeader(d, 16, out n));
        Check("c5 01 00", (Span<byte> d, out int n) => TryWriteBinHeader(d, 256, out n));
        Check("d9 20", (Span<byte> d, out int n) => TryWriteStringHeader(d, 32, out n));
        Check("c8 01 00 2a", (Span<byte> d, out int n) => TryWriteExtensionFormatHeader(d, new ExtensionHeader(42, 256), out n));

        static void Check(string hex, TryWriteAction write)
        {
            byte[] expected = Encoded.Hex(hex);
            for (int size = 0; size <= expected.Length + 20; size++)
            {
                byte[] destination = new byte[size];
                bool fits = write(destination, out int bytesWritten);
                Assert.Equal(size >= expected.Length, fits);
                Assert.Equal(expected.Length, bytesWritten);
                if (fits)
                {
                    Assert.Equal(expected, destination[..bytesWritten]);
                }
            }
        }
    }

    [Fact]
    public void EveryReadTakesItsBytesAndSaysWhatItMisses()
    {
        Check("c0", TryReadNil);
        Check("c2", (ReadOnlySpan<byte> s, out int n) => TryReadBool(s, out _, out n));
        Check("05", (ReadOnlySpan<byte> s, out int n) => TryReadByte(s, out _, out n));
        Check("cc 05", (ReadOnlySpan<byte> s, out int n) => TryReadSByte(s, out _, out n));
        Check("cd 00 05", (ReadOnlySpan<byte> s, out int n) => TryReadUInt16(s, out _, out n));
        Check("d1 00 05", (ReadOnlySpan<byte> s, out int n) => TryReadInt16(s, out _, out n));
        Check("d1 00 05", (ReadOnlySpan<byte> s, out int n) => TryReadChar(s, out _, out n));
        Check("ce 00 00 00 05", (ReadOnlySpan<byte> s, out int n) => TryReadUInt32(s, out _, out n));
        Check("d2 ff ff ff fb", (ReadOnlySpan<byte> s, out int n) => TryReadInt32(s, out _, out n));
        Check("cf 00 00 00 00 00 00 00 05", (ReadOnlySpan<byte> s, out int n) => TryReadUInt64(s, out _, out n));
        Check("d3 ff ff ff ff ff ff ff fb", (ReadOnlySpan<byte> s, out int n) => TryReadInt64(s, out _, out n));
        Check("ca 3f c0 00 00", (ReadOnlySpan<byte> s, out int n) => TryReadSingle(s, out _, out n));
        Check("cb 3f f8 00 00 00 00 00 00", (ReadOnlySpan<byte> s, out int n) => TryReadDouble(s, out _, out n));
        Check("d2 ff ff ff fb", (ReadOnlySpan<byte> s, out int n) => TryReadDouble(s, out _, out n));
        Check("dc 00 10", (ReadOnlySpan<byte> s, out int n) => TryReadArrayHeader(s, out _, out n));
        Check("dd 00 01 00 00", (ReadOnlySpan<byte> s, out int n) => TryReadArrayHeader(s, out _, out n));
        Check("df 00 01 00 00", (ReadOnlySpan<byte> s, out int n) => TryReadMapHeader(s, out _, out n));
        Check("c6 00 01 00 00", (ReadOnlySpan<byte> s, out int n) => TryReadBinHeader(s, out _, out n));
        Check("da 01 00", (ReadOnlySpan<byte> s, out int n) => TryReadStringHeader(s, out _, out n));
        Check("c9 00 01 00 00 07", (ReadOnlySpan<byte> s, out int n) => TryReadExtensionHeader(s, out _, out n));

        static void Check(string hex, TryReadAction read)
        {
            byte[] encoding = Encoded.Hex(hex);
            Assert.Equal(DecodeResult.EmptyBuffer, read([], out _));
            for (int length = 1; length < encoding.Length; length++)
            {
                Assert.Equal(DecodeResult.InsufficientBuffer, read(encoding.AsSpan(0, length), out int needed));
                Assert.InRange(needed, length + 1, encoding.Length);
            }

            Assert.Equal(DecodeResult.Success, read(encoding, out int alone));
            Assert.Equal(encoding.Length, alone);
            Assert.Equal(DecodeResult.Success, read([.. encoding, .. new byte[20]], out int followed));
            Assert.Equal(encoding.Length, followed);
            Assert.Equal(DecodeResult.TokenMismatch, read([MessagePackCode.NeverUsed, .. new byte[20]], out _));
        }
    }

    [Fact]
    public void EveryCodeIsOfOneKind()
    {
        // From the specification's table of formats: the first code of each run of one kind.
        (int First, MessagePackType Kind)[] runs =
        [
            (0x00, MessagePackType.Integer), (0x80, MessagePackType.Map), (0x90, MessagePackType.Array), (0xa0, MessagePackType.String),
            (0xc0, MessagePackType.Nil), (0xc1, MessagePackType.Unknown), (0xc2, MessagePackType.Boolean), (0xc4, MessagePackType.Binary),
            (0xc7, MessagePackType.Extension), (0xca, MessagePackType.Float), (0xcc, MessagePackType.Integer), (0xd4, MessagePackType.Extension),
            (0xd9, MessagePackType.String), (0xdc, MessagePackType.Array), (0xde, MessagePackType.Map), (0xe0, MessagePackType.Integer),
        ];
        for (int code = 0; code <= 0xff; code++)
        {
            Assert.Equal(Array.FindLast(runs, run => run.First <= code).Kind, MessagePackCode.ToMessagePackType((byte)code));
        }
    }

    [Fact]
    public void ReadsPickTheirOwnKind()
    {
        // Each read succeeds on exactly the codes of its kind, given enough bytes behind them.
        for (int code = 0; code <= 0xff; code++)
        {
            byte[] source = [(byte)code, .. new byte[20]];
            MessagePackType kind = MessagePackCode.ToMessagePackType((byte)code);
            Check(MessagePackType.Nil, TryReadNil(source, out _));
            Check(MessagePackType.Boolean, TryReadBool(source, out _, out _));
            Check(MessagePackType.Array, TryReadArrayHeader(source, out _, out _));
            Check(MessagePackType.Map, TryReadMapHeader(source, out _, out _));
            Check(MessagePackType.String, TryReadStringHeader(source, out _, out _));
            Check(MessagePackType.Binary, TryReadBinHeader(source, out _, out _));
            Check(MessagePackType.Extension, TryReadExtensionHeader(source, out _, out _));
            Check(MessagePackType.Integer, TryReadInt64(source, out _, out _));
            Assert.Equal(kind is MessagePackType.Integer or MessagePackType.Float, TryReadDouble(source, out _, out _) == DecodeResult.Success);

            void Check(MessagePackType expected, DecodeResult result) =>
                Assert.Equal(kind == expected ? DecodeResult.Success : DecodeResult.TokenMismatch, result);
        }
    }
}

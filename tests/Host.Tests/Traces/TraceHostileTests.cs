using System.Buffers.Binary;
using System.IO.Compression;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Traces;

/// <summary>Whatever stands in a file, reading it ends in a trace or in <see cref="TraceFormatException"/>.</summary>
public sealed class TraceHostileTests : IDisposable
{
    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_file_a_folder_and_an_empty_file_are_refused_by_name()
    {
        Assert.Contains("does not exist", Refused(_folder.InFolder("none")).Problem);
        Assert.Contains("does not exist", Refused(_folder.InFolder("none/none")).Problem);
        Assert.Contains("folder", Refused(_folder.Root).Problem);
        TraceFormatException empty = Refused(_folder.Write("empty", []));
        Assert.Contains("empty", empty.Problem);
        Assert.Equal(0, empty.ByteOffset);
        Assert.Contains(empty.FilePath, empty.Message);
        Assert.Contains(empty.Remedy, empty.Message);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] trace = SmallTrace();
        for (int length = 0; length < trace.Length; length++)
        {
            Refused(_folder.Write("cut", trace[..length]));
        }
    }

    [Fact]
    public void A_longer_file_is_refused() => Refused(_folder.Write("long", [.. SmallTrace(), 0]));

    [Fact]
    public void A_changed_byte_anywhere_is_refused()
    {
        byte[] trace = SmallTrace();
        for (int i = 0; i < trace.Length; i++)
        {
            foreach (byte mask in (byte[])[(byte)(1 << (i % 8)), 0xff])
            {
                trace[i] ^= mask;
                Refused(_folder.Write("flip", trace));
                trace[i] ^= mask;
            }
        }
    }

    [Fact]
    public void Random_bytes_are_refused_with_and_without_the_magic()
    {
        uint state = 1;
        for (int round = 0; round < 300; round++)
        {
            byte[] bytes = new byte[round * 7];
            for (int i = 0; i < bytes.Length; i++)
            {
                state = (state * 1664525) + 1013904223;
                bytes[i] = (byte)(state >> 24);
            }

            if (round % 2 == 0 && bytes.Length >= 16)
            {
                "SIMTRACE\u0001\0\0\0"u8.CopyTo(bytes);
                bytes.AsSpan(12, 4).Clear();
            }

            Refused(_folder.Write("random", bytes));
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    [InlineData(40)]
    [InlineData(48)]
    [InlineData(56)]
    [InlineData(64)]
    public void Huge_and_negative_counts_in_a_header_with_a_right_checksum_are_refused(int offset)
    {
        foreach (long count in (long[])[long.MaxValue, -1, long.MinValue, 1L << 40])
        {
            byte[] trace = SmallTrace();
            BinaryPrimitives.WriteInt64LittleEndian(trace.AsSpan(offset), count);
            Refused(_folder.Write("count", WithHeaderChecksum(trace)));
        }
    }

    [Fact]
    public void A_version_of_the_future_is_refused_by_number()
    {
        byte[] trace = SmallTrace();
        trace[8] = 9;
        Assert.Contains("version 9", Refused(_folder.Write("future", WithHeaderChecksum(trace))).Problem);
    }

    [Fact]
    public void Huge_metadata_is_refused()
    {
        byte[] trace = SmallTrace();
        BinaryPrimitives.WriteInt32LittleEndian(trace.AsSpan(12), int.MaxValue);
        Refused(_folder.Write("metadata", trace));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(32)]
    public void Wrong_lengths_in_a_chunk_with_a_right_checksum_are_refused(int field)
    {
        foreach (int value in (int[])[int.MaxValue, int.MinValue, -1, 1 << 20, 0, 1, 77])
        {
            byte[] trace = SmallTrace();
            int frame = HeaderLength(trace);
            if (BinaryPrimitives.ReadInt32LittleEndian(trace.AsSpan(frame + field)) == value)
            {
                continue;
            }

            BinaryPrimitives.WriteInt32LittleEndian(trace.AsSpan(frame + field), value);
            Refused(_folder.Write("chunk", WithChunkChecksum(trace)));
        }
    }

    [Fact]
    public void A_damaged_payload_with_right_checksums_ends_in_the_documented_exception_or_a_trace()
    {
        byte[] trace = SmallTrace();
        (byte[] header, byte[] frame, byte[] raw) = Parts(trace);
        int refused = 0;
        for (int i = 0; i < raw.Length; i++)
        {
            foreach (byte mask in (byte[])[0x01, 0x80])
            {
                byte[] damaged = [.. raw];
                damaged[i] ^= mask;
                try
                {
                    TraceReader.Verify(_folder.Write("payload", Assemble(header, frame, damaged)));
                    Assert.Fail("the content hash must not match");
                }
                catch (TraceFormatException)
                {
                    refused++;
                }
            }
        }

        Assert.Equal(2 * raw.Length, refused);
    }

    [Fact]
    public void A_payload_that_decompresses_to_more_than_its_frame_says_is_refused()
    {
        (byte[] header, byte[] frame, byte[] raw) = Parts(SmallTrace());
        Assert.Contains("decompress", Refused(_folder.Write("bomb", Assemble(header, frame, [.. raw, .. new byte[3_000_000]], CompressionLevel.SmallestSize))).Problem);
    }

    /// <summary>A trace with a few of everything, in one chunk.</summary>
    private byte[] SmallTrace()
    {
        using (TraceWriter writer = new(_folder.InFolder("small"), "program: small", 4))
        {
            int symbol = writer.Intern("/bin/program");
            writer.AddEvent(new TraceArea(0x400000, 0x2000, 5, TraceAreaKind.Text, 0, 0, symbol).ToEvent());
            writer.AddEvent(new TraceArea(0x7ff000, 0x1000, 3, TraceAreaKind.Stack, 0, 0x100000, -1).ToEvent());
            for (int i = 0; i < 60; i++)
            {
                writer.AddAccess(TraceRecordKind.Fetch, 0x400000 + (ulong)(i * 7 % 50), 4);
                writer.AddAccess((TraceRecordKind)(1 + (i % 3)), 0x7fff00 - (ulong)(i * i * 100_000), i == 30 ? 1000u : 8u);
            }

            writer.AddEvent(new TraceEvent { Kind = TraceRecordKind.Mmap, ThreadId = 1, SyscallNumber = 9, Argument1 = 4096, Result = 0x10000, SymbolId = symbol });
            writer.AddKernelRange(TraceRecordKind.KernelWrite, 1, 0, 0x10010, 100);
            writer.Finish();
        }

        return File.ReadAllBytes(_folder.InFolder("small"));
    }

    private static TraceFormatException Refused(string path) => Assert.Throws<TraceFormatException>(() => TraceReader.Verify(path));

    private static int HeaderLength(byte[] trace) => 112 + BinaryPrimitives.ReadInt32LittleEndian(trace.AsSpan(12)) + 4;

    private static byte[] WithHeaderChecksum(byte[] trace)
    {
        int end = HeaderLength(trace) - 4;
        BinaryPrimitives.WriteUInt32LittleEndian(trace.AsSpan(end), Crc(trace.AsSpan(0, end)));
        return trace;
    }

    private static byte[] WithChunkChecksum(byte[] trace)
    {
        int frame = HeaderLength(trace);
        BinaryPrimitives.WriteUInt32LittleEndian(trace.AsSpan(frame + 36), Crc([.. trace[frame..(frame + 36)], .. trace[(frame + 40)..]]));
        return trace;
    }

    private static (byte[] Header, byte[] Frame, byte[] Raw) Parts(byte[] trace)
    {
        int frame = HeaderLength(trace);
        using BrotliStream brotli = new(new MemoryStream(trace[(frame + 40)..]), CompressionMode.Decompress);
        using MemoryStream raw = new();
        brotli.CopyTo(raw);
        return (trace[..frame], trace[frame..(frame + 40)], raw.ToArray());
    }

    private static byte[] Assemble(byte[] header, byte[] frame, byte[] raw, CompressionLevel level = CompressionLevel.Fastest)
    {
        using MemoryStream compressed = new();
        using (BrotliStream brotli = new(compressed, level))
        {
            brotli.Write(raw);
        }

        byte[] payload = compressed.ToArray();
        byte[] trace = [.. header, .. frame, .. payload];
        BinaryPrimitives.WriteInt32LittleEndian(trace.AsSpan(header.Length + 32), payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(trace.AsSpan(64), trace.Length);
        return WithChunkChecksum(WithHeaderChecksum(trace));
    }

    /// <summary>CRC-32C bit by bit, from its polynomial: not the code under test.</summary>
    private static uint Crc(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
            }
        }

        return ~crc;
    }
}

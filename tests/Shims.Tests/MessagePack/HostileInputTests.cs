using System.Buffers;
using MessagePack;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>Bytes made to hurt: lengths beyond the end, nesting beyond reason, noise. A read gives a value or a documented exception.</summary>
public sealed class HostileInputTests
{
    [Theory]
    [InlineData("dd 7f ff ff ff 00")]
    [InlineData("dd 00 00 00 02 00")]
    [InlineData("dc ff ff 00 00")]
    [InlineData("9f 00 00 00")]
    public void AnArrayThatCannotBeThereIsRefused(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadArrayHeader());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Segments.Split(Encoded.Hex(hex), 2)).ReadArrayHeader());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
    }

    [Theory]
    [InlineData("df 7f ff ff ff 00 00")]
    [InlineData("df 00 00 00 01 00")]
    [InlineData("de ff ff 00 00")]
    [InlineData("82 00 00 00")]
    public void AMapThatCannotBeThereIsRefused(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadMapHeader());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Segments.Split(Encoded.Hex(hex), 2)).ReadMapHeader());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
    }

#if !UPSTREAM_PACKAGES
    // The package throws OverflowException for counts above 2^31 - 1 before it looks at what is left.
    [Theory]
    [InlineData("dd ff ff ff ff 00")]
    [InlineData("df ff ff ff ff 00")]
    [InlineData("df 80 00 00 00 00")]
    public void ACountBeyondEveryArrayIsRefusedLikeAnyOther(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
        Assert.Throws<EndOfStreamException>(() =>
        {
            MessagePackReader reader = new(Encoded.Hex(hex));
            _ = reader.NextMessagePackType == MessagePackType.Map ? reader.ReadMapHeader() : reader.ReadArrayHeader();
        });
    }
#endif

    [Theory]
    [InlineData("db ff ff ff ff 61")]
    [InlineData("db 7f ff ff ff 61")]
    [InlineData("da 00 02 61")]
    [InlineData("d9 02 61")]
    [InlineData("a2 61")]
    [InlineData("d9")]
    public void AStringThatCannotBeThereIsRefused(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadString());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadStringSequence());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadBytes());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Segments.Split(Encoded.Hex(hex), 1)).ReadString());
    }

    [Theory]
    [InlineData("c6 ff ff ff ff 61")]
    [InlineData("c4 02 61")]
    public void BinaryDataThatCannotBeThereIsRefused(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadBytes());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
    }

    [Theory]
    [InlineData("c9 ff ff ff ff 01 61")]
    [InlineData("d8 01 61")]
    [InlineData("c7 02 01 61")]
    public void AnExtensionThatCannotBeThereIsRefused(string hex)
    {
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadExtensionFormatHeader());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).ReadExtensionFormat());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Encoded.Hex(hex)).Skip());
    }

    [Fact]
    public void NothingIsTheEnd()
    {
        Assert.True(new MessagePackReader(ReadOnlyMemory<byte>.Empty).End);
        Assert.True(new MessagePackReader(default(ReadOnlySequence<byte>)).End);
        Assert.True(new MessagePackReader(Segments.Split(ReadOnlyMemory<byte>.Empty, 1)).End);
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(ReadOnlyMemory<byte>.Empty).ReadInt32());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(ReadOnlyMemory<byte>.Empty).NextCode);
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(ReadOnlyMemory<byte>.Empty).Skip());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(default(ReadOnlySequence<byte>)).ReadInt32());
        Assert.Throws<EndOfStreamException>(() => new MessagePackReader(Segments.Split(ReadOnlyMemory<byte>.Empty, 1)).ReadString());
    }

    [Fact]
    public void TheCodeThatIsNeverUsedIsRefused()
    {
        byte[] bytes = [MessagePackCode.NeverUsed, .. new byte[20]];
        Assert.Equal(MessagePackType.Unknown, new MessagePackReader(bytes).NextMessagePackType);
        Assert.Throws<MessagePackSerializationException>(() => new MessagePackReader(bytes).Skip());
        Assert.Throws<MessagePackSerializationException>(() => new MessagePackReader(bytes).ReadInt32());
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.ConvertToJson(bytes));
    }

    [Fact]
    public void MessagesSayWhatAndWhere()
    {
        MessagePackReader reader = new(Encoded.Hex("01 c3"));
        reader.ReadInt32();
        string message = "";
        try
        {
            reader.ReadInt32();
        }
        catch (MessagePackSerializationException exception)
        {
            message = exception.Message;
        }

        Assert.Contains("true", message);
#if !UPSTREAM_PACKAGES
        Assert.Contains("byte 1", message);
#endif
    }

    [Theory]
    [InlineData(499, true)]
    [InlineData(500, true)]
    [InlineData(501, false)]
    [InlineData(100_000, false)]
    public void NestingIsFollowedToADepthOf500(int depth, bool accepted)
    {
        foreach (byte opener in new byte[] { 0x91, 0x81 })
        {
            // A map as a value has its key before it.
            byte[] level = opener == 0x91 ? [opener] : [opener, 0x00];
            byte[] bytes = [.. Enumerable.Repeat(level, depth).SelectMany(part => part), 0xc0];
            if (accepted)
            {
                Assert.EndsWith(opener == 0x91 ? "]" : "}", MessagePackSerializer.ConvertToJson(bytes));
                MessagePackReader reader = new(bytes);
                reader.Skip();
                Assert.True(reader.End);
            }
            else
            {
                Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.ConvertToJson(bytes));
#if !UPSTREAM_PACKAGES
                // The package skips any depth, without recursion.
                Assert.Throws<InsufficientExecutionStackException>(() => new MessagePackReader(bytes).Skip());
                Assert.Throws<InsufficientExecutionStackException>(() => new MessagePackReader(bytes).ReadRaw());
#endif
            }
        }
    }

    [Fact]
    public void DepthStepCountsAndRefuses()
    {
        MessagePackReader reader = new(new byte[] { 0xc0 });
        MessagePackSecurity security = MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(2);
        security.DepthStep(ref reader);
        security.DepthStep(ref reader);
        Assert.Equal(2, reader.Depth);
        bool refused = false;
        try
        {
            security.DepthStep(ref reader);
        }
        catch (InsufficientExecutionStackException)
        {
            refused = true;
        }

        Assert.True(refused);
        Assert.Equal(500, MessagePackSecurity.UntrustedData.MaximumObjectGraphDepth);
    }

    [Fact]
    public void ALongFlatArrayIsSkippedWhole()
    {
        byte[] bytes = Encoded.HexThenZeros("dd 00 0f 42 40", 1_000_000);
        MessagePackReader reader = new(bytes);
        reader.Skip();
        Assert.True(reader.End);
    }

    [Fact]
    public void NoiseGivesValuesOrDocumentedExceptions()
    {
        global::System.Random random = new(20240229);
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            ReadToTheEnd(bytes);
        }
    }

    [Fact]
    public void MutationsGiveValuesOrDocumentedExceptions()
    {
        global::System.Random random = new(20240301);
        byte[] valid = Encoded.By((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(8);
            writer.Write("buddy.split");
            writer.Write(1L << 40);
            writer.Write(-70_000);
            writer.Write(0.25);
            writer.Write(new byte[40]);
            writer.Write(DateTime.UnixEpoch.AddTicks(12_345));
            writer.WriteMapHeader(2);
            writer.Write("pfn");
            writer.Write(4096u);
            writer.Write("orders");
            writer.WriteArrayHeader(3);
            writer.Write(1);
            writer.Write(2);
            writer.WriteNil();
            writer.WriteExtensionFormat(new ExtensionResult(5, new byte[33]));
        });
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = [.. valid];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            ReadToTheEnd(bytes[..random.Next(1, bytes.Length + 1)]);
        }
    }

    /// <summary>Reads what is there in every way, from one segment and from several, which must agree.</summary>
    private static void ReadToTheEnd(byte[] bytes)
    {
        string whole = Outcome(new MessagePackReader(bytes), read: false);
        Assert.Equal(whole, Outcome(new MessagePackReader(Segments.Split(bytes, 1, 0, 5)), read: false));
        string values = Outcome(new MessagePackReader(bytes), read: true);
        Assert.Equal(values, Outcome(new MessagePackReader(Segments.Split(bytes, 3, 2, 7)), read: true));
        try
        {
            MessagePackSerializer.ConvertToJson(bytes);
        }
        catch (MessagePackSerializationException)
        {
        }
    }

    private static string Outcome(MessagePackReader reader, bool read)
    {
        List<string> trace = [];
        while (!reader.End)
        {
            long before = reader.Consumed;
            try
            {
                if (read)
                {
                    ReadOne(ref reader);
                }
                else
                {
                    reader.Skip();
                }

                Assert.True(reader.Consumed > before && reader.Consumed <= reader.Sequence.Length);
                trace.Add($"to {reader.Consumed}");
            }
            catch (Exception exception) when (exception is EndOfStreamException or MessagePackSerializationException or OverflowException or InsufficientExecutionStackException)
            {
#if !UPSTREAM_PACKAGES
                Assert.Equal(before, reader.Consumed);
#endif
                trace.Add(exception.GetType().Name);
                break;
            }
        }

        return string.Join(' ', trace);
    }

    private static void ReadOne(ref MessagePackReader reader)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Integer when reader.NextCode % 2 == 0:
                reader.ReadInt32();
                break;
            case MessagePackType.Integer:
                reader.ReadUInt64();
                break;
            case MessagePackType.Float:
                reader.ReadSingle();
                break;
            case MessagePackType.String:
                reader.ReadString();
                break;
            case MessagePackType.Binary:
                reader.ReadBytes();
                break;
            case MessagePackType.Array:
                reader.ReadArrayHeader();
                break;
            case MessagePackType.Map:
                reader.ReadMapHeader();
                break;
            case MessagePackType.Extension when reader.NextCode % 2 == 0:
                reader.ReadExtensionFormat();
                break;
            case MessagePackType.Extension:
                reader.ReadDateTime();
                break;
            case MessagePackType.Boolean:
                reader.ReadBoolean();
                break;
            default:
                reader.ReadNil();
                break;
        }
    }
}

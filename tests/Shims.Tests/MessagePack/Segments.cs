using System.Buffers;

namespace Sim.Shims.Tests.MessagePack;

/// <summary>Makes sequences of several segments, so that values and their headers cross from one to the next.</summary>
internal static class Segments
{
    /// <summary>The bytes as segments of the given lengths, used in turn; 0 gives an empty segment.</summary>
    internal static ReadOnlySequence<byte> Split(ReadOnlyMemory<byte> bytes, params int[] lengths)
    {
        Segment first = new(ReadOnlyMemory<byte>.Empty, null);
        Segment last = first;
        int empty = 0;
        for (int offset = 0, turn = 0; offset < bytes.Length; turn++)
        {
            int length = Math.Min(lengths[turn % lengths.Length], bytes.Length - offset);
            empty = length == 0 ? empty + 1 : 0;
            Assert.True(empty <= lengths.Length, "only empty segments");
            last = new Segment(bytes.Slice(offset, length), last);
            offset += length;
        }

        last = new Segment(ReadOnlyMemory<byte>.Empty, last);
        return new ReadOnlySequence<byte>(first, 0, last, 0);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                previous.Next = this;
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
            }
        }
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;

namespace MessagePack;

/// <summary>
/// Reads MessagePack values, one after the other, from memory or from a sequence of segments, without copying or allocating.
/// </summary>
/// <remarks>
/// <para>Whatever the bytes are, a read ends in a value or in one of these exceptions, and leaves the reader where it was if it throws:</para>
/// <list type="bullet">
/// <item><see cref="EndOfStreamException"/>: the data ends inside the value, or a length says that it must;</item>
/// <item><see cref="MessagePackSerializationException"/>: the value is of another kind than the one asked for;</item>
/// <item><see cref="OverflowException"/>: an integer is outside the range of the type asked for;</item>
/// <item><see cref="InsufficientExecutionStackException"/>: values are nested too deeply.</item>
/// </list>
/// </remarks>
public ref partial struct MessagePackReader
{
    private readonly ReadOnlySequence<byte> sequence;
    private readonly long length;
    private ReadOnlySpan<byte> span;
    private int index;
    private long spanOffset;
    private SequencePosition spanStart;
    private SequencePosition nextSpan;

    /// <summary>Reads from the start of <paramref name="memory"/>.</summary>
    public MessagePackReader(ReadOnlyMemory<byte> memory)
    {
        sequence = new ReadOnlySequence<byte>(memory);
        length = memory.Length;
        span = memory.Span;
        spanStart = sequence.Start;
    }

    /// <summary>Reads from the start of <paramref name="readOnlySequence"/>.</summary>
    public MessagePackReader(scoped in ReadOnlySequence<byte> readOnlySequence)
    {
        sequence = readOnlySequence;
        length = readOnlySequence.Length;
        spanStart = readOnlySequence.Start;
        nextSpan = spanStart;
        if (sequence.TryGet(ref nextSpan, out ReadOnlyMemory<byte> first))
        {
            span = first.Span;
        }
    }

    /// <summary>How many values enclose the next one, as far as the caller counts them with <see cref="MessagePackSecurity.DepthStep"/>.</summary>
    public int Depth { get; set; }

    /// <summary>Everything there is to read, from the start.</summary>
    public readonly ReadOnlySequence<byte> Sequence => sequence;

    /// <summary>Where in <see cref="Sequence"/> the next value starts.</summary>
    public readonly SequencePosition Position => sequence.GetPosition(index, spanStart);

    /// <summary>The number of bytes read or skipped.</summary>
    public readonly long Consumed => spanOffset + index;

    /// <summary>Whether nothing is left to read.</summary>
    public readonly bool End => Consumed == length;

    /// <summary>Whether the next value is <c>nil</c>.</summary>
    /// <exception cref="EndOfStreamException">Nothing is left.</exception>
    public bool IsNil => NextCode == MessagePackCode.Nil;

    /// <summary>The kind of the next value.</summary>
    /// <exception cref="EndOfStreamException">Nothing is left.</exception>
    public MessagePackType NextMessagePackType => MessagePackCode.ToMessagePackType(NextCode);

    /// <summary>The first byte of the next value; the reader stays in front of it.</summary>
    /// <exception cref="EndOfStreamException">Nothing is left.</exception>
    public byte NextCode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (index == span.Length)
            {
                EnterNextSpan();
            }

            return span[index];
        }
    }

    private readonly long Remaining => length - Consumed;

    /// <summary>Another reader with the same settings, from the start of another sequence.</summary>
    public readonly MessagePackReader Clone(scoped in ReadOnlySequence<byte> readOnlySequence) => new(readOnlySequence) { Depth = Depth };

    /// <summary>A copy that can read ahead while this one stays.</summary>
    public readonly MessagePackReader CreatePeekReader() => this;

    /// <summary>
    /// The bytes from here on in one span: up to the end of the segment if it holds as many as <paramref name="scratch"/>,
    /// else as many as that, or as there are, copied together.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ReadOnlySpan<byte> Ahead(Span<byte> scratch)
    {
        ReadOnlySpan<byte> here = span[index..];
        return here.Length >= scratch.Length || spanOffset + span.Length == length ? here : AheadAcross(scratch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly ReadOnlySpan<byte> AheadAcross(Span<byte> scratch)
    {
        int count = (int)Math.Min(scratch.Length, Remaining);
        sequence.Slice(Position, count).CopyTo(scratch);
        return scratch[..count];
    }

    /// <summary>Passes over bytes that are known to be there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(long count)
    {
        if (count <= span.Length - index)
        {
            index += (int)count;
            return;
        }

        AdvanceAcross(count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AdvanceAcross(long count)
    {
        while (count > span.Length - index)
        {
            count -= span.Length - index;
            index = span.Length;
            EnterNextSpan();
        }

        index += (int)count;
    }

    /// <summary>Goes from the end of one segment to the start of the next that is not empty.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterNextSpan()
    {
        if (End)
        {
            Throw.EndOfData(Consumed);
        }

        do
        {
            spanOffset += span.Length;
            spanStart = nextSpan;
            sequence.TryGet(ref nextSpan, out ReadOnlyMemory<byte> memory);
            span = memory.Span;
            index = 0;
        }
        while (span.IsEmpty);
    }

    /// <summary>Refuses a value whose length says that it goes beyond the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Require(int headerLength, long byteCount)
    {
        if (headerLength + byteCount > Remaining)
        {
            Throw.EndOfData(Consumed);
        }
    }
}

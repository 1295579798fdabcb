using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MessagePack;

/// <summary>
/// Writes MessagePack values, each in its shortest form, one after the other to an <see cref="IBufferWriter{T}"/>.
/// </summary>
/// <remarks>
/// It is a cursor over a span that the buffer writer lent: it allocates nothing, and what it wrote belongs to the buffer writer only after
/// <see cref="Flush"/>. Headers of arrays, maps, strings, binary data and extensions are not matched with what follows them; that is the caller's part.
/// </remarks>
public ref partial struct MessagePackWriter
{
    private readonly IBufferWriter<byte> output;
    private Span<byte> span;
    private int used;

    /// <summary>Starts writing where <paramref name="writer"/> stands.</summary>
    public MessagePackWriter(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        output = writer;
        span = default;
        used = 0;
    }

    /// <summary>Another writer with the same settings to another target.</summary>
    public readonly MessagePackWriter Clone(IBufferWriter<byte> writer) => new(writer);

    /// <summary>Hands everything written so far to the buffer writer. Nothing is there for its readers before.</summary>
    public void Flush()
    {
        if (used > 0)
        {
            output.Advance(used);
        }

        // After Advance the lent span is no longer ours; the next value asks for another one.
        span = default;
        used = 0;
    }

    /// <summary>Lends the space for at least <paramref name="length"/> bytes, for the caller to fill and count with <see cref="Advance"/>.</summary>
    public Span<byte> GetSpan(int length)
    {
        Reserve(length);
        return span[used..];
    }

    /// <summary>Counts bytes written to what <see cref="GetSpan"/> lent.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative or beyond what was lent.</exception>
    public void Advance(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, span.Length - used);
        used += length;
    }

    /// <summary>Copies bytes that are MessagePack already.</summary>
    public void WriteRaw(ReadOnlySpan<byte> rawMessagePackBlock) => Append(rawMessagePackBlock);

    /// <inheritdoc cref="WriteRaw(ReadOnlySpan{byte})"/>
    public void WriteRaw(in ReadOnlySequence<byte> rawMessagePackBlock)
    {
        foreach (ReadOnlyMemory<byte> segment in rawMessagePackBlock)
        {
            Append(segment.Span);
        }
    }

    /// <summary>A place where <paramref name="length"/> bytes may be written, or more overwritten; the caller adds to <see cref="used"/> what it used.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte Reserve(int length)
    {
        if (span.Length - used < length)
        {
            Grow(length);
        }

        return ref Unsafe.Add(ref MemoryMarshal.GetReference(span), used);
    }

    private void Append(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > span.Length - used)
        {
            Grow(bytes.Length);
        }

        bytes.CopyTo(span[used..]);
        used += bytes.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int length)
    {
        Flush();
        span = output.GetSpan(length);
        if (span.Length < length)
        {
            Throw.BufferTooSmall(length, span.Length);
        }
    }
}

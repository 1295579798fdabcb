using System.Buffers;

namespace Sim.Engine.Log;

/// <summary>Lets a <c>MessagePackWriter</c> write into an array that is already there.</summary>
internal sealed class FixedBufferWriter(byte[] buffer) : IBufferWriter<byte>
{
    /// <summary>Where the next byte goes.</summary>
    public int Position { get; set; }

    public void Advance(int count) => Position += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => buffer.AsMemory(Position);

    public Span<byte> GetSpan(int sizeHint = 0) => buffer.AsSpan(Position);
}

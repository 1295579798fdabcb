using System.Buffers;

namespace MessagePack;

/// <summary>An extension value: its type and its bytes.</summary>
public struct ExtensionResult
{
    public ExtensionResult(sbyte typeCode, Memory<byte> data)
        : this(typeCode, new ReadOnlySequence<byte>(data))
    {
    }

    public ExtensionResult(sbyte typeCode, ReadOnlySequence<byte> data)
    {
        TypeCode = typeCode;
        Data = data;
    }

    /// <summary>What the bytes mean: 0 and up are the application's, negative ones the specification's.</summary>
    public sbyte TypeCode { get; private set; }

    /// <summary>The bytes; when read, a slice of what the reader was given.</summary>
    public ReadOnlySequence<byte> Data { get; private set; }

    public readonly ExtensionHeader Header => new(TypeCode, (uint)Data.Length);
}

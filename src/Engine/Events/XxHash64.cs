using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sim.Engine.Events;

/// <summary>
/// XXH64 (Collet's specification), incremental. Used for state hashes and stream seeds: it guards against accidents,
/// not against tampering; the log's chain is SHA-256.
/// </summary>
public struct XxHash64
{
    private const ulong P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9,
        P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;

    private readonly ulong _seed;
    private ulong _a, _b, _c, _d, _length;
    private Tail _tail;
    private int _pending;

    [System.Runtime.CompilerServices.InlineArray(32)]
    private struct Tail
    {
        private byte _first;
    }

    public XxHash64(ulong seed)
    {
        _seed = seed;
        _a = seed + P1 + P2;
        _b = seed + P2;
        _c = seed;
        _d = seed - P1;
    }

    /// <summary>Hash of one span.</summary>
    public static ulong Hash(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        var hash = new XxHash64(seed);
        hash.Add(data);
        return hash.Finish();
    }

    /// <summary>Appends the bytes of an array of blittable values; the type must have no padding.</summary>
    public void AddSpan<T>(ReadOnlySpan<T> values) where T : unmanaged => Add(MemoryMarshal.AsBytes(values));

    /// <summary>Appends one 64-bit value, little-endian.</summary>
    public void Add(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Add(bytes);
    }

    /// <summary>Appends bytes.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        _length += (ulong)data.Length;
        Span<byte> tail = _tail;
        if (_pending > 0)
        {
            int take = Math.Min(32 - _pending, data.Length);
            data[..take].CopyTo(tail[_pending..]);
            _pending += take;
            data = data[take..];
            if (_pending < 32)
            {
                return;
            }
            Stripes(MemoryMarshal.Cast<byte, ulong>(tail));
            _pending = 0;
        }
        int whole = data.Length & ~31;
        if (whole > 0)
        {
            Stripes(MemoryMarshal.Cast<byte, ulong>(data[..whole]));
        }
        data[whole..].CopyTo(tail);
        _pending = data.Length - whole;
    }

    /// <summary>The hash of everything added so far; more may be added afterwards.</summary>
    public readonly ulong Finish()
    {
        ulong h;
        if (_length >= 32)
        {
            h = BitOperations.RotateLeft(_a, 1) + BitOperations.RotateLeft(_b, 7)
                + BitOperations.RotateLeft(_c, 12) + BitOperations.RotateLeft(_d, 18);
            h = Merge(Merge(Merge(Merge(h, _a), _b), _c), _d);
        }
        else
        {
            h = _seed + P5;
        }
        h += _length;
        ReadOnlySpan<byte> rest = _tail;
        rest = rest[.._pending];
        for (; rest.Length >= 8; rest = rest[8..])
        {
            h = BitOperations.RotateLeft(h ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest)), 27) * P1 + P4;
        }
        if (rest.Length >= 4)
        {
            h = BitOperations.RotateLeft(h ^ (BinaryPrimitives.ReadUInt32LittleEndian(rest) * P1), 23) * P2 + P3;
            rest = rest[4..];
        }
        foreach (byte b in rest)
        {
            h = BitOperations.RotateLeft(h ^ (b * P5), 11) * P1;
        }
        h = (h ^ (h >> 33)) * P2;
        h = (h ^ (h >> 29)) * P3;
        return h ^ (h >> 32);
    }

    private void Stripes(ReadOnlySpan<ulong> words)
    {
        ulong a = _a, b = _b, c = _c, d = _d;
        for (int i = 0; i + 3 < words.Length; i += 4)
        {
            a = Round(a, words[i]);
            b = Round(b, words[i + 1]);
            c = Round(c, words[i + 2]);
            d = Round(d, words[i + 3]);
        }
        (_a, _b, _c, _d) = (a, b, c, d);
    }

    private static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + input * P2, 31) * P1;

    private static ulong Merge(ulong h, ulong lane) => (h ^ Round(0, lane)) * P1 + P4;
}

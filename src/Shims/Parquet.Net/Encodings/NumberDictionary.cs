using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parquet.Encodings;

/// <summary>Distinct values of a column in order of first appearance, and the index of every value.</summary>
/// <typeparam name="T"><see cref="int"/> or <see cref="long"/>; doubles are looked up by their bits as <see cref="long"/>.</typeparam>
internal sealed class NumberDictionary<T>
    where T : unmanaged, IBinaryInteger<T>
{
    /// <summary>Dictionaries grow no larger than this many entries.</summary>
    public const int MaxEntries = 1 << 16;

    private readonly T[] _entries = new T[MaxEntries];
    private int[] _slots = new int[1 << 10];
    private int[] _indices = [];

    public int Count { get; private set; }

    public ReadOnlySpan<T> Entries => _entries.AsSpan(0, Count);

    /// <summary>For each value its entry; valid after a <see cref="TryBuild"/> that returned true.</summary>
    public ReadOnlySpan<int> Indices(int count) => _indices.AsSpan(0, count);

    /// <summary>Builds the dictionary; false if it would have more than <paramref name="limit"/> entries.</summary>
    public bool TryBuild(ReadOnlySpan<T> values, int limit)
    {
        Count = 0;
        limit = Math.Min(limit, MaxEntries);
        if (_indices.Length < values.Length)
        {
            _indices = new int[values.Length];
        }

        if (values.IsEmpty)
        {
            return true;
        }

        NumberRange.Find(values, out T min, out T max);
        ulong range = ulong.CreateTruncating(max) - ulong.CreateTruncating(min);
        return range < MaxEntries
            ? TryBuildDirect(values, min, (int)range + 1, limit)
            : TryBuildHashed(values, limit);
    }

    /// <summary>Values lie close together: a table with a slot for each possible one.</summary>
    private bool TryBuildDirect(ReadOnlySpan<T> values, T min, int range, int limit)
    {
        int[] slots = EmptySlots(range);
        int[] indices = _indices;
        for (int i = 0; i < values.Length; i++)
        {
            ref int slot = ref slots[int.CreateTruncating(values[i] - min)];
            if (slot == 0)
            {
                if (Count == limit)
                {
                    return false;
                }

                _entries[Count] = values[i];
                slot = ++Count;
            }

            indices[i] = slot - 1;
        }

        return true;
    }

    /// <summary>Open addressing, doubled when half full; a slot holds an entry's index plus one.</summary>
    private bool TryBuildHashed(ReadOnlySpan<T> values, int limit)
    {
        int[] slots = EmptySlots(1 << 10);
        int bits = 10;
        T previous = values[0];
        int previousIndex = -1;
        for (int i = 0; i < values.Length; i++)
        {
            T value = values[i];
            if (value != previous || previousIndex < 0)
            {
                ref int slot = ref Find(slots, bits, value);
                if (slot == 0)
                {
                    if (Count == limit)
                    {
                        return false;
                    }

                    _entries[Count] = value;
                    slot = ++Count;
                }

                previous = value;
                previousIndex = slot - 1;
                if (Count > 1 << (bits - 1))
                {
                    bits += 2;
                    slots = Rehash(bits);
                }
            }

            _indices[i] = previousIndex;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int Find(int[] slots, int bits, T value)
    {
        ref T entries = ref MemoryMarshal.GetArrayDataReference(_entries);
        int mask = (1 << bits) - 1;
        int at = (int)((ulong.CreateTruncating(value) * 0x9E3779B97F4A7C15UL) >> (64 - bits));
        while (true)
        {
            ref int slot = ref slots[at & mask];
            if (slot == 0 || Unsafe.Add(ref entries, slot - 1) == value)
            {
                return ref slot;
            }

            at++;
        }
    }

    private int[] Rehash(int bits)
    {
        int[] slots = EmptySlots(1 << bits);
        for (int i = 0; i < Count; i++)
        {
            Find(slots, bits, _entries[i]) = i + 1;
        }

        return slots;
    }

    private int[] EmptySlots(int count)
    {
        if (_slots.Length < count)
        {
            _slots = new int[BitOperations.RoundUpToPowerOf2((uint)count)];
        }
        else
        {
            _slots.AsSpan(0, count).Clear();
        }

        return _slots;
    }
}

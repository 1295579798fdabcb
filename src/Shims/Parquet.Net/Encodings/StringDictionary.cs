using System.Numerics;
using System.Runtime.InteropServices;

namespace Parquet.Encodings;

/// <summary>Distinct strings of a column in order of first appearance, and the index of every string.</summary>
internal sealed class StringDictionary
{
    private readonly List<string> _entries = [];
    private readonly List<ulong> _hashes = [];
    private int[] _slots = new int[1 << 8];
    private int[] _indices = [];
    private int _bits;

    public ReadOnlySpan<string> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>For each string its entry; valid after a <see cref="TryBuild"/> that returned true.</summary>
    public ReadOnlySpan<int> Indices(int count) => _indices.AsSpan(0, count);

    /// <summary>Builds the dictionary; false if it would have more than <paramref name="limit"/> entries.</summary>
    public bool TryBuild(ReadOnlySpan<string> values, int limit)
    {
        _entries.Clear();
        _hashes.Clear();
        _bits = 8;
        _slots.AsSpan(0, 1 << _bits).Clear();
        if (_indices.Length < values.Length)
        {
            _indices = new int[values.Length];
        }

        string? previous = null;
        int previousIndex = 0;
        for (int i = 0; i < values.Length; i++)
        {
            // Neighbours are often the very same object.
            string value = values[i];
            if (!ReferenceEquals(value, previous))
            {
                previousIndex = IndexOf(value, limit);
                if (previousIndex < 0)
                {
                    return false;
                }

                previous = value;
            }

            _indices[i] = previousIndex;
        }

        return true;
    }

    private int IndexOf(string value, int limit)
    {
        ulong hash = Hash(value);
        int mask = (1 << _bits) - 1;
        for (int at = (int)(hash >> (64 - _bits)); ; at++)
        {
            ref int slot = ref _slots[at & mask];
            if (slot == 0)
            {
                if (_entries.Count == limit)
                {
                    return -1;
                }

                _entries.Add(value);
                _hashes.Add(hash);
                slot = _entries.Count;
                if (_entries.Count > 1 << (_bits - 1))
                {
                    Grow();
                }

                return _entries.Count - 1;
            }

            string entry = _entries[slot - 1];
            if (ReferenceEquals(entry, value) || (_hashes[slot - 1] == hash && entry == value))
            {
                return slot - 1;
            }
        }
    }

    private void Grow()
    {
        _bits += 2;
        if (_slots.Length < 1 << _bits)
        {
            _slots = new int[1 << _bits];
        }
        else
        {
            _slots.AsSpan(0, 1 << _bits).Clear();
        }

        int mask = (1 << _bits) - 1;
        for (int i = 0; i < _hashes.Count; i++)
        {
            int at = (int)(_hashes[i] >> (64 - _bits));
            while (_slots[at & mask] != 0)
            {
                at++;
            }

            _slots[at & mask] = i + 1;
        }
    }

    /// <summary>Only spreads entries over slots: the file's bytes do not depend on it.</summary>
    private static ulong Hash(string value)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(value.AsSpan());
        ulong hash = (ulong)bytes.Length * Multiplier;
        while (bytes.Length >= 8)
        {
            hash = (BitOperations.RotateLeft(hash, 29) ^ MemoryMarshal.Read<ulong>(bytes)) * Multiplier;
            bytes = bytes[8..];
        }

        foreach (ushort unit in MemoryMarshal.Cast<byte, ushort>(bytes))
        {
            hash = (BitOperations.RotateLeft(hash, 29) ^ unit) * Multiplier;
        }

        // The top bits choose the slot, so that the low ones must reach them.
        return (hash ^ (hash >> 32)) * Multiplier;
    }
}

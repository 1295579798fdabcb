using System.Globalization;
using Sim.Engine.Events;

namespace Sim.Engine.Tables;

/// <summary>
/// Columns that are computed when a row group is written: strings from numbers, nanoseconds from picoseconds. One is
/// shared by all tables of an export, so that its arrays are there once; the strings themselves exist already.
/// </summary>
internal sealed class TableScratch(int rows)
{
    private readonly string?[] _text = new string?[rows];
    private readonly long[] _numbers = new long[rows];

    /// <summary>The same string in every row.</summary>
    public ArraySegment<string?> Repeat(string value, int count)
    {
        _text.AsSpan(0, count).Fill(value);
        return new ArraySegment<string?>(_text, 0, count);
    }

    /// <summary>Names of an enum's values; the number itself for a value without one.</summary>
    public ArraySegment<string?> EnumNames(ReadOnlySpan<int> values, FieldDescriptor field)
    {
        string[] names = field.EnumNames;
        for (int i = 0; i < values.Length; i++)
        {
            int value = values[i];
            _text[i] = (uint)value < (uint)names.Length ? names[value] : value.ToString(CultureInfo.InvariantCulture);
        }
        return new ArraySegment<string?>(_text, 0, values.Length);
    }

    /// <summary>Strings of symbols; empty for an id that is none.</summary>
    public ArraySegment<string?> SymbolNames(ReadOnlySpan<int> ids, SymbolTable symbols)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            _text[i] = symbols[ids[i]];
        }
        return new ArraySegment<string?>(_text, 0, ids.Length);
    }

    /// <summary>Picoseconds as whole nanoseconds, rounded down.</summary>
    public ReadOnlyMemory<long> Nanoseconds(ReadOnlySpan<long> picoseconds)
    {
        for (int i = 0; i < picoseconds.Length; i++)
        {
            long time = picoseconds[i];
            _numbers[i] = (time / 1000) - (time % 1000 < 0 ? 1 : 0);
        }
        return _numbers.AsMemory(0, picoseconds.Length);
    }
}

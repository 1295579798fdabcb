using System.Globalization;

namespace Sim.Host.Experiments;

/// <summary>An amount of memory in bytes, written <c>"1GiB"</c>, <c>"512MiB"</c>, <c>"4KiB"</c>, <c>"1TiB"</c> or as a number of bytes.</summary>
public readonly record struct ByteSize(long Bytes)
{
    /// <summary>Regular expression of the text form.</summary>
    public const string Pattern = "^[0-9]+ ?(B|KiB|MiB|GiB|TiB)?$";

    private static readonly (string Name, int Shift)[] Units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

    public static ByteSize FromMiB(long mib) => new(checked(mib << 20));
    public static ByteSize FromGiB(long gib) => new(checked(gib << 30));

    /// <summary>The largest unit of which it is a whole multiple: <c>1536MiB</c>, <c>100B</c>.</summary>
    public override string ToString()
    {
        foreach ((string name, int shift) in Units)
        {
            if (Bytes != 0 && (Bytes & ((1L << shift) - 1)) == 0)
            {
                return (Bytes >> shift).ToString(CultureInfo.InvariantCulture) + name;
            }
        }
        return Bytes.ToString(CultureInfo.InvariantCulture) + "B";
    }

    /// <summary>Reads the text form; false when it is malformed or 2^63 bytes or more.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ByteSize size)
    {
        size = default;
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }
        ReadOnlySpan<char> unit = text[digits..];
        unit = unit.StartsWith(" ") ? unit[1..] : unit;
        int shift = 0;
        bool known = unit is "" or "B";
        foreach ((string name, int unitShift) in Units)
        {
            if (unit.SequenceEqual(name))
            {
                (known, shift) = (true, unitShift);
            }
        }
        if (!known || !long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || number > long.MaxValue >> shift)
        {
            return false;
        }
        size = new ByteSize(number << shift);
        return true;
    }
}

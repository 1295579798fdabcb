using System.Buffers.Text;

namespace Sim.Host.Traces;

/// <summary>Numbers as valgrind, strace and the kernel print them.</summary>
internal static class TextNumbers
{
    /// <summary>Parses hexadecimal digits without a prefix; the whole text must be digits.</summary>
    internal static bool TryHex(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int used, 'x') && used == text.Length && used is > 0 and <= 16;

    /// <summary>Parses decimal digits, with an optional minus that gives the two's complement.</summary>
    internal static bool TryDecimal(ReadOnlySpan<byte> text, out ulong value)
    {
        if (text is [(byte)'-', ..])
        {
            bool ok = Utf8Parser.TryParse(text, out long negative, out int usedNegative) && usedNegative == text.Length;
            value = unchecked((ulong)negative);
            return ok;
        }

        return Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && used > 0;
    }

    /// <summary>Parses <c>0x</c> and hexadecimal digits, or decimal digits.</summary>
    internal static bool TryNumber(ReadOnlySpan<byte> text, out ulong value) =>
        text is [(byte)'0', (byte)'x', ..] ? TryHex(text[2..], out value) : TryDecimal(text, out value);
}

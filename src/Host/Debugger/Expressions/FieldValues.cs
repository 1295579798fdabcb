using System.Globalization;
using Sim.Engine.Events;
using Sim.Engine.Time;
using Sim.Host.Experiments;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger.Expressions;

/// <summary>What a value in an expression means for a field.</summary>
internal static class FieldValues
{
    /// <summary>Reads a value as the number that the field holds.</summary>
    /// <returns>Null when it is understood, else a sentence that says what such a field takes.</returns>
    public static string? Read(FieldDescriptor field, string text, out long value)
    {
        value = 0;
        switch (field.Type)
        {
            case FieldType.Bool:
                value = text is "true" or "1" ? 1 : 0;
                return text is "true" or "false" or "1" or "0" ? null : $"{field.Column} is true or false.";
            case FieldType.Enum:
                value = Array.IndexOf(field.EnumNames, text);
                return value >= 0 || Number(text, out value) ? null
                    : $"{field.Column} is one of {string.Join(' ', field.EnumNames)}.{Suggestion.For(text, field.EnumNames)}";
            default:
                return field.Name == "Gfp" ? Gfp(field, text, out value) : Measured(field, text, out value);
        }
    }

    /// <summary>Reads a time.</summary>
    public static string? Time(string field, string text, out long ps)
    {
        bool known = SimTime.TryParse(text, out SimTime time);
        ps = time.Ps;
        return known ? null : $"{field} takes a time with its unit (ps, ns, us, ms, s), such as 5ms.";
    }

    /// <summary>Reads a whole number, decimal or hexadecimal.</summary>
    public static bool Number(string text, out long value)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            bool known = ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits);
            value = (long)bits;
            return known;
        }
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    // A number in form, which Number does not read.
    private static bool IsTooLarge(string text) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? text.Length > 2 && text.AsSpan(2).IndexOfAnyExcept("0123456789abcdefABCDEF") < 0
        : text.AsSpan().TrimStart('-') is { Length: > 0 } digits && digits.IndexOfAnyExceptInRange('0', '9') < 0;

    private static string? Gfp(FieldDescriptor field, string text, out long value)
    {
        bool number = Number(text, out value);
        if (!number && GfpNames.TryParse(text, out GfpFlags gfp))
        {
            value = (int)gfp;
            return null;
        }
        return number ? null : $"{field.Column} takes gfp flags as the kernel names them, such as GFP_KERNEL|__GFP_NOWARN, or a number.";
    }

    private static string? Measured(FieldDescriptor field, string text, out long value)
    {
        if (field.Unit == "ps")
        {
            return Time(field.Column, text, out value);
        }
        if (Number(text, out value))
        {
            return null;
        }
        int shift = field.Unit switch { "bytes" => 0, "kib" => 10, "pages" => Page.Shift, _ => -1 };
        if (shift >= 0 && ByteSize.TryParse(text, out ByteSize size))
        {
            value = size.Bytes >> shift;
            return null;
        }
        return IsTooLarge(text) ? $"{field.Column} takes a number of 64 bits, and this one has more."
            : shift >= 0 ? $"{field.Column} takes a number of {(field.Unit == "kib" ? "KiB" : field.Unit)}, or a size such as 2MiB."
            : $"{field.Column} takes a number, decimal or hexadecimal with 0x{(field.Unit is "" or "hex" ? "" : $" ({field.Unit})")}.";
    }
}

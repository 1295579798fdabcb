using System.Globalization;
using Sim.Engine.Time;

namespace Sim.Host.Commands;

/// <summary>Reads the values of options; a wrong one is a usage error that names the option.</summary>
internal static class OptionText
{
    /// <summary>A whole number from a least value on.</summary>
    /// <exception cref="CommandException">It is none (exit code 2).</exception>
    public static long Number(string option, string text, long min = 0) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= min
            ? number
            : throw new CommandException(ExitCode.Usage, $"{option} {text}: expected a whole number, at least {min}.");

    /// <summary>A whole number, decimal or with <c>0x</c> hexadecimal, such as a pfn.</summary>
    /// <param name="option">What it belongs to: an option, or a word with its colon, behind which the number follows without a blank.</param>
    /// <param name="text">The number.</param>
    /// <exception cref="CommandException">It is none (exit code 2).</exception>
    public static long Hexadecimal(string option, string text)
    {
        bool hexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return long.TryParse(hexadecimal ? text[2..] : text, hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out long number) && number >= 0
            ? number
            : throw new CommandException(ExitCode.Usage, $"{option}{(option.EndsWith(':') ? "" : " ")}{text}: expected a number, decimal or hexadecimal with 0x.");
    }

    /// <summary>A simulated time with its unit.</summary>
    /// <exception cref="CommandException">It is none (exit code 2).</exception>
    public static SimTime Time(string option, string text) =>
        SimTime.TryParse(text, out SimTime time, out bool tooLate)
            ? time
            : throw new CommandException(ExitCode.Usage, tooLate
                ? $"{option} {text}: simulated time ends after {SimTime.MaxValue}, 106 days; give an earlier time."
                : $"{option} {text}: expected a time with its unit (ps, ns, us, ms, s), such as 10s or 250us.");

    /// <summary>A path that says something; null stays null.</summary>
    /// <exception cref="CommandException">It is empty (exit code 2).</exception>
    public static string? Path(string option, string? text) =>
        text is null || text.Trim().Length > 0 ? text : throw new CommandException(ExitCode.Usage, $"{option} is empty: name a directory, or leave {option} out.");
}

using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Kernel.Exec;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>A pair of <c>/proc/PID/auxv</c>.</summary>
/// <param name="Name">AT_…</param>
/// <param name="Type">Its number.</param>
/// <param name="Value">Its value, hexadecimal.</param>
public sealed record AuxvRow(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("type")] int Type,
    [property: JsonPropertyName("value")] string Value);

/// <summary>
/// The auxiliary vector of a process, which <c>/proc/PID/auxv</c> has as bytes, in the words of glibc's <c>LD_SHOW_AUXV</c>; empty
/// for a process that has executed nothing.
/// </summary>
public static class Auxv
{
    private const int ValueColumn = 17;

    /// <summary>One row per pair, in the kernel's order, without the final one.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static IReadOnlyList<AuxvRow> Rows(AddressSpaces spaces, int pid) =>
        [.. spaces[pid].SavedAuxv.Where(p => p.Type != AuxiliaryType.Null).Select(p => new AuxvRow(NameOf(p.Type), (int)p.Type, Maps.Hex(p.Value)))];

    /// <summary>The layout of LD_SHOW_AUXV.</summary>
    public static string Render(AddressSpaces spaces, int pid)
    {
        var text = new StringBuilder();
        foreach (AuxiliaryEntry pair in spaces[pid].SavedAuxv)
        {
            if (pair.Type != AuxiliaryType.Null)
            {
                text.Append((NameOf(pair.Type) + ":").PadRight(ValueColumn)).Append(ValueOf(pair)).Append('\n');
            }
        }
        return text.ToString();
    }

    private static string ValueOf(AuxiliaryEntry pair) => pair.Type switch
    {
        AuxiliaryType.PageBytes or AuxiliaryType.ClockTicks or AuxiliaryType.ProgramHeaderBytes or AuxiliaryType.ProgramHeaderCount
            or AuxiliaryType.Uid or AuxiliaryType.EffectiveUid or AuxiliaryType.Gid or AuxiliaryType.EffectiveGid or AuxiliaryType.Secure
            or AuxiliaryType.MinSignalStackBytes => pair.Value.ToString(CultureInfo.InvariantCulture),
        _ => Maps.Hex(pair.Value),
    };

    private static string NameOf(AuxiliaryType type) => "AT_" + type switch
    {
        AuxiliaryType.ProgramHeaders => "PHDR",
        AuxiliaryType.ProgramHeaderBytes => "PHENT",
        AuxiliaryType.ProgramHeaderCount => "PHNUM",
        AuxiliaryType.PageBytes => "PAGESZ",
        AuxiliaryType.InterpreterBase => "BASE",
        AuxiliaryType.EffectiveUid => "EUID",
        AuxiliaryType.EffectiveGid => "EGID",
        AuxiliaryType.ClockTicks => "CLKTCK",
        AuxiliaryType.ExecFileName => "EXECFN",
        AuxiliaryType.SysinfoHeader => "SYSINFO_EHDR",
        AuxiliaryType.MinSignalStackBytes => "MINSIGSTKSZ",
        _ => type.ToString().ToUpperInvariant(),
    };
}

using Sim.Host.Commands;
using Sim.Host.Provenance;
using Sim.Kernel.Buddy;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>Reads what is to be watched.</summary>
internal static class WatchTarget
{
    private const string Form = "What to watch is written frame:PFN, vma:PID:ADDRESS or zone:NAME.";

    /// <summary>Reads <c>frame:0x1a00</c>, <c>vma:3:0x7f0000000000</c> or <c>zone:Normal</c>.</summary>
    /// <exception cref="CommandException">It is none of them, or the machine has no such frame or zone (exit code 2).</exception>
    public static Watch Parse(DebugContext context, string text)
    {
        string[] parts = text.Split(':');
        PageAllocatorState pages = context.Timeline.State.State.Memory.Pages;
        switch (parts)
        {
            case ["frame", var frame]:
                long pfn = OptionText.Hexadecimal("frame:", frame);
                FrameBiography.RequireFrame(pages, pfn, "frame");
                return new FrameWatch(pfn);
            case ["vma", var process, var address]:
                long pid = OptionText.Number("vma", process, 1);
                return pid <= int.MaxValue
                    ? new AreaWatch((int)pid, (ulong)OptionText.Hexadecimal("vma", address))
                    : throw new CommandException(ExitCode.Usage, $"{text}: a pid is at most {int.MaxValue}.");
            case ["zone", var name]:
                Zone[] zones = [.. pages.Zones.Where(z => z.IsPopulated)];
                string[] names = [.. zones.Select(z => ZoneTypes.Name(z.Type))];
                int at = Array.FindIndex(names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
                return at >= 0 ? new ZoneWatch(zones[at].Type) : throw new CommandException(ExitCode.Usage,
                    $"{text}: the machine has the zones {string.Join(", ", names)}.{Suggestion.For(name, names)}");
            default:
                throw new CommandException(ExitCode.Usage, $"\"{text}\": {Form}");
        }
    }
}

using System.Globalization;
using Sim.Engine.Events;
using Sim.Host.Provenance;
using Sim.Kernel;
using Sim.Kernel.Mm;

namespace Sim.Host.Debugger;

/// <summary>Watches the area of a process that contains an address, or that there is none.</summary>
internal sealed class AreaWatch(int pid, ulong address)
    : Watch<AreaMoment>(string.Create(CultureInfo.InvariantCulture, $"vma:{pid}:{FrameText.Hex((long)address)}"))
{
    private AddressSpaces? _spaces;

    protected override void Use(MachineState state) => _spaces = state.Virtual.Spaces;

    protected override AreaMoment Look()
    {
        if (_spaces!.Find(pid) is not { } space)
        {
            return default;
        }
        AreaCursor at = space.Areas.Find(address);
        return space.Areas.IsValid(at) && space.Areas.Start(at) <= address
            ? AreaMoment.Of(in _spaces.Areas[space.Areas.Handle(at)])
            : default;
    }

    protected override string Describe(DebugContext context, AreaMoment before, AreaMoment after)
    {
        SymbolTable symbols = context.Timeline.Symbols;
        return (before.Exists, after.Exists) switch
        {
            (false, _) => $"mapped: {after.Text(symbols)}",
            (_, false) => $"unmapped: it was {before.Text(symbols)}",
            _ => before.Text(symbols) == after.Text(symbols)
                ? $"{after.Text(symbols)} has its first anonymous page, or shares its object with others"
                : $"{before.Text(symbols)} becomes {after.Text(symbols)}",
        };
    }
}

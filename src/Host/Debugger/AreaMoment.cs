using System.Globalization;
using Sim.Engine.Events;
using Sim.Host.Provenance;
using Sim.Kernel.Mm;

namespace Sim.Host.Debugger;

/// <summary>An area of an address space as it is at a moment; <c>default</c> is none.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Behind the last address; 0 for no area.</param>
/// <param name="Flags">Permissions and kind.</param>
/// <param name="Pgoff">Offset in the file, in pages.</param>
/// <param name="File">Symbol of the file; 0 for none, below 0 for anonymous shared memory.</param>
/// <param name="AnonVma">Whether its pages may be found from frames, and in which object.</param>
internal readonly record struct AreaMoment(ulong Start, ulong End, VmFlags Flags, long Pgoff, int File, int AnonVma)
{
    /// <summary>True when there is an area.</summary>
    public bool Exists => End != 0;

    /// <summary>Looks at an area.</summary>
    public static AreaMoment Of(in VmArea area) => new(area.VmStart, area.VmEnd, area.VmFlags, area.VmPgoff, area.VmFile, area.AnonVma);

    /// <summary>The areas of an address space, in address order.</summary>
    public static IEnumerable<AreaMoment> All(AddressSpaces spaces, AddressSpace space)
    {
        for (AreaCursor at = AreaIndex.First; space.Areas.IsValid(at); at = space.Areas.Next(at))
        {
            yield return Of(in spaces.Areas[space.Areas.Handle(at)]);
        }
    }

    /// <summary>As a line of <c>maps</c> has it: addresses, permissions, file.</summary>
    public string Text(SymbolTable symbols)
    {
        string perms = $"{Letter(VmFlags.Read, 'r')}{Letter(VmFlags.Write, 'w')}{Letter(VmFlags.Exec, 'x')}{((Flags & VmFlags.MayShare) != 0 ? 's' : 'p')}";
        string file = File > 0 ? $" {symbols[File]}{(Pgoff == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" from page {Pgoff}"))}" : "";
        return $"{FrameText.Hex((long)Start)}-{FrameText.Hex((long)End)} {perms}{file}";
    }

    private char Letter(VmFlags flag, char letter) => (Flags & flag) != 0 ? letter : '-';
}

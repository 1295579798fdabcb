using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Hardware.Dram;

namespace Sim.Hardware.Cpu;

public sealed partial class Cpu
{
    /// <summary>
    /// The hot loop, for flat segments. An access within one line, through the default segment, whose page the first-level TLB has,
    /// is made here; any other goes through <see cref="TryAccess"/>.
    /// </summary>
    private int RunFlat(ReadOnlySpan<MemoryAccess> batch, long untilCycle, ref PageFault fault)
    {
        MemoryPort port = _port;
        Mmu mmu = _mmu;
        DramController dram = port.Dram;
        ClockRatio toDram = port.ToDram, toCore = port.ToCore;
        long cycle = port.Cycle;
        long cyclesPerInstruction = _costs.CyclesPerInstruction;
        ref readonly MemoryAccess access = ref MemoryMarshal.GetReference(batch);
        int i = 0;
        int inLoop = 0;
        for (; i < batch.Length && cycle < untilCycle; i++, access = ref Unsafe.Add(ref Unsafe.AsRef(in access), 1))
        {
            ulong address = access.Address;
            // Size, kind, segment register and compute cycles in one word, as they lie in memory.
            ulong rest = Unsafe.As<ushort, ulong>(ref Unsafe.AsRef(in access.Size));
            uint kind = (uint)(rest >> 16);
            if (rest >> 18 == 0 && (address & (DramGeometry.LineBytes - 1)) + (rest & 0xFFFF) <= DramGeometry.LineBytes)
            {
                ref TranslationShortcuts.Entry shortcut = ref mmu.Shortcut(kind);
                if (shortcut.Vpn == address >> 12)
                {
                    mmu.Touch(shortcut.Slot);
                }
                else if (!mmu.TryFirstLevel(kind, address >> 12))
                {
                    goto inFull;
                }
                ulong physical = shortcut.Frame | (address & 4095);
                if (kind < (uint)AccessKind.Store)
                {
                    cycle += kind == (uint)AccessKind.Fetch ? cyclesPerInstruction : 0;
                    cycle = toCore.Ceiling(dram.Access(physical, write: false, toDram.Ceiling(cycle), port.Cause));
                }
                else
                {
                    if (kind == (uint)AccessKind.Modify)
                    {
                        cycle = toCore.Ceiling(dram.Access(physical, write: false, toDram.Ceiling(cycle), port.Cause));
                    }
                    cycle = toCore.Ceiling(dram.Access(physical, write: true, toDram.Ceiling(cycle), port.Cause));
                }
                inLoop++;
                continue;
            }
        inFull:
            port.Cycle = cycle;
            bool completed = TryAccess(in access, ref fault, out _);
            cycle = port.Cycle;
            if (!completed)
            {
                break;
            }
        }
        port.Cycle = cycle;
        _accesses += inLoop;
        return i;
    }
}

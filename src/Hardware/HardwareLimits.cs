using System.Numerics;
using Sim.Hardware.Dram;

namespace Sim.Hardware;

/// <summary>Refuses machines that cannot be.</summary>
internal static class HardwareLimits
{
    /// <exception cref="ArgumentException">An option is impossible; the message says which and what would do.</exception>
    public static void Check(HardwareOptions options)
    {
        Require(options.Cpus is >= 1 and <= 255, $"cpus is {options.Cpus}; a machine has 1 to 255.");
        Require(options.CpuFrequencyMhz is >= 1 and <= 1_000_000, $"cpuFrequencyMhz is {options.CpuFrequencyMhz}; use 1 to 1000000.");
        Require(options.Frames >= 1, $"memory has {options.Frames} page frames; it needs at least one.");
        Require(options.Frames - 1 <= options.Paging.PfnOf(ulong.MaxValue),
            $"memory has {options.Frames} page frames, more than page tables of {options.Paging} can address ({options.Paging.PhysicalBits} bits).");
        DramOptions dram = options.Dram;
        Require(dram.Ranks is >= 1 and <= 128 && BitOperations.IsPow2(dram.Ranks), $"dram.ranks is {dram.Ranks}; use a power of two up to 128.");
        Require(!dram.Enabled || options.Frames << 12 <= (long)dram.Ranks * DramGeometry.RankBytes,
            $"{dram.Ranks} ranks of 8 GiB do not hold {options.Frames << 12} bytes of memory; set dram.ranks to {DramOptions.RanksFor(options.Frames << 12)}.");
        Require(dram.FlatLatencyCycles is >= 1 and <= 1_000_000, $"dram.flatLatencyCycles is {dram.FlatLatencyCycles}; use 1 to 1000000.");
        Require(options.Tlb.PdeCacheEntries is >= 0 and <= 65536
            && (options.Tlb.PdeCacheEntries == 0 || BitOperations.IsPow2(options.Tlb.PdeCacheEntries)),
            $"tlb.pdeCacheEntries is {options.Tlb.PdeCacheEntries}; use 0 or a power of two up to 65536.");
        Require(options.Tlb.L2HitCycles is >= 0 and <= 1_000_000, $"tlb.l2HitCycles is {options.Tlb.L2HitCycles}; use 0 to 1000000.");
        foreach ((string name, int cycles) in new[]
        {
            ("cyclesPerInstruction", options.Cpu.CyclesPerInstruction),
            ("syscallEntryCycles", options.Cpu.SyscallEntryCycles),
            ("exceptionEntryCycles", options.Cpu.ExceptionEntryCycles),
            ("interruptEntryCycles", options.Cpu.InterruptEntryCycles),
            ("syscallReturnCycles", options.Cpu.SyscallReturnCycles),
            ("interruptReturnCycles", options.Cpu.InterruptReturnCycles),
            ("loadRootCycles", options.Cpu.LoadRootCycles),
            ("invalidatePageCycles", options.Cpu.InvalidatePageCycles),
        })
        {
            Require(cycles is >= 0 and <= 1_000_000_000, $"cpu.{name} is {cycles}; use 0 to 1000000000 cycles.");
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}

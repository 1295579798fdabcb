using FsCheck;
using FsCheck.Fluent;
using Sim.Hardware.Cpu;
using Sim.Hardware.Paging;
using Sim.Hardware.Tests.Support;

namespace Sim.Hardware.Tests.Paging;

/// <summary>
/// Random page tables against a dictionary of entries by level and address prefix: translations, error codes, accessed and dirty bits.
/// TLBs and the paging-structure cache are on, and must not show.
/// </summary>
public sealed class WalkModelTests
{
    private sealed class Entry
    {
        public long Pfn;
        public PteFlags Flags;
        public bool Reserved, Accessed, Dirty;
    }

    [Theory]
    [InlineData("x86_64", 32), InlineData("x86_64", 0), InlineData("i386", 32)]
    public void AgreesWithTheModel(string mode, int pdeCacheEntries) => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed => Agrees(mode == "i386" ? PagingMode.I386TwoLevel : PagingMode.X86_64FourLevel, pdeCacheEntries, (ulong)seed))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static bool Agrees(PagingMode mode, int pdeCacheEntries, ulong seed)
    {
        var random = new Engine.Random.RandomStream(seed, "tables");
        var machine = new TestMachine(new HardwareOptions { Paging = mode, Tlb = new() { PdeCacheEntries = pdeCacheEntries } });
        var model = new Dictionary<(int Level, ulong Prefix), Entry>();
        Build(machine, model, machine.Root, mode.Levels - 1, 0, random);
        machine.Core.LoadRoot(machine.Root, 0, -1);

        for (int i = 0; i < 400; i++)
        {
            if (random.NextChance(1, 30))
            {
                if (machine.Core.Mode == CpuMode.Kernel)
                {
                    machine.Core.ReturnToUser(-1);
                }
                else
                {
                    machine.Core.EnterKernel(EntryKind.Syscall, 0, 0, 0, -1);
                }
            }
            ulong address = 0;
            for (int level = mode.Levels - 1; level >= 0; level--)
            {
                address |= random.NextBelow(3) << mode.ShiftOf(level);
            }
            address |= random.NextBelow(4096 - 8);
            var kind = (AccessKind)random.NextBelow(4);
            bool user = machine.Core.Mode == CpuMode.User;
            AccessResult actual = machine.Core.Access(new MemoryAccess(address, 1, kind));
            (ulong physical, PageFaultErrorCode? code) = Expect(mode, model, address, kind, user);
            bool same = code is { } expected
                ? actual.Fault.Vector == 14 && actual.Fault.Code == expected && actual.Fault.Address == address
                : actual.Completed && actual.PhysicalAddress == physical;
            if (!same)
            {
                return false;
            }
        }
        return model.All(pair => BitsAgree(machine, pair.Key.Level, pair.Key.Prefix, pair.Value));
    }

    /// <summary>Three entries in every table: absent, table, page or large page, with random rights.</summary>
    private static void Build(
        TestMachine machine, Dictionary<(int, ulong), Entry> model, long table, int level, ulong prefix, Engine.Random.RandomStream random)
    {
        PagingMode mode = machine.Mode;
        for (int index = 0; index < 3; index++)
        {
            ulong address = prefix | (ulong)index << mode.ShiftOf(level);
            var entry = new Entry
            {
                Flags = (random.NextChance(9, 10) ? PteFlags.Present : 0) | (random.NextChance(4, 5) ? PteFlags.Write : 0)
                    | (random.NextChance(4, 5) ? PteFlags.User : 0)
                    | (mode.HasNoExecute && random.NextChance(1, 8) ? PteFlags.NoExecute : 0),
            };
            bool large = level == 1 && random.NextChance(1, 4);
            bool leaf = level == 0 || large;
            if (leaf)
            {
                entry.Pfn = large ? (long)(1 + random.NextBelow(60)) * mode.PagesPerLargePage : (long)(0x4000 + random.NextBelow(0x4000));
                entry.Flags |= large ? PteFlags.Large : 0;
            }
            else
            {
                entry.Pfn = machine.NewTable();
            }
            ulong raw = mode.MakeEntry(entry.Pfn, entry.Flags);
            if (random.NextChance(1, 40) && (mode.EntryBytes == 8 || large))
            {
                entry.Reserved = true;
                raw |= large ? 1UL << 13 : 1UL << 51;
            }
            machine.SetEntry(table, index, raw);
            model[(level, address)] = entry;
            if (!leaf)
            {
                Build(machine, model, entry.Pfn, level - 1, address, random);
            }
        }
    }

    /// <summary>The rules of the SDM, volume 3A, 4.6 and 4.7, over the dictionary.</summary>
    private static (ulong Physical, PageFaultErrorCode? Code) Expect(
        PagingMode mode, Dictionary<(int, ulong), Entry> model, ulong address, AccessKind kind, bool user)
    {
        bool write = kind is AccessKind.Store or AccessKind.Modify, fetch = kind == AccessKind.Fetch;
        PageFaultErrorCode code = (write ? PageFaultErrorCode.Write : 0) | (user ? PageFaultErrorCode.User : 0)
            | (fetch && mode.HasNoExecute ? PageFaultErrorCode.Instruction : 0);
        var used = new List<Entry>();
        int shift;
        for (int level = mode.Levels - 1; ; level--)
        {
            shift = mode.ShiftOf(level);
            Entry entry = model[(level, address >> shift << shift)];
            used.Add(entry);
            if (!entry.Flags.HasFlag(PteFlags.Present))
            {
                return (0, code);
            }
            if (entry.Reserved)
            {
                return (0, code | PageFaultErrorCode.Protection | PageFaultErrorCode.Reserved);
            }
            if (level == 0 || entry.Flags.HasFlag(PteFlags.Large))
            {
                break;
            }
        }
        bool forbidden = (user && !used.TrueForAll(e => e.Flags.HasFlag(PteFlags.User)))
            || (write && !used.TrueForAll(e => e.Flags.HasFlag(PteFlags.Write)))
            || (fetch && used.Exists(e => e.Flags.HasFlag(PteFlags.NoExecute)));
        if (forbidden)
        {
            return (0, code | PageFaultErrorCode.Protection);
        }
        used.ForEach(e => e.Accessed = true);
        used[^1].Dirty |= write;
        return (((ulong)used[^1].Pfn << 12) + (address & ((1UL << shift) - 1)), null);
    }

    private static bool BitsAgree(TestMachine machine, int level, ulong address, Entry expected)
    {
        ulong raw = machine.Find(address, level).Entry;
        return (raw & (ulong)PteFlags.Accessed) != 0 == expected.Accessed && (raw & (ulong)PteFlags.Dirty) != 0 == expected.Dirty;
    }
}

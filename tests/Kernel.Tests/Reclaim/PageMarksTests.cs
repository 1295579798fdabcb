using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.PageCache;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Swap;
using Sim.Kernel.Tasks;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Reclaim;

/// <summary>What looking at a page leaves of its marks.</summary>
public class PageMarksTests
{
    private const ulong At = 0x1000_0000;

    private static readonly EventHeader Header = new(0, 0, -1);

    /// <summary>
    /// Executable pages that were accessed stay active if they are a file's (<c>folio_is_file_lru</c>), and age what was evicted like any page that
    /// goes to an active list (<c>move_folios_to_lru</c>); those of shared memory, which swap backs, do not stay.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ExecutablePagesStayActive_IfTheyAreAFiles(bool ofFile)
    {
        TestMachine machine = Make();
        MappedFile file = ofFile ? new MappedFile(machine.Journal.Intern("/program")) : MappedFile.None;
        machine.Virtual.Calls.Create(machine.Journal.Intern("/program"), 1, -1);
        MapFlags flags = MapFlags.Shared | MapFlags.Fixed | (ofFile ? 0 : MapFlags.Anonymous);
        bool used = false;
        machine.Virtual.Tasks.Start("task", 0, new ScriptedProgram((task, step) =>
        {
            if (step == 0)
            {
                task.Calls.Mmap(task, At, 4_096, ProtFlags.Read | ProtFlags.Exec, flags, file);
            }
            used |= task.Access(At, 8, AccessKind.Fetch);
            return ProgramStatus.Sleeping;
        }), -1);
        machine.Run(100_000_000_000);
        Assert.True(used);
        LruState lru = machine.Machine.State.Memory.Reclaim!.Lru;
        int pfn = (int)machine.FrameAt(1, At);
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        lru.Apply(new LruDrain(0), in Header);
        lru.Take(pfn);
        frames[pfn].Flags |= PageFlags.Active;
        lru.Put(pfn);
        Assert.Equal(1, machine.Spaces.References(pfn, out bool executable, out _));
        Assert.True(executable);
        LruList active = ofFile ? LruList.ActiveFile : LruList.ActiveAnon;
        long age = machine.Machine.State.Memory.Reclaim.WorkingSet.Age;
        machine.Spaces.Apply(new LruDeactivate(active, 32, ZoneType.Movable), in Header);
        Assert.Equal(ofFile ? 1 : 0, lru.Size(active));
        Assert.Equal(ofFile, frames[pfn].Has(PageFlags.Active));
        Assert.Equal(age + (ofFile ? 1 : 0), machine.Machine.State.Memory.Reclaim.WorkingSet.Age);
    }

    /// <summary>
    /// The mark of a call that has used a page is gone once the page has been looked at (<c>folio_check_references</c>), but not when it is being
    /// written, for then it is not looked at.
    /// </summary>
    [Theory]
    [InlineData(KeepReason.Dirty, false)]
    [InlineData(KeepReason.MayNot, false)]
    [InlineData(KeepReason.NoSwap, false)]
    [InlineData(KeepReason.Writeback, true)]
    [InlineData(KeepReason.Referenced, true)]
    public void ALookTakesTheMarkOfCalls(KeepReason reason, bool keepsMark)
    {
        TestMachine machine = Make();
        LruState lru = machine.Machine.State.Memory.Reclaim!.Lru;
        FrameTable frames = machine.Machine.State.Memory.Pages.Frames;
        int pfn = (int)machine.Machine.Pages.AllocPages(0, GfpFlags.HighUserMovable, 1, machine.Machine.Cpus[0], -1);
        machine.Spaces.Apply(new CacheAdd(machine.Journal.Intern("/file"), 0, pfn), in Header);
        lru.Apply(new LruAdd(pfn, 0, false), in Header);
        lru.Apply(new LruDrain(0), in Header);
        frames[pfn].Flags |= PageFlags.Referenced;
        machine.Spaces.Apply(new LruIsolate(LruList.InactiveFile, 32, ZoneType.Movable, Kswapd: true), in Header);
        machine.Spaces.Apply(new ReclaimKeep(pfn, reason), in Header);
        Assert.Equal(keepsMark, frames[pfn].Has(PageFlags.Referenced));
        Assert.True(frames[pfn].Has(PageFlags.Lru));
    }

    private static TestMachine Make() => new(
        bytes: 96L << 20, swap: new SwapOptions { Device = SwapDevice.Ssd, Size = 16L << 20 }, pageCache: new PageCacheOptions { Device = FileDevice.Ssd });
}

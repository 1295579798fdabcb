using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Reclaim;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 19: memory in frames of 4 KiB with a struct page each, which can be asked for at any moment.</summary>
public sealed partial class Mission19StructPageTests
{
    [Fact]
    public void EveryFrameOf4KiBHasARecord()
    {
        var kernel = new TestKernel(256L << 20);
        Assert.Equal(32, Unsafe.SizeOf<Frame>());
        Assert.Equal(4096, Page.Size);
        Assert.Equal(kernel.Map.EndPfn, kernel.Pages.Frames.Count);
    }

    /// <summary>
    /// At many moments of a run under pressure, folded from its log: every frame answers, and flags, list, counts, index and mappers fit
    /// together and with the page tables.
    /// </summary>
    [Fact]
    public void EveryFrameAnswersAtAnyMoment()
    {
        PressedMachine run = Pressed();
        TestMachine machine = run.Machine;
        var state = new MachineState(machine.Options);
        long asked = 0, moments = 0, listed = 0;
        run.Log.Fold(machine.Catalogue, state.Appliers, after: sequence =>
        {
            if (sequence % 20_011 == 20_000)
            {
                moments++;
                for (long pfn = moments % 11; pfn < state.Memory.Pages.Frames.Count; pfn += 11)
                {
                    listed += Check(state, machine, pfn) ? 1 : 0;
                    asked++;
                }
            }
        });
        Assert.True(moments > 3 && asked > 5_000 && listed > 1_000, $"{moments} moments, {asked} frames, {listed} on LRU lists");
    }

    /// <summary>page->index: for a file the offset in it, in pages, wherever the area begins; the same for all mappers.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 3)]
    public void IndexIsTheOffsetInTheMapping(int areaOffset, int page)
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        ulong at = (ulong)vm.Mmap(pid, 0, 16 << 12, ProtFlags.Read, MapFlags.Private, new MappedFile(vm.Kernel.Journal.Intern("/f")), (ulong)areaOffset << 12);
        vm.Touch(pid, at + ((ulong)page << 12), write: false);
        Assert.Equal(areaOffset + page, FrameView.Row(vm.Kernel.Pages, vm.FrameAt(pid, at + ((ulong)page << 12))).Index);
    }

    /// <summary>Names of flags are those of the kernel's header, in the order of its bits (linux/kernel-page-flags.h).</summary>
    [Fact]
    public void FlagsHaveTheKernelsNames()
    {
        const string Header = "/usr/include/linux/kernel-page-flags.h";
        Assert.SkipUnless(File.Exists(Header) || Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1", "no kernel headers: apt-get install linux-libc-dev");
        Dictionary<string, int> bits = File.ReadLines(Header).Select(l => Flag().Match(l)).Where(m => m.Success)
            .ToDictionary(m => m.Groups[1].Value.ToLowerInvariant(), m => int.Parse(m.Groups[2].Value));
        TestMachine machine = Pressed().Machine;
        var seen = new HashSet<string>();
        for (long pfn = 0; pfn < machine.Machine.State.Memory.Pages.Frames.Count; pfn++)
        {
            string[] flags = StructPage.Row(machine.Machine.State, pfn, machine.Journal.Symbols).Flags;
            // Not exported by the kernel: reserved, and two that only reclaim asks for.
            int[] known = [.. flags.Except(["reserved", "readahead", "workingset"]).Select(f => bits[f == "anonymous" ? "anon" : f])];
            Assert.Equal(known.Order(), known);
            seen.UnionWith(flags);
        }
        Assert.Superset(new HashSet<string> { "lru", "uptodate", "buddy", "mmap", "anonymous", "pgtable", "reserved", "nopage" }, seen);
    }

    /// <summary>True for a page on an LRU list.</summary>
    private static bool Check(MachineState state, TestMachine machine, long pfn)
    {
        StructPageRow page = StructPage.Row(state, pfn, machine.Journal.Symbols);
        Frame frame = state.Memory.Pages.Frames[FrameView.Head(state.Memory.Pages.Frames, pfn)];
        bool free = frame.State is FrameState.Buddy or FrameState.Pcp;
        Assert.Equal(page.State is "buddy" or "pcp" or "hole", page.RefCount == 0);
        Assert.Equal(free, page.Lru.Contains("list", StringComparison.Ordinal));
        Assert.Equal(page.Flags.Contains("lru"), page.Lru.EndsWith("anon", StringComparison.Ordinal) || page.Lru.EndsWith("file", StringComparison.Ordinal) || page.Lru == "unevictable");
        Assert.Equal(page.MapCount, page.MappedBy.Length);
        Assert.True(page.RefCount >= page.MapCount);
        Assert.All(page.MappedBy, m => Assert.Equal(
            pfn, state.Options.Hardware.Paging.PfnOf(state.Virtual.Spaces.Tables.ReadPte(state.Virtual.Spaces[m.Pid].Root, Convert.ToUInt64(m.Address, 16)))));
        if (page.Use == "anon")
        {
            // linear_page_index: of an area mapped where it began, the number of the virtual page.
            Assert.All(page.MappedBy, m => Assert.Equal((long)(Convert.ToUInt64(m.Address, 16) >> 12), page.Index));
        }
        if (!page.Flags.Contains("lru"))
        {
            return false;
        }
        LruList list = LruLists.Of(in frame);
        FrameTable frames = state.Memory.Pages.Frames;
        int head = state.Memory.Reclaim!.Lru.Head(list), at = (int)pfn;
        // Following lru leads to the list's head.
        for (int steps = 0; at != head; at = frames.At(at).Next, steps++)
        {
            Assert.True(steps <= frames.Count);
        }
        return true;
    }

    private static PressedMachine Pressed() => new PressedMachine(KernelProfile.X86_64, managed => managed + 1_000, visits: 400, seed: 19).RunToSleep();

    [GeneratedRegex(@"^#define\s+KPF_(\w+)\s+(\d+)")]
    private static partial Regex Flag();
}

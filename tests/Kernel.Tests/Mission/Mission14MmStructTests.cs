using Sim.Engine.Random;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>Mission row 14: from a task to its mm_struct, and along vm_next through its areas, with the fields that the documents name.</summary>
public sealed class Mission14MmStructTests
{
    private const ulong Arena = 0x1000_0000;

    /// <summary>After thousands of calls: the list goes through all areas in order of address, and is what the lookup structure finds.</summary>
    [Theory]
    [InlineData(KernelProfile.X86_64)]
    [InlineData(KernelProfile.I386Classic)]
    public void TheListIsAViewOfTheLookupStructure(KernelProfile profile)
    {
        var vm = new TestVirtualMemory(profile);
        int pid = vm.NewProcess();
        var random = new RandomStream(14, "areas");
        for (int i = 0; i < 3_000; i++)
        {
            ulong at = Arena + (random.NextBelow(4_000) << 12), length = (1 + random.NextBelow(6)) << 12;
            if (random.NextBelow(3) == 0)
            {
                vm.Munmap(pid, at, length);
            }
            else
            {
                vm.Mmap(pid, at, length, (ProtFlags)random.NextBelow(8), MapFlags.Private | MapFlags.Anonymous | MapFlags.Fixed);
            }
        }
        MmStructRow mm = MmStruct.Row(vm.State, pid, vm.Kernel.Journal.Symbols);
        Assert.Equal((pid, "test", mm.Areas.Length.ToString()), (mm.Pid, mm.Comm, mm.Fields["map_count"]));
        Assert.True(mm.Areas.Length > 400);
        ulong[] starts = [.. mm.Areas.Select(a => Convert.ToUInt64(a.VmStart, 16))];
        Assert.Equal(starts.Order(), starts);
        Assert.Equal(starts.Skip(1).Append(0UL), mm.Areas.Select(a => Convert.ToUInt64(a.VmNext, 16)));
        // find_vma along the list and through the index.
        AreaIndex index = vm.Spaces[pid].Areas;
        for (int i = 0; i < 2_000; i++)
        {
            ulong address = Arena + random.NextBelow(4_010UL << 12);
            VmAreaRow? walked = mm.Areas.FirstOrDefault(a => Convert.ToUInt64(a.VmEnd, 16) > address);
            AreaCursor found = index.Find(address);
            Assert.Equal(walked is null ? 0 : Convert.ToUInt64(walked.VmStart, 16), index.IsValid(found) ? index.Start(found) : 0);
        }
    }

    /// <summary>
    /// vm_page_prot of private and shared areas: the sixteen rows of protection_map (arch/x86/mm/pgprot.c) as the bits of an entry (SDM 3A,
    /// table 4-20): present 1, write 2, user 4, accessed 0x20, global 0x100 for one that is not present, XD bit 63.
    /// </summary>
    [Theory]
    [InlineData(0, false, 0x8000_0000_0000_0120UL)]
    [InlineData(1, false, 0x8000_0000_0000_0025UL)]
    [InlineData(2, false, 0x8000_0000_0000_0025UL)]
    [InlineData(3, false, 0x8000_0000_0000_0025UL)]
    [InlineData(4, false, 0x25UL)]
    [InlineData(5, false, 0x25UL)]
    [InlineData(6, false, 0x25UL)]
    [InlineData(7, false, 0x25UL)]
    [InlineData(0, true, 0x8000_0000_0000_0120UL)]
    [InlineData(1, true, 0x8000_0000_0000_0025UL)]
    [InlineData(2, true, 0x8000_0000_0000_0027UL)]
    [InlineData(3, true, 0x8000_0000_0000_0027UL)]
    [InlineData(4, true, 0x25UL)]
    [InlineData(5, true, 0x25UL)]
    [InlineData(6, true, 0x27UL)]
    [InlineData(7, true, 0x27UL)]
    public void PageProtectionIsTheKernelsTable(int prot, bool shared, ulong expected)
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mmap(pid, Arena, 4096, (ProtFlags)prot, (shared ? MapFlags.Shared : MapFlags.Private) | MapFlags.Anonymous | MapFlags.Fixed);
        VmAreaRow area = Assert.Single(MmStruct.Row(vm.State, pid, vm.Kernel.Journal.Symbols).Areas);
        Assert.Equal(expected, Convert.ToUInt64(area.VmPageProt, 16));
        // VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8 (include/linux/mm.h).
        Assert.Equal((uint)prot | (shared ? 8UL : 0), Convert.ToUInt64(area.VmFlags, 16) & 0xf);
    }

    /// <summary>The counts of mm_struct are what the areas and page tables add up to.</summary>
    [Fact]
    public void CountsAddUp()
    {
        var vm = new TestVirtualMemory();
        int pid = vm.NewProcess();
        vm.Mapping.SetLayout(pid, 0x0100_0000, 0x7fff_ffff_e000, -1);
        vm.Brk(pid, 0x0100_0000 + (40 << 12));
        vm.Mapping.MapStack(pid, 0x7fff_ffff_f000 - (34 << 12), 0x7fff_ffff_f000, vm.Cpu, -1);
        vm.Mmap(pid, Arena, 100 << 12, ProtFlags.Read | ProtFlags.Exec, MapFlags.Private | MapFlags.Fixed, new MappedFile(vm.Kernel.Journal.Intern("/bin/true")));
        for (ulong page = 0; page < 30; page++)
        {
            vm.Touch(pid, 0x0100_0000 + (page << 12), write: true);
            vm.Touch(pid, Arena + (page << 12), write: false);
        }
        MmStructRow mm = MmStruct.Row(vm.State, pid, vm.Kernel.Journal.Symbols);
        PageMapRow[] pages = [.. PageMap.Rows(vm.Spaces, vm.Kernel.Pages.Frames, pid)];
        Assert.Equal(mm.Fields["total_vm"], mm.Areas.Sum(a => (long)(Convert.ToUInt64(a.VmEnd, 16) - Convert.ToUInt64(a.VmStart, 16)) >> 12).ToString());
        Assert.Equal(("40", "100", "34"), (mm.Fields["data_vm"], mm.Fields["exec_vm"], mm.Fields["stack_vm"]));
        Assert.Equal((mm.Fields["anon_rss"], mm.Fields["file_rss"]), (pages.Count(p => p.Kind == "anon").ToString(), pages.Count(p => p.Kind == "file").ToString()));
        Assert.Equal(mm.Fields["page_tables"], PageTableDump.Rows(vm.Spaces, pid).Count(t => !t.Shared && t.Level != "pgd").ToString());
        Assert.Equal(("0x1000000", "0x1028000"), (mm.Fields["start_brk"], mm.Fields["brk"]));
    }
}

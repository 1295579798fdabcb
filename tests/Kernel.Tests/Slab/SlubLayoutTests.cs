using System.Globalization;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Slab;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Slab;

/// <summary>SLUB's layouts beside every row of <c>/proc/slabinfo</c> of three recorded 6.1 kernels.</summary>
public sealed class SlubLayoutTests
{
    private const long ManyPages = 1 << 18;

    /// <summary>From the size of an object follow order and number: every row of the machine, none left out.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void EveryRow(string machine, int word, int rows)
    {
        var layout = SlubLayout.For(new SlabAllocatorOptions(), cpus: 1);
        Row[] all = RowsOf(machine);
        Assert.Equal(rows, all.Length);
        Assert.All(all, row =>
        {
            SlabGeometry g = layout.Of(row.Size, 0, SlabFlags.None, SlabMachine.Linux61(word, ManyPages));
            Assert.Equal(row, new Row(row.Name, g.Size, g.Objects, 1 << g.GfpOrder));
        });
    }

    /// <summary>The caches that the allocator makes itself, as it boots: names, sizes, order in the chain.</summary>
    [Theory]
    [InlineData("8 amd64, 256 MB, slab_nomerge (every cache under its own name)", KernelProfile.X86_64)]
    [InlineData("8 amd64, 1 GB, default merging", KernelProfile.X86_64)]
    [InlineData("4 686-pae, 1.5 GB, slab_nomerge", KernelProfile.I386Pae)]
    public void CachesMadeAtBoot(string machine, KernelProfile profile)
    {
        var kernel = new TestKernel(256L << 20, 1, new KernelOptions { Profile = profile });
        var slab = new SlabAllocator(kernel.State.Slab, kernel.Allocator, kernel.Journal, kernel.Options.Slab);
        slab.Initialize(kernel.Cpu);
        Row[] made = [.. SlabInfo.Rows(kernel.State.Slab, kernel.Journal.Symbols).Select(r => new Row(r.Name, r.ObjSize, r.ObjPerSlab, r.PagesPerSlab))];
        Row[] recorded = RowsOf(machine);
        // A listing of a kernel that merges leaves general caches out that others have joined under another name.
        Assert.Equal(recorded.Where(r => made.Any(m => m.Name == r.Name)), made.Where(m => recorded.Any(r => r.Name == m.Name)));
        Assert.True(machine.Contains("nomerge", StringComparison.Ordinal) ? made.All(recorded.Contains) : made.Count(recorded.Contains) > 25);
    }

    /// <summary>4 × (fls + 1): the values of mm/slub.c's comment on it.</summary>
    [Theory]
    [InlineData(1, 8)]
    [InlineData(2, 12)]
    [InlineData(3, 12)]
    [InlineData(4, 16)]
    [InlineData(8, 20)]
    [InlineData(16, 24)]
    [InlineData(64, 32)]
    public void MinObjects_GrowWithTheCpus(int cpus, int objects) => Assert.Equal(objects, SlubLayout.MinObjectsFor(cpus));

    /// <summary>More CPUs, larger slabs: /proc/slabinfo of machines with 16 and more CPUs has kmalloc-512 at 32 objects on 4 pages.</summary>
    [Theory]
    [InlineData(512, 16, 32, 4)]
    [InlineData(1024, 16, 32, 8)]
    [InlineData(2048, 16, 16, 8)]
    [InlineData(4096, 16, 8, 8)]
    [InlineData(8192, 16, 4, 8)]
    [InlineData(256, 16, 32, 2)]
    [InlineData(192, 4, 21, 1)]
    public void Order_GrowsWithTheCpus(int size, int cpus, int objects, int pages)
    {
        SlabGeometry g = SlubLayout.For(new SlabAllocatorOptions(), cpus).Of(size, 0, SlabFlags.None, SlabMachine.Linux61(8, ManyPages));
        Assert.Equal((objects, pages), (g.Objects, 1 << g.GfpOrder));
    }

    [Theory]
    [InlineData(200, SlabFlags.None, 0, 200)]
    [InlineData(200, SlabFlags.HwCacheAlign, 0, 256)]
    [InlineData(24, SlabFlags.HwCacheAlign, 0, 32)]
    [InlineData(24, SlabFlags.Constructor, 0, 32)]
    [InlineData(24, SlabFlags.TypesafeByRcu, 0, 32)]
    [InlineData(21, SlabFlags.None, 0, 24)]
    [InlineData(21, SlabFlags.None, 512, 512)]
    public void Size_FollowsAlignmentAndThePointerBehindTheObject(int bytes, SlabFlags flags, int align, int size) =>
        Assert.Equal(size, SlubLayout.For(new SlabAllocatorOptions(), 1).Of(bytes, align, flags, SlabMachine.Linux61(8, ManyPages)).Size);

    [Theory]
    [InlineData(8, 512, 5, 1)]
    [InlineData(256, 16, 5, 7)]
    [InlineData(1024, 8, 5, 6)]
    [InlineData(4096, 8, 6, 2)]
    [InlineData(1 << 20, 1, 10, 12)]
    public void KeptSlabs_FollowTheSize(int size, int objects, int minPartial, int cpuPartialSlabs)
    {
        Assert.Equal(minPartial, Slub.MinPartialFor(size));
        Assert.Equal(cpuPartialSlabs, Slub.CpuPartialSlabsFor(size, objects));
    }

    public static TheoryData<string, int, int> Machines() => new()
    {
        { "8 amd64, 1 GB, default merging", 8, 156 },
        { "8 amd64, 256 MB, slab_nomerge (every cache under its own name)", 8, 218 },
        { "4 686-pae, 1.5 GB, slab_nomerge", 4, 213 },
    };

    private static Row[] RowsOf(string machine)
    {
        using var reader = new StreamReader(typeof(SlubLayoutTests).Assembly.GetManifestResourceStream("slabinfo-6.1.txt")!);
        return
        [
            .. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .SkipWhile(line => line != $"[{machine}]").Skip(1).TakeWhile(line => line[0] != '[')
                .Select(line => line.Split(' '))
                .Select(f => new Row(f[0], Number(f[1]), Number(f[2]), Number(f[3]))),
        ];
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private readonly record struct Row(string Name, int Size, int Objects, int Pages);
}

namespace Sim.Host.Experiments;

/// <summary>Reclaim of pages in use.</summary>
public sealed record ReclaimSettings
{
    [Setting("Reclaim pages in use when memory runs short; a swap area implies it.")]
    public bool Enabled { get; init; }

    [Setting("What swapping costs against reading files again (vm.swappiness): 0 takes file pages only, 100 both alike, 200 anonymous pages only.", Min = 0, Max = 200)]
    public int Swappiness { get; init; } = 60;

    [Setting("Time kswapd works before it lets others run, in ns.", Min = 1, Max = 1_000_000_000)]
    public int SliceNs { get; init; } = 50_000;

    [Setting("Time to look at a page, its flags and the entries that map it, in ns.", Min = 0, Max = 1_000_000_000)]
    public int ScanPageNs { get; init; } = 120;

    [Setting("Time to take a page out of a page table, in ns.", Min = 0, Max = 1_000_000_000)]
    public int UnmapPageNs { get; init; } = 400;

    [Setting("Time to hand a request to a block device, or to take its completion, in ns.", Min = 0, Max = 1_000_000_000)]
    public int SubmitNs { get; init; } = 1_500;
}

using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>
/// A task fills memory with pages, pipes' buffers between them, gives most of both back at random, and then asks for huge
/// pages: the phase frag of the recorded kernels.
/// </summary>
public sealed record HugePagesOptions : WorkloadOptions
{
    [Setting("Memory that the task maps and writes.", Min = 1L << 20)]
    public ByteSize Memory { get; init; } = ByteSize.FromMiB(60);

    [Setting("After that many pages of the task the kernel takes pages of its own that cannot move; 0 for never.", Min = 0, Max = 1 << 20)]
    public int KernelEvery { get; init; } = 64;

    [Setting("Pages that the kernel takes each time.", Min = 1, Max = 1 << 10)]
    public int KernelPages { get; init; } = 4;

    [Setting("Times that the kernel takes pages, at most.", Min = 0, Max = 1 << 20)]
    public int KernelTimes { get; init; } = 400;

    [Setting("Pages that the task gives back, drawn one by one, in percent.", Min = 0, Max = 100)]
    public int ReturnPercent { get; init; } = 75;

    [Setting("Times the kernel gives its pages back, in percent.", Min = 0, Max = 100)]
    public int KernelReturnPercent { get; init; } = 60;

    [Setting("Huge pages asked for (vm.nr_hugepages).", Min = 0, Max = 1 << 24)]
    public int Pages { get; init; } = 20;

    [Setting("All memory is compacted after that (vm.compact_memory).")]
    public bool CompactMemory { get; init; } = true;

    [Setting("The huge pages are kept when the phase ends.")]
    public bool Keep { get; init; }
}

using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Files of a file system that are opened by name and closed: names and inodes stay in slab caches, as long as memory lasts.</summary>
public sealed record NamesOptions : WorkloadOptions
{
    [Setting("Name of the file system; a later phase that names the same goes on with its caches.", Pattern = "^[a-z0-9][a-z0-9_-]{0,31}$")]
    public string FileSystem { get; init; } = "ext4";

    [Setting("Files there are.", Min = 1, Max = 10_000_000)]
    public int Files { get; init; } = 20_000;

    [Setting("Part of them that is hot, in percent.", Min = 0, Max = 100)]
    public int HotPercent { get; init; } = 20;

    [Setting("Opens that go to the hot part, in percent.", Min = 0, Max = 100)]
    public int HotOpenPercent { get; init; } = 80;

    [Setting("Mean simulated time between two opens; exponential.", Min = 1, Max = 1_000_000_000_000_000)]
    public SimTime Every { get; init; } = SimTime.FromNs(500);

    [Setting("How long a file stays open.")]
    public Lifetime Open { get; init; } = new() { Mean = SimTime.FromUs(20) };

    [Setting("Size of a name, in bytes; the first file system's counts.", Min = 32, Max = 4_096)]
    public int DentryBytes { get; init; } = 192;

    [Setting("Size of an inode, in bytes.", Min = 64, Max = 4_096)]
    public int InodeBytes { get; init; } = 1_192;

    [Setting("Objects that the file system's shrinker looks at in one call; 0 for 128, the number of shrinkers that name none.", Min = 0, Max = 1_000_000)]
    public int ShrinkBatch { get; init; } = 1_024;

    [Setting("Simulated length of the phase.", Min = 1)]
    public SimTime Duration { get; init; } = SimTime.FromMs(50);
}

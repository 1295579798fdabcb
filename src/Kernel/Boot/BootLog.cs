using Sim.Kernel.Zones;

namespace Sim.Kernel.Boot;

/// <summary>A request to memblock that a boot log shows.</summary>
/// <param name="Line">Its line.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Align">Alignment.</param>
/// <param name="Min">Lowest address.</param>
/// <param name="Max">One past the highest address, 0 for memblock's limit.</param>
/// <param name="Caller">Who asked.</param>
/// <param name="Address">Where it was placed.</param>
public readonly record struct BootLogAllocation(int Line, long Size, long Align, long Min, long Max, string Caller, long Address);

/// <summary>
/// What a kernel booted with <c>memblock=debug</c> writes of its memory: the firmware's memory map, every reservation, what
/// it counted in the end and what it freed later. From it follows the <see cref="BootPlan"/> of that very boot.
/// </summary>
public sealed class BootLog
{
    internal BootLog(KernelProfile profile, int cpus, bool hugePages, MemoryMap map, Memblock memblock,
        IReadOnlyList<Reservation> reasons, IReadOnlyList<FreedLater> freedLater, IReadOnlyList<BootLogAllocation> allocations)
    {
        Profile = profile;
        Cpus = cpus;
        HugePages = hugePages;
        Map = map;
        Memblock = memblock;
        Reasons = reasons;
        FreedLater = freedLater;
        Allocations = allocations;
    }

    /// <summary>The kernel, from the name of its version.</summary>
    public KernelProfile Profile { get; }

    /// <summary>CPUs that it allowed.</summary>
    public int Cpus { get; }

    /// <summary>Transparent huge pages were not switched off on the command line.</summary>
    public bool HugePages { get; }

    /// <summary>The firmware's memory map.</summary>
    public MemoryMap Map { get; }

    /// <summary>Memory and reservations at hand-over.</summary>
    public Memblock Memblock { get; }

    /// <summary>What frames are kept for, in the order of the calls.</summary>
    public IReadOnlyList<Reservation> Reasons { get; }

    /// <summary>What the kernel freed later, as far as its place can be told.</summary>
    public IReadOnlyList<FreedLater> FreedLater { get; }

    /// <summary>The requests to memblock and where the kernel placed them.</summary>
    public IReadOnlyList<BootLogAllocation> Allocations { get; }

    /// <summary>Reads the text of a log, from its first line on.</summary>
    /// <param name="log">The text, as <c>dmesg -r</c> or the console gives it.</param>
    /// <param name="file">Where it came from, for messages.</param>
    /// <exception cref="BootLogException">A line is damaged, something is missing, or the parts contradict each other.</exception>
    public static BootLog Read(TextReader log, string file) => Read(log, file, null);

    /// <inheritdoc cref="Read(TextReader, string)"/>
    /// <param name="onAllocation">Told of every request before it is applied, with memblock as it was then.</param>
    internal static BootLog Read(TextReader log, string file, Action<Memblock, BootLogAllocation>? onAllocation) =>
        new BootLogReader(log, file, onAllocation).Read();

    /// <summary>The boot of that kernel on that machine.</summary>
    /// <param name="profile">Its zones, on <see cref="Map"/>.</param>
    public BootPlan Plan(ZoneProfile profile) => BootPlan.Of(profile, Map, Memblock, Reasons, FreedLater);
}

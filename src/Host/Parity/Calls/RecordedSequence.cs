using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls;

/// <summary>An area as a recording has it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Behind the last address.</param>
/// <param name="Perms">Permissions as in <c>/proc/PID/maps</c>.</param>
/// <param name="Offset">Offset in its object, in bytes.</param>
/// <param name="Id">The object: a file, heap, stack, anon, shmN.</param>
/// <param name="Flags">VmFlags of <c>/proc/PID/smaps</c>.</param>
/// <param name="Pages">What its pages are, as a run-length list.</param>
internal sealed record RecordedArea(ulong Start, ulong End, string Perms, ulong Offset, string Id, string Flags, string Pages);

/// <summary>Memory of a process at one moment. Counts are in pages.</summary>
internal sealed record RecordedState(
    IReadOnlyList<RecordedArea> Areas, long Anon, long File, long Shmem, long VmPte, long VmLck, long VmData);

/// <summary>One byte read or written.</summary>
/// <param name="Address">Where.</param>
/// <param name="Write">Written.</param>
/// <param name="Result">ok, SEGV_MAPERR, SEGV_ACCERR or SIGBUS.</param>
internal sealed record RecordedTouch(ulong Address, bool Write, string Result);

/// <summary>A child's life from its fork to its end, and what the parent did meanwhile.</summary>
internal sealed record RecordedFork(
    RecordedState Start, IReadOnlyList<RecordedTouch> Touches, RecordedState End, long MinorFaults, long MajorFaults,
    IReadOnlyList<RecordedTouch> ParentTouches, RecordedState ParentLive);

/// <summary>A call and the state after it.</summary>
internal sealed record RecordedStep(
    int Index, string Call, ulong[] Args, string Result, IReadOnlyList<RecordedTouch> Touches, RecordedFork? Fork, RecordedState State,
    long MinorFaults, long MajorFaults);

/// <summary>The kernel that was recorded.</summary>
/// <param name="LongMode">x86-64; else i686 with PAE.</param>
/// <param name="Version">Its version.</param>
/// <param name="MmapMinAddress">vm.mmap_min_addr.</param>
/// <param name="LowestPlacedAddress">Where hints are moved up to.</param>
/// <param name="MaxMapCount">vm.max_map_count.</param>
/// <param name="LegacyLayout">vm.legacy_va_layout, or ADDR_COMPAT_LAYOUT of the process.</param>
internal sealed record RecordedKernel(
    bool LongMode, KernelVersion Version, long MmapMinAddress = 65536, long LowestPlacedAddress = 65536, int MaxMapCount = 65530,
    bool LegacyLayout = false);

/// <summary>The life of one recorded process.</summary>
internal sealed record RecordedSequence(
    int Number, long Line, RecordedKernel Kernel, ulong TaskSize, long TotalRamPages, ulong InitialBrk, long MemlockBytes, long AddressSpaceBytes,
    long DataBytes, long StackBytes, IReadOnlyList<RecordedArea> FixedAreas, RecordedState Init, IReadOnlyList<RecordedStep> Steps);

using System.Text.Json.Serialization;

namespace Sim.Host.Experiments;

/// <summary>Kernels the simulator knows.</summary>
public enum KernelProfile
{
    /// <summary>Linux 6.1 on x86-64: four-level tables; DMA, DMA32, NORMAL.</summary>
    [JsonStringEnumMemberName("x86_64")]
    X86_64,

    /// <summary>A 32-bit kernel with two-level tables, a 3 GiB/1 GiB split and 896 MiB of low memory.</summary>
    [JsonStringEnumMemberName("i386-classic")]
    I386Classic,
}

/// <summary>The simulated kernel.</summary>
public sealed record KernelSettings
{
    [Setting("Architecture, layout and version of the kernel.")]
    public KernelProfile Profile { get; init; } = KernelProfile.X86_64;

    /// <summary>What cannot be on this machine, or null.</summary>
    internal SettingProblem? CheckAgainst(MachineSettings machine) =>
        Profile == KernelProfile.I386Classic && machine.MemoryEnd > 4L << 30
            ? new SettingProblem("machine", $"memory ends at {new ByteSize(machine.MemoryEnd)}, but i386-classic has 32-bit physical addresses: at most 4GiB.")
            : null;
}

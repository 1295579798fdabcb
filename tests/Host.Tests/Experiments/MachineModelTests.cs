using System.Reflection;
using Sim.Hardware;
using Sim.Host.Experiments;
using Sim.Kernel;

namespace Sim.Host.Tests.Experiments;

/// <summary>The experiment file has every option of hardware and kernel, with the same default.</summary>
public sealed class MachineModelTests
{
    [Fact]
    public void DefaultsAreThoseOfTheOptions()
    {
        Experiment experiment = ExperimentText.Read(ExperimentText.Minimal);
        MachineOptions options = MachineModel.OptionsOf(experiment);
        Assert.Equal(new KernelOptions(), options.Kernel);
        Assert.Equal(new HardwareOptions { Frames = options.Memory.EndPfn }, options.Hardware);
    }

    [Fact]
    public void EveryOptionHasASetting()
    {
        Experiment experiment = ExperimentText.Read(ExperimentText.Minimal);
        Assert.Equal(Names(typeof(KernelOptions)), SettingsOf(experiment.Kernel));
        foreach (PropertyInfo part in typeof(KernelOptions).GetProperties().Where(p => p.PropertyType.IsClass))
        {
            object settings = typeof(KernelSettings).GetProperty(part.Name)!.GetValue(experiment.Kernel)!;
            Assert.Equal(Names(part.PropertyType), SettingsOf(settings));
        }
        Assert.Equal(Names(typeof(Hardware.Cpu.CpuOptions)), SettingsOf(experiment.Machine.Cpu));
        Assert.Equal(Names(typeof(Hardware.Tlb.TlbOptions)), SettingsOf(experiment.Machine.Tlb));
        Assert.Equal(Names(typeof(Hardware.Dram.DramOptions)), SettingsOf(experiment.Machine.Dram));
    }

    [Fact]
    public void ValuesReachTheOptions()
    {
        MachineOptions options = MachineModel.OptionsOf(ExperimentText.Read(ExperimentText.Minimal,
            "machine.cpus=3", "machine.cpu.loadRootCycles=7", "machine.tlb.l2={\"entries\":16,\"ways\":4}", "machine.dram.refresh=false",
            "kernel.zones.dmaEnd=32MiB", "kernel.mm.overcommit=always", "kernel.mmCosts.faultNs=11", "kernel.tasks.timerHz=100", "kernel.slab.growNs=5",
            "kernel.swap.areas=[{\"device\":\"hdd\",\"size\":\"2MiB\"},{\"priority\":9}]"));
        Assert.Equal(
            [new() { Device = Kernel.Swap.SwapDevice.Hdd, Size = 2 << 20 }, new() { Priority = 9 }], options.Kernel.Swap.AllAreas);
        Assert.Equal((3, 7, 16, false), (options.Hardware.Cpus, options.Hardware.Cpu.LoadRootCycles, options.Hardware.Tlb.L2.Entries, options.Hardware.Dram.Refresh));
        Assert.Equal((32L << 20, Kernel.Mm.OvercommitMode.Always, 11, 100, 5),
            (options.Kernel.Zones.DmaEnd, options.Kernel.Mm.Overcommit, options.Kernel.MmCosts.FaultNs, options.Kernel.Tasks.TimerHz, options.Kernel.Slab.GrowNs));
    }

    private static string[] Names(Type options) =>
        [.. options.GetProperties().Where(p => p.CanWrite && p.Name != "EqualityContract").Select(p => p.Name).Order(StringComparer.Ordinal)];

    private static string[] SettingsOf(object settings) =>
        [.. SettingsType.Of(settings.GetType()).Settings.Select(s => s.Property.Name).Order(StringComparer.Ordinal)];
}

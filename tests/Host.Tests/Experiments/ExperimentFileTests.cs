using Sim.Engine.Time;
using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

public sealed class ExperimentFileTests
{
    [Fact]
    public void CommentsTrailingCommasSchemaKeyAndByteOrderMarkAreFine()
    {
        Experiment experiment = ExperimentText.Read(
            """
            ﻿{ // a comment
              "$schema": "./experiment.schema.json",
              /* another */ "seed": 7,
              "machine": { "memory": "512MiB", "quantum": "2.5us", },
              "workload": [ { "type": "probe", "tasks": 9, "size": 8192, }, ],
            }
            """);
        Assert.Equal(7, experiment.Seed);
        Assert.Equal(512L << 20, experiment.Machine.Memory.Bytes);
        Assert.Equal(2_500_000, experiment.Machine.Quantum.Ps);
        var probe = Assert.IsType<ProbeOptions>(Assert.Single(experiment.Workload));
        Assert.Equal((9, 8192L), (probe.Tasks, probe.Size.Bytes));
    }

    [Fact]
    public void NameDefaultsToThatOfTheFile()
    {
        Assert.Equal("try", ExperimentText.Read(ExperimentText.Minimal).Name);
        var text = new ConfigText("/lab/.My file!.json", System.Text.Encoding.UTF8.GetBytes(ExperimentText.Minimal));
        Assert.Equal("My-file-", ExperimentText.Reader.Read(text, []).Name);
    }

    [Fact]
    public void OverridesApplyInOrderAndTakeEveryShape()
    {
        Experiment experiment = ExperimentText.Read(ExperimentText.Minimal,
            "seed=1", "seed=2", "name=42", "machine.memory=2GiB", "machine.dram.enabled=false", "kernel.profile=i386-classic",
            "log.categories=[\"-tlb\"]", "log.categories[1]=-dram", "workload[0].tasks=5", "workload.1={\"type\":\"probe\"}",
            "stop.time=1ms", "workload[0].trace=null");
        Assert.Equal(2, experiment.Seed);
        Assert.Equal("42", experiment.Name);
        Assert.Equal(2L << 30, experiment.Machine.Memory.Bytes);
        Assert.False(experiment.Machine.Dram.Enabled);
        Assert.Equal(KernelProfile.I386Classic, experiment.Kernel.Profile);
        Assert.Equal(["-tlb", "-dram"], experiment.Log.Categories);
        Assert.Equal([5, 4], experiment.Workload.Select(w => ((ProbeOptions)w).Tasks));
        Assert.Equal(SimTime.FromMs(1), experiment.Stop.Time);
    }

    [Fact]
    public void PathsOfInputFilesAreRelativeToTheExperiment()
    {
        Experiment experiment = ExperimentText.Read("""{ "workload": [ { "type": "probe", "trace": "sort.trace" } ] }""");
        Assert.Equal("/lab/sort.trace", ((ProbeOptions)experiment.Workload[0]).Trace?.Path);
    }

    [Fact]
    public void EffectiveConfigurationReadsBackAsItself()
    {
        Experiment experiment = ExperimentText.Read(
            """
            { "seed": 3, "stop": { "events": 1000 }, "log": { "categories": ["-tlb"] },
              "machine": { "memoryMap": [ { "start": 0, "size": "640KiB" }, { "start": "1MiB", "size": "127MiB" } ] },
              "workload": [ { "type": "probe", "trace": "a" } ] }
            """);
        string effective = ExperimentText.Reader.Write(experiment);
        Assert.Equal(effective, ExperimentText.Reader.Write(ExperimentText.Read(effective)));
        Assert.Contains("\"cpuFrequencyMhz\": 2500", effective);
        Assert.Contains("\"pause\": \"250us\"", effective);
    }

    [Theory]
    [InlineData("0", 0, "0B")]
    [InlineData("4096", 4096, "4KiB")]
    [InlineData("1536MiB", 1536L << 20, "1536MiB")]
    [InlineData("2 GiB", 2L << 30, "2GiB")]
    [InlineData("100B", 100, "100B")]
    [InlineData("8191PiB", -1, null)]
    [InlineData("9007199254740992KiB", -1, null)]
    [InlineData("1gib", -1, null)]
    [InlineData("", -1, null)]
    [InlineData("GiB", -1, null)]
    public void SizesHaveBinaryUnits(string text, long bytes, string? canonical)
    {
        Assert.Equal(canonical is not null, ByteSize.TryParse(text, out ByteSize size));
        if (canonical is not null)
        {
            Assert.Equal((bytes, canonical), (size.Bytes, size.ToString()));
        }
    }
}

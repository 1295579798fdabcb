using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

/// <summary>Every kind of wrong experiment file is refused with one message: where, what, and what to do.</summary>
public sealed class ExperimentBadInputTests
{
    [Theory]
    [InlineData("", "/lab/try.json, line 1, byte 0: the file is empty")]
    [InlineData("  \n\t", "the file is empty")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{ "workload": [ { "type": "probe" } ] """, "not valid JSON")]
    [InlineData("hello", "line 1, byte 0: not valid JSON")]
    [InlineData("""{ "name": "a" } {}""", "not valid JSON")]
    [InlineData("[]", "an experiment is a JSON object, this is a list")]
    [InlineData("null", "an experiment is a JSON object, this is null")]
    [InlineData("{}", "workload: is missing")]
    [InlineData("""{ "workload": [] }""", "workload: a list of 1 to 1024 items is wanted, this one has 0")]
    [InlineData("""{ "workload": {} }""", "workload: expected a list, found an object")]
    [InlineData("""{ "workload": [ 7 ] }""", "workload[0]: expected an object with a \"type\", found the number 7")]
    [InlineData("""{ "workload": [ { } ] }""", "workload[0].type: is missing; it is one of \"probe\"")]
    [InlineData("""{ "workload": [ { "type": "prob" } ] }""", "workload[0].type: the string \"prob\" is not a workload; it is one of \"probe\". Did you mean \"probe\"?")]
    [InlineData("""{ "workload": [ { "type": "probe", "taks": 2 } ] }""", "workload[0].taks: there is no such key. Did you mean workload[0].tasks?")]
    [InlineData("""{ "workload": [ { "type": "probe", "tasks": 13 } ] }""", "workload[0].tasks: 13 tasks are never run.")]
    [InlineData("""{ "workload": [ { "type": "probe", "orders": [1, 11] } ] }""", "workload[0].orders[1]: 11 is out of range; it must be 0 to 10")]
    [InlineData("""{ "workload": [ { "type": "probe", "orders": [1, 2, 3, 4] } ] }""", "workload[0].orders: a list of 0 to 3 items")]
    [InlineData("""{ "workload": [ { "type": "probe", "pause": 5 } ] }""", "workload[0].pause: expected a time with its unit")]
    [InlineData("""{ "workload": [ { "type": "probe", "pause": "999999999s" } ] }""", "workload[0].pause: 999999999s is out of range; simulated time ends after 9223372.037 s")]
    [InlineData("""{ "kernel": { "memcg": { "max": 1 } } }""", "kernel.memcg.max: The limit is rounded down to pages of 4 KiB")]
    [InlineData("""{ "workload": [ { "type": "probe", "pause": "5 weeks" } ] }""", "workload[0].pause: expected a time with its unit")]
    [InlineData("""{ "workload": [ { "type": "probe", "size": "1GB" } ] }""", "workload[0].size: expected a size such as \"1GiB\"")]
    [InlineData("""{ "workload": [ { "type": "probe", "size": -1 } ] }""", "workload[0].size: expected a size")]
    [InlineData("""{ "workload": [ { "type": "probe", "size": "2GiB" } ] }""", "workload[0].size: 2GiB is out of range; it must be 0B to 1GiB")]
    [InlineData("""{ "workload": [ { "type": "probe", "trace": "" } ] }""", "workload[0].trace: expected the path of a file")]
    [InlineData("{\n \"machine\": {\n  \"cpuz\": 2\n } }", "/lab/try.json, line 3, byte 18: machine.cpuz: there is no such key. Did you mean machine.cpus?")]
    [InlineData("""{ "wurst": 1 }""", "wurst: there is no such key. Known here: name, seed, machine")]
    [InlineData("""{ "seed": 1, "seed": 2 }""", "byte 13: the key \"seed\" is there twice")]
    [InlineData("""{ "seed": 1, "se\u0065d": 2 }""", "the key \"seed\" is there twice")]
    [InlineData("""{ "seed": "one" }""", "seed: expected a whole number, found the string \"one\"")]
    [InlineData("""{ "seed": 1.5 }""", "seed: expected a whole number, found the number 1.5")]
    [InlineData("""{ "seed": 1e3 }""", "seed: expected a whole number")]
    [InlineData("""{ "seed": 9223372036854775808 }""", "seed: 9223372036854775808 is out of range; it must be at least 0")]
    [InlineData("""{ "seed": null }""", "seed: may not be null")]
    [InlineData("""{ "name": "../up" }""", "name: the string \"../up\" does not match")]
    [InlineData("""{ "name": 3 }""", "name: expected a string, found the number 3")]
    [InlineData("""{ "machine": 4 }""", "machine: expected an object, found the number 4")]
    [InlineData("""{ "machine": { "cpus": 0 } }""", "machine.cpus: 0 is out of range; it must be 1 to 64")]
    [InlineData("""{ "machine": { "cpus": [1] } }""", "machine.cpus: expected a whole number, found a list")]
    [InlineData("""{ "machine": { "memory": 0 } }""", "machine.memory: 0 is out of range; it must be 2MiB to 1023GiB")]
    [InlineData("""{ "machine": { "memory": "99999999999999999999GiB" } }""", "machine.memory: expected a size")]
    [InlineData("""{ "machine": { "memory": 8388609 } }""", "machine.memory: 8388609B is not a whole number of pages")]
    [InlineData("""{ "machine": { "dram": { "enabled": "yes" } } }""", "machine.dram.enabled: expected true or false, found the string \"yes\"")]
    [InlineData("""{ "machine": { "dram": { "ranks": 3 } } }""", "machine.dram.ranks: 3 is not a power of two")]
    [InlineData("""{ "machine": { "memory": "32GiB", "dram": { "ranks": 1 } } }""", "machine.dram: ranks is 1, which holds 8GiB, less than the machine's memory")]
    [InlineData("""{ "machine": { "tlb": { "l2": { "entries": 100, "ways": 7 } } } }""", "machine.tlb.l2.entries: 100 entries of 7 ways")]
    [InlineData("""{ "machine": { "memoryMap": [ { "start": 0, "size": "16MiB", "type": "reserved" } ] } }""", "machine.memoryMap: has no usable range")]
    [InlineData("""{ "machine": { "memoryMap": [ { "start": 0, "size": "16MiB" }, { "start": "8MiB", "size": "16MiB" } ] } }""", "machine.memoryMap: the range at 8MiB overlaps")]
    [InlineData("""{ "machine": { "memoryMap": [ { "start": 1, "size": "16MiB" } ] } }""", "machine.memoryMap[0].start: a usable range must start and end on a page boundary")]
    [InlineData("""{ "machine": { "memory": "8GiB" }, "kernel": { "profile": "i386-classic" }, "workload": [ { "type": "probe" } ] }""", "machine.memory: the kernel reaches memory up to 0x100000000")]
    [InlineData("""{ "machine": { "memory": "64MiB" }, "kernel": { "zones": { "dmaEnd": "128MiB" } }, "workload": [ { "type": "probe" } ] }""", "kernel.zones.dmaEnd: the zone would end at 134217728 bytes and memory ends at")]
    [InlineData("""{ "kernel": { "profile": "x86-64" } }""", "kernel.profile: the string \"x86-64\" is not one of \"x86_64\", \"i386-classic\", \"i386\", \"i386-pae\". Did you mean \"x86_64\"?")]
    [InlineData("""{ "kernel": { "tasks": { "timerHz": 10000 }, "mmCosts": { "tickNs": 99680 } }, "workload": [ { "type": "probe" } ] }""", "kernel: a timer interrupt takes 100000 ns")]
    [InlineData("""{ "machine": { "cpuFrequencyMhz": 1, "cpu": { "interruptEntryCycles": 3000, "interruptReturnCycles": 1000 } }, "workload": [ { "type": "probe" } ] }""", "no task would ever run")]
    [InlineData("""{ "kernel": { "transparentHugePages": "always", "reclaim": { "lru": "generations" } }, "workload": [ { "type": "probe" } ] }""", "kernel.reclaim.lru: Generations hold pages of 4 KiB alone")]
    [InlineData("""{ "kernel": { "swap": { "device": "ssd", "areas": [ { "size": "1GiB" } ] } }, "workload": [ { "type": "probe" } ] }""", "kernel.swap.areas: Either one area or several")]
    [InlineData("""{ "kernel": { "swap": { "areas": [ { "device": "none" } ] } }, "workload": [ { "type": "probe" } ] }""", "kernel.swap.areas: An area is on a device")]
    [InlineData("""{ "kernel": { "swap": { "areas": [ { "priority": -2 } ] } } }""", "kernel.swap.areas[0].priority: -2 is out of range; it must be -1 to 32767")]
    [InlineData("""{ "log": { "categories": [ "-tlb", "buddy" ] } }""", "log.categories: mixes")]
    [InlineData("""{ "log": { "categories": [ "TLB!" ] } }""", "log.categories[0]: the string \"TLB!\" does not match")]
    [InlineData("""{ "log": { "keep": "tail" } }""", "log.keep: expected all, hashes, or tail:N with a number of events, found the string \"tail\".")]
    [InlineData("""{ "stop": { "time": "0s" } }""", "stop.time: 0s is out of range; it must be at least 1 ps")]
    [InlineData("""{ "stop": { "whenOrderFails": 11 } }""", "stop.whenOrderFails: 11 is out of range; it must be 0 to 10")]
    [InlineData("""{ "name": "\ud800" }""", "surrogate")]
    public void IsRefused(string json, string message)
    {
        string refusal = ExperimentText.Refusal(json);
        Assert.Contains(message, refusal);
        Assert.StartsWith("/lab/try.json, line ", refusal);
        Assert.DoesNotContain('\n', refusal);
    }

    [Fact]
    public void NestingBeyond64LevelsIsRefused()
    {
        string refusal = ExperimentText.Refusal(new string('[', 100_000));
        Assert.Contains("byte 64: nested more than 64 levels deep", refusal);
    }

    [Fact]
    public void MoreThan250000ValuesAreRefused() =>
        Assert.Contains("more than 250000 values", ExperimentText.Refusal("[" + string.Join(',', Enumerable.Repeat('0', 300_000)) + "]"));

    [Fact]
    public void BinaryFileIsRefused() =>
        Assert.Contains("byte 2: a NUL byte: this is a binary file", ExperimentText.Refusal("{ \0"));

    [Fact]
    public void InvalidUtf8IsRefused()
    {
        byte[] latin1 = [.. "{ \"name\": \"M"u8, 0xFC, .. "ller\" }"u8];
        string refusal = Assert.Throws<ExperimentException>(() => ExperimentText.Read(latin1)).Message;
        Assert.Contains("byte 12: not UTF-8", refusal);
    }

    [Fact]
    public void MissingFileIsRefused() =>
        Assert.Contains("/nowhere/x.json does not exist", Load("/nowhere/x.json"));

    [Fact]
    public void DirectoryIsRefused() => Assert.Contains("is a directory. Name the experiment file in it.", Load(Path.GetTempPath()));

    [Fact]
    public void FileBeyond16MiBIsRefused()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(ConfigText.MaxBytes + 1);
            }
            Assert.Contains("has more than 16 MiB", Load(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("machine.cpuz=2", "--set machine.cpuz=2: machine.cpuz: there is no such key. Did you mean machine.cpus?")]
    [InlineData("machine.cpus=two", "--set machine.cpus=two: machine.cpus: expected a whole number, found \"two\"")]
    [InlineData("machine.cpus.x=2", "--set machine.cpus.x=2: machine.cpus: expected a whole number, found an object")]
    [InlineData("seed.x=2", "--set seed.x=2: seed: expected a whole number, found an object")]
    [InlineData("workload[1].tasks=2", "--set workload[1].tasks=2: workload is a list of 1 items; \"1\" is not one of them")]
    [InlineData("workload[x]=2", "\"x\" is not one of them")]
    [InlineData("workload[0].tasks=101", "workload[0].tasks: 101 is out of range")]
    [InlineData("machine={\"cpus\":", "not valid JSON")]
    [InlineData("=3", "expected path=value")]
    public void OverrideIsRefused(string set, string message)
    {
        var refusal = Assert.ThrowsAny<CommandException>(() => ExperimentText.Read(ExperimentText.Minimal, set));
        Assert.Contains(message, refusal.Message);
        Assert.Equal(message == "expected path=value" ? ExitCode.Usage : ExitCode.Configuration, refusal.ExitCode);
    }

    [Fact]
    public void ControlCharactersOfTheFileDoNotReachTheTerminal() =>
        Assert.DoesNotContain('\u001b', ExperimentText.Refusal("""{ "\u001b[2J": 1 }"""));

    private static string Load(string path) =>
        Assert.Throws<ExperimentException>(() => ExperimentText.Reader.Load(path, [])).Message;
}

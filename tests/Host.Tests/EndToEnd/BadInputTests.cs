using Sim.Engine.Random;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Traces;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>Files that are not what they should be, and machines that cannot be: the exit code, one message that names the file, nothing left behind.</summary>
[Collection(RunCollection.Name)]
public sealed class BadInputTests(RunLibrary library)
{
    // More than a 32-bit length can say; a log is read through, so there a gigabyte has to do.
    private const long HugeBytes = 3L << 30, HugeLogBytes = 1L << 30;

    public static TheoryData<string> Forms => ["missing", "empty", "truncated", "random", "huge", "nested"];

    private string Folder => Path.Combine(library.Folder.Path, TestContext.Current.Test!.UniqueID[..16]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void Experiment(string form)
    {
        string file = Make(form, "bad.json", File.ReadAllBytes(library.Experiment("slab")), (byte)'[');
        string output = Path.Combine(Folder, "out");
        foreach (string[] arguments in (string[][])[["run", file, "--out", output], ["config", "validate", file], ["config", "show", file]])
        {
            CommandLine.AssertRefused(ChildProcess.Sim(arguments), ExitCode.Configuration, file);
        }
        Assert.False(Directory.Exists(output));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Trace(string form)
    {
        string file = Make(form, "bad.simtrace", File.ReadAllBytes(library.Trace()), 0x91);
        string experiment = Path.Combine(Folder, "trace.json"), output = Path.Combine(Folder, "out");
        File.WriteAllText(experiment, """{ "machine": { "memory": "128MiB" }, "workload": [ { "type": "trace", "file": "bad.simtrace" } ] }""");
        CommandLine.Result result = ChildProcess.Sim("run", experiment, "--out", output, "--quiet");
        Assert.Equal((3, ""), (result.ExitCode, result.Out));
        Assert.Contains(file, OneError(result.Error));
        Assert.False(Directory.Exists(output), "a run directory was made for a trace that cannot be read");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void CapturedText(string form)
    {
        string file = Make(form, "bad.txt", TraceFolder.GoldenText(), (byte)'(');
        string output = Path.Combine(Folder, "out.simtrace");
        foreach (string format in (string[])["lackey", "strace"])
        {
            CommandLine.AssertRefused(ChildProcess.Sim("import", format, file, "-o", output), ExitCode.Configuration, file);
            Assert.False(File.Exists(output));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Log(string form)
    {
        string run = library.Copy(library.Run("slab"), "log-" + form), segment = RunLibrary.Segments(run)[0];
        Replace(form, segment, 0x91);
        // A log that merely ends early is a clean prefix, whose events can be read; anything else is damage.
        bool prefix = form is "empty" or "truncated";
        CommandLine.Result verify = ChildProcess.Sim("verify", run);
        Assert.True(verify.ExitCode == (prefix ? 6 : 4), verify.Error);
        Assert.Contains(prefix || form == "missing" ? "log" : Path.GetFileName(segment), verify.Out + verify.Error);
        OneError(verify.Error);
        foreach (string[] arguments in (string[][])[["events", run, "-n", "3"], ["show", run, "buddyinfo"], ["replay", run, "--goto", "1"]])
        {
            CommandLine.Result result = ChildProcess.Sim(arguments);
            if (form == "truncated")
            {
                Assert.True(result.ExitCode == 0, result.Error);
                Assert.Contains("note: the log ends after event ", result.Error);
            }
            else if (!prefix)
            {
                Assert.Equal((4, ""), (result.ExitCode, result.Out));
                OneError(result.Error);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Manifest(string form)
    {
        string run = library.Copy(library.Run("slab"), "manifest-" + form);
        Replace(form, Path.Combine(run, "manifest.json"), (byte)'[');
        foreach (string[] arguments in (string[][])[["verify", run], ["show", run, "buddyinfo"], ["replay", run, "--goto", "1"]])
        {
            CommandLine.AssertRefused(ChildProcess.Sim(arguments), ExitCode.CorruptLog, "manifest.json");
        }
        Assert.Equal(0, ChildProcess.Sim("events", run, "-n", "3").ExitCode);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void RecordedConfiguration(string form)
    {
        string run = library.Copy(library.Run("slab"), "config-" + form);
        Replace(form, Path.Combine(run, "config.effective.json"), (byte)'[');
        CommandLine.AssertRefused(ChildProcess.Sim("show", run, "buddyinfo"), form is "missing" or "empty" ? ExitCode.CorruptLog : ExitCode.Configuration, "config.effective.json");
    }

    [Theory]
    [InlineData("""{ "machnie": {}, "workload": [ { "type": "slab" } ] }""", "machnie: there is no such key. Did you mean machine?")]
    [InlineData("""{ "machine": { "cpus": "two" }, "workload": [ { "type": "slab" } ] }""", "machine.cpus: expected a whole number, found the string \"two\"")]
    [InlineData("""{ "machine": { "cpus": 0 }, "workload": [ { "type": "slab" } ] }""", "machine.cpus: 0 is out of range; it must be 1 to 64")]
    [InlineData("""{ "machine": { "memory": 0 }, "workload": [ { "type": "slab" } ] }""", "machine.memory: 0 is out of range")]
    [InlineData("""{ "machine": { "memory": "64MiB" }, "kernel": { "zones": { "dmaEnd": "128MiB" } }, "workload": [ { "type": "slab" } ] }""", "kernel.zones.dmaEnd: the zone would end at")]
    [InlineData("""{ "machine": { "memory": "2MiB" }, "workload": [ { "type": "slab" } ] }""", "machine.memory: ")]
    [InlineData("""{ "kernel": { "profile": "i386-classic" }, "machine": { "memory": "128GiB" }, "workload": [ { "type": "slab" } ] }""", "machine.memory: the kernel reaches memory up to")]
    public void ImpossibleExperiment(string text, string message)
    {
        Directory.CreateDirectory(Folder);
        string file = Path.Combine(Folder, "bad.json"), output = Path.Combine(Folder, "out");
        File.WriteAllText(file, text);
        CommandLine.Result result = ChildProcess.Sim("run", file, "--out", output);
        CommandLine.AssertRefused(result, ExitCode.Configuration, message);
        Assert.StartsWith($"error: {file}, line 1, byte ", result.Error);
        Assert.False(Directory.Exists(output));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("frobnicate")]
    [InlineData("verify")]
    [InlineData("show RUN nonsense")]
    [InlineData("show RUN buddyinfo --goto x")]
    [InlineData("run EXPERIMENT --seed -1")]
    [InlineData("run EXPERIMENT --until 5")]
    [InlineData("run EXPERIMENT --nonsense")]
    public void WrongCommandLine(string line)
    {
        string[] arguments = [.. line.Split(' ').Select(w => w == "RUN" ? library.Run("slab") : w == "EXPERIMENT" ? library.Experiment("slab") : w)];
        CommandLine.Result result = ChildProcess.Sim(arguments);
        Assert.Equal((2, ""), (result.ExitCode, result.Out));
        OneError(result.Error);
    }

    [Fact]
    public void ExistingOutputDirectoryIsLeftAsItIs()
    {
        string run = library.Run("slab");
        byte[] manifest = File.ReadAllBytes(Path.Combine(run, "manifest.json"));
        CommandLine.AssertRefused(ChildProcess.Sim("run", library.Experiment("slab"), "--out", run), ExitCode.Usage, run);
        Assert.Equal(manifest, File.ReadAllBytes(Path.Combine(run, "manifest.json")));
    }

    [Fact]
    public void OutputDirectoryBelowAFileCannotBeMade()
    {
        string output = Path.Combine(library.Experiment("slab"), "out");
        CommandLine.AssertRefused(ChildProcess.Sim("run", library.Experiment("slab"), "--out", output), ExitCode.InputOutput, output);
    }

    /// <summary>The one message of a failed command, after what it was about.</summary>
    private static string OneError(string error)
    {
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(lines, l => l.StartsWith("   at ", StringComparison.Ordinal));
        return Assert.Single(lines, l => l.StartsWith("error: ", StringComparison.Ordinal));
    }

    private void Replace(string form, string path, byte opening)
    {
        byte[] sound = File.ReadAllBytes(path);
        File.Delete(path);
        string bad = Make(form, Path.GetFileName(path), sound, opening);
        if (form != "missing")
        {
            File.Move(bad, path);
        }
    }

    /// <summary>Writes a bad file and returns its path.</summary>
    /// <param name="sound">What a good one holds.</param>
    /// <param name="opening">The byte that opens one more level of nesting.</param>
    private string Make(string form, string name, byte[] sound, byte opening)
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, name);
        byte[] random = new byte[100_000];
        var stream = new RandomStream(9, form + name);
        for (int i = 0; i < random.Length; i++)
        {
            random[i] = (byte)stream.NextUInt64();
        }
        switch (form)
        {
            case "missing":
                break;
            case "huge":
                using (FileStream file = File.Create(path))
                {
                    file.SetLength(name.EndsWith(".evlog", StringComparison.Ordinal) ? HugeLogBytes : HugeBytes);
                }
                break;
            default:
                byte[] nested = new byte[1_000_000];
                Array.Fill(nested, opening);
                File.WriteAllBytes(path, form switch
                {
                    "empty" => [],
                    "truncated" => sound[..(sound.Length / 2)],
                    "random" => random,
                    _ => nested,
                });
                break;
        }
        return path;
    }
}

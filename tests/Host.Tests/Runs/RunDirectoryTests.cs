using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;

namespace Sim.Host.Tests.Runs;

public sealed class RunDirectoryTests
{
    [Fact]
    public void ExistingDirectoryIsNeverTouched()
    {
        using var folder = new TemporaryFolder();
        string kept = folder.Write("kept", "data");
        foreach (string path in (ReadOnlySpan<string>)[folder.Path, kept])
        {
            var refusal = Assert.Throws<CommandException>(() => RunDirectory.Create(path, "a", 1));
            Assert.Equal(ExitCode.Usage, refusal.ExitCode);
            Assert.Contains($"The output directory {path} exists", refusal.Message);
        }
        Assert.Equal([kept], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal("data", File.ReadAllText(kept));
    }

    [Theory]
    [InlineData("/proc/sim/run")]
    [InlineData("/dev/null/run")]
    public void UnwritablePlaceIsAnInputOutputError(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc and /dev");
        var refusal = Assert.Throws<CommandException>(() => RunDirectory.Create(path, "a", 1));
        Assert.Equal(ExitCode.InputOutput, refusal.ExitCode);
        Assert.Contains($"The run directory {path} cannot be made", refusal.Message);
    }

    [Fact]
    public void AFileOnTheWayIsNamed()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", "data");
        var refusal = Assert.Throws<CommandException>(() => RunDirectory.Create(Path.Combine(file, "sub", "run"), "a", 1));
        Assert.Equal(ExitCode.InputOutput, refusal.ExitCode);
        Assert.Contains($"cannot be made: {file} is a file. Name a writable place", refusal.Message);
    }

    [Theory]
    [InlineData("000")]
    [InlineData("404")]
    public void ADirectoryThatMayNotBeEnteredIsNoMissingRun(string mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are of POSIX");
        using var folder = new TemporaryFolder();
        RunDirectory directory = RunDirectory.Create(folder["run"], "a", 1);
        directory.Write(new RunManifest { Experiment = "a", ConfigHash = "b" });
        Assert.True(ChildProcess.Succeeds("chmod", "701", folder.Path) && ChildProcess.Succeeds("chmod", mode, directory.Path));
        try
        {
            // The superuser may enter everything.
            string[] nobody = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
            ChildProcess.Need(nobody.Length == 0 || ChildProcess.Succeeds("setpriv", "--version"), "setpriv is not here");
            string[] command = [.. nobody, "dotnet", ChildProcess.SimDll, "show", directory.Path, "buddyinfo"];
            CommandLine.AssertRefused(ChildProcess.Finish(command[0], command[1..]), ExitCode.InputOutput, $"{directory.Path} may not be entered");
        }
        finally
        {
            ChildProcess.Succeeds("chmod", "700", directory.Path);
        }
    }

    [Fact]
    public void ManifestReadsBack()
    {
        using var folder = new TemporaryFolder();
        RunDirectory directory = RunDirectory.Create(folder["run"], "a", 1);
        var manifest = new RunManifest { Experiment = "a", ConfigHash = "ff", Status = RunStatus.Interrupted, Events = 5, LogCategories = ["page"], Snapshots = [new("s", 3)] };
        directory.Write(manifest);
        RunManifest read = RunDirectory.Open(folder["run"]).ReadManifest();
        Assert.Equal(manifest.ToJson(), read.ToJson());
        Assert.DoesNotContain(Directory.GetFiles(folder["run"]), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void ManifestHasExactlyTheContractedNames() => Assert.Equal(
        """
        {
          "formatVersion": 1,
          "experiment": "a",
          "status": "complete",
          "seed": 7,
          "engineVersion": 1,
          "configHash": "ff",
          "chainHash": null,
          "stateHash": null,
          "events": 0,
          "lastSequence": -1,
          "simulatedPs": 0,
          "logCategories": [],
          "snapshots": []
        }

        """.ReplaceLineEndings("\n"),
        new RunManifest { Experiment = "a", ConfigHash = "ff", Status = RunStatus.Complete, Seed = 7, EngineVersion = 1 }.ToJson());

    [Theory]
    [InlineData("", "empty")]
    [InlineData("{", "damaged: line 1 ")]
    [InlineData("null", "damaged: ")]
    [InlineData("[]", "damaged: ")]
    [InlineData("{}", "damaged: ")]
    [InlineData("""{ "experiment": "a", "configHash": "b", "surprise": 1 }""", "damaged: ")]
    [InlineData("""{ "experiment": "a", "configHash": "b", "status": "finished" }""", "damaged: line 1 ")]
    [InlineData("""{ "experiment": "a", "configHash": "b", "events": "many" }""", "damaged: line 1 ")]
    [InlineData("\u0000\u0001", "damaged: line 1 ")]
    public void DamagedManifestIsRefused(string text, string what)
    {
        using var folder = new TemporaryFolder();
        RunDirectory directory = RunDirectory.Create(folder["run"], "a", 1);
        directory.WriteFile("manifest.json", text);
        var refusal = Assert.Throws<CommandException>(directory.ReadManifest);
        Assert.Equal(ExitCode.CorruptLog, refusal.ExitCode);
        Assert.Contains($"manifest.json is {what}", refusal.Message);
        Assert.Contains($"\"sim repair {directory.Path} --out COPY\"", refusal.Message);
        Assert.DoesNotContain("BytePosition", refusal.Message);
    }

    [Fact]
    public void ManifestOfAnotherFormatIsRefused()
    {
        using var folder = new TemporaryFolder();
        RunDirectory directory = RunDirectory.Create(folder["run"], "a", 1);
        directory.Write(new RunManifest { Experiment = "a", ConfigHash = "b", FormatVersion = 99 });
        Assert.Contains("has formatVersion 99; this build reads 1", Assert.Throws<CommandException>(directory.ReadManifest).Message);
    }

    [Fact]
    public void LinkIsReplaced()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["one"]);
        Directory.CreateDirectory(folder["two"]);
        DurableFile.Link(folder["latest"], "one");
        DurableFile.Link(folder["latest"], "two");
        Assert.Equal("two", new FileInfo(folder["latest"]).LinkTarget);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.Path).Length);
    }
}

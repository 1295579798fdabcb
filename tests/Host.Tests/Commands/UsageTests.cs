using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Commands;

/// <summary>A wrong command line is exit code 2 and one message with a suggestion.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("", "Name a command: ")]
    [InlineData("cofnig", "sim has no command \"cofnig\". Did you mean \"config\"?")]
    [InlineData("evnets runs/x", "Did you mean \"events\"?")]
    [InlineData("xyzzy", "sim has no command \"xyzzy\". \"sim --help\" describes the usage.")]
    [InlineData("--jsno", "sim has no option --jsno")]
    [InlineData("config", "sim config needs a command: show, validate, schema")]
    [InlineData("config shwo x.json", "sim config has no command \"shwo\". Did you mean \"show\"?")]
    [InlineData("config show", "sim config show needs EXPERIMENT.json")]
    [InlineData("config show x.json y.json", "sim config show does not know what to do with \"y.json\"")]
    [InlineData("config show x.json --sed 4", "sim config show has no option --sed. Did you mean \"--seed\"?")]
    [InlineData("config show x.json --seed four", "--seed four: expected a whole number, at least 0")]
    [InlineData("config show x.json --seed -4", "--seed -4: expected a whole number, at least 0")]
    [InlineData("config show x.json --until 10", "--until 10: expected a time with its unit")]
    [InlineData("config show x.json --until 999999999s", "--until 999999999s: simulated time ends after 9223372.037 s, 106 days; give an earlier time")]
    [InlineData("config show x.json --set machine.cpus", "--set machine.cpus: expected path=value")]
    [InlineData("config show x.json --set", "--set")]
    [InlineData("events", "sim events needs RUN")]
    [InlineData("events x --pfn 0xzz", "--pfn 0xzz: expected a number, decimal or hexadecimal with 0x")]
    [InlineData("events x -n -5", "-n -5: expected a whole number, at least 0")]
    [InlineData("run x.json --durability blok", "--durability blok: expected one of none, flush, block, seal. Did you mean \"block\"?")]
    [InlineData("import", "sim import needs a command: lackey")]
    [InlineData("import lackey x", "--output")]
    public async Task IsRefused(string line, string message) => CommandLine.AssertRefused(
        await CommandLine.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)), ExitCode.Usage, message);

    [Theory]
    [InlineData("config show /nowhere/x.json", ExitCode.Configuration, "The experiment file /nowhere/x.json does not exist")]
    [InlineData("events /nowhere/run", ExitCode.Configuration, "There is no run directory /nowhere/run")]
    [InlineData("events /proc", ExitCode.Configuration, "/proc is not a run directory")]
    [InlineData("import lackey /nowhere/x -o y", ExitCode.Configuration, "The file /nowhere/x does not exist")]
    public async Task MissingInputIsRefused(string line, ExitCode code, string message) =>
        CommandLine.AssertRefused(await CommandLine.RunAsync(line.Split(' ')), code, message);

    [Theory]
    [InlineData("lackey", "")]
    [InlineData("lackey", "not a trace\n")]
    [InlineData("strace", "")]
    [InlineData("strace", "\u0000\u0001\u0002")]
    public async Task WrongCaptureIsAnInputError(string format, string text)
    {
        using var folder = new TemporaryFolder();
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("import", format, folder.Write("capture", text), "-o", folder["out.simtrace"]), ExitCode.Configuration, folder["capture"]);
        Assert.False(File.Exists(folder["out.simtrace"]));
    }

    [Theory]
    [InlineData("run", "run")]
    [InlineData("vreify", "verify")]
    [InlineData("sohw", "show")]
    [InlineData("VERIFY", "verify")]
    [InlineData("foo", null)]
    [InlineData("rnu", "run")]
    [InlineData("quux", null)]
    [InlineData("", null)]
    public void NearestWordIsSuggested(string word, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(word, ["run", "verify", "show", "events"]));
}

using System.Text;

namespace Sim.Host.Tests.Commands;

/// <summary>The help of every command, word for word.</summary>
public sealed class HelpTests
{
    [Fact]
    public async Task HelpIsAsApproved()
    {
        var text = new StringBuilder();
        await Append(text, []);
        ApprovedText.Check("tests/Host.Tests/Commands/help.txt", text.ToString());
        Assert.All(text.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public async Task EveryCommandHasHelpAnywhereOnTheLine()
    {
        CommandLine.Result result = await CommandLine.RunAsync("run", "--nonsense", "-h");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Usage: sim run EXPERIMENT.json [options]\n", result.Out);
    }

    [Fact]
    public async Task SchemaIsAsCommitted() =>
        ApprovedText.Check("traces/experiment.schema.json", (await CommandLine.RunAsync("config", "schema")).Out);

    [Fact]
    public async Task VersionIsShort() => Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+\n$", (await CommandLine.RunAsync("--version")).Out);

    /// <summary>Appends the help of a command and of those below it.</summary>
    private static async Task Append(StringBuilder text, string[] verb)
    {
        CommandLine.Result result = await CommandLine.RunAsync([.. verb, "--help"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        text.Append("==== sim ").AppendJoin(' ', verb).Append('\n').Append(result.Out.Replace("\r", "", StringComparison.Ordinal));
        bool commands = false;
        foreach (string line in result.Out.Split('\n'))
        {
            if (commands && line.Length > 2 && line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ')
            {
                await Append(text, [.. verb, line.Trim().Split(' ')[0]]);
            }
            commands = line.StartsWith("Commands:", StringComparison.Ordinal) || (commands && line.StartsWith(' '));
        }
    }
}

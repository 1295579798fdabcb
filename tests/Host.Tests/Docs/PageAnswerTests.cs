using System.Diagnostics;

namespace Sim.Host.Tests.Docs;

/// <summary>
/// The examples of docs/debugging.md and docs/why.md: every command runs, those that make the runs before the others, and prints
/// what the page quotes. A line <c>...</c> of the page stands for any lines.
/// </summary>
public class PageAnswerTests
{
    [Theory]
    [InlineData("debugging.md", 11)]
    [InlineData("why.md", 5)]
    public void EveryQuotedAnswerIsTheAnswer(string page, int leastCommands)
    {
        string folder = Directory.CreateTempSubdirectory("sim-page-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "traces"), Path.Combine(Repository.Root, "traces"));
            (string Command, string[] Quoted)[] examples = [.. PageCommands.Of(page)];
            Assert.True(examples.Length >= leastCommands, "the page shows fewer commands than expected");
            foreach (bool makes in (bool[])[true, false])
            {
                Parallel.ForEach(
                    examples.Where(e => e.Command.Contains(" --out ", StringComparison.Ordinal) == makes), new ParallelOptions { MaxDegreeOfParallelism = 2 },
                    example => AssertQuoted(example, folder));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("a|b|c", "a|b|c", true)]
    [InlineData("...|c", "a|b|c", true)]
    [InlineData("a|...", "a|b|c", true)]
    [InlineData("a|...|b|...|c", "a|x|b|c", true)]
    [InlineData("a|b", "a|b|c", false)]
    [InlineData("a|...|c|...", "a|b", false)]
    [InlineData("...|b", "a|b|c", false)]
    [InlineData("a", "", false)]
    public void QuotationsAreCompared(string quoted, string printed, bool same) => Assert.Equal(same, IsQuoted(quoted.Split('|'), printed.Split('|')));

    private static void AssertQuoted((string Command, string[] Quoted) example, string folder)
    {
        string[] printed = Run(example.Command, folder).TrimEnd('\n').Split('\n');
        Assert.True(IsQuoted(example.Quoted, printed), $"{example.Command}\nprints\n{string.Join('\n', printed)}\nand the page has\n{string.Join('\n', example.Quoted)}");
    }

    private static bool IsQuoted(ReadOnlySpan<string> quoted, ReadOnlySpan<string> printed)
    {
        if (quoted.Length == 0 || printed.Length == 0)
        {
            return quoted.Length == printed.Length || (quoted.Length > 0 && quoted[0] == "..." && IsQuoted(quoted[1..], printed));
        }
        if (quoted[0] == "...")
        {
            return IsQuoted(quoted[1..], printed) || IsQuoted(quoted, printed[1..]);
        }
        // Blanks at a line's end are lost in editors.
        return quoted[0].TrimEnd() == printed[0].TrimEnd() && IsQuoted(quoted[1..], printed[1..]);
    }

    /// <summary>What the command prints; what it says is wrong when it fails.</summary>
    private static string Run(string command, string folder)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "sim.dll");
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command.Replace("sim ", $"exec dotnet {program} ", StringComparison.Ordinal)])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : error.GetAwaiter().GetResult();
    }
}

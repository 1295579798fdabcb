using System.Diagnostics;

namespace Sim.Host.Tests.Docs;

/// <summary>
/// The worked example of docs/debugging.md: every command of it runs, in order, and prints what the page quotes. A line
/// <c>...</c> of the page stands for any lines.
/// </summary>
public class DebuggingDocTests
{
    [Fact]
    public void EveryQuotedAnswerIsTheAnswer()
    {
        string folder = Directory.CreateTempSubdirectory("sim-debugging-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "traces"), Path.Combine(Repository.Root, "traces"));
            (string Command, string[] Quoted)[] examples = [.. PageCommands.Of("debugging.md")];
            Assert.True(examples.Length >= 11, "the page shows fewer commands than expected");
            // The first one makes the run that the others look at.
            AssertQuoted(examples[0], folder);
            Parallel.ForEach(examples[1..], new ParallelOptions { MaxDegreeOfParallelism = 2 }, example => AssertQuoted(example, folder));
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

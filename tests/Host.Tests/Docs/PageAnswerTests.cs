using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sim.Host.Tests.Docs;

/// <summary>
/// The examples of docs/debugging.md, docs/why.md and docs/mission.md: every command runs, those that make the runs before the others, and prints
/// what the page quotes. A line <c>...</c> of the page stands for any lines. <c>SIM_UPDATE_DOCS=1 dotnet test --filter
/// PageAnswerTests</c> quotes anew what has changed; read the words around it then.
/// </summary>
public partial class PageAnswerTests
{
    [Theory]
    [InlineData("debugging.md", 11)]
    [InlineData("why.md", 10)]
    [InlineData("mission.md", 35)]
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
                    example => AssertQuoted(page, example, folder));
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
    [InlineData("a…c|d", "abbc|d", true)]
    [InlineData("a…c", "abbd", false)]
    public void QuotationsAreCompared(string quoted, string printed, bool same) => Assert.Equal(same, IsQuoted(quoted.Split('|'), printed.Split('|')));

    private static void AssertQuoted(string page, (string Command, string[] Quoted) example, string folder)
    {
        string[] printed = Run(example.Command, folder).TrimEnd('\n').Split('\n');
        if (Environment.GetEnvironmentVariable("SIM_UPDATE_DOCS") == "1" && !IsQuoted(example.Quoted, printed))
        {
            string[] anew = QuotedAnew(example.Quoted, printed);
            lock (Pages)
            {
                string path = Path.Combine(Repository.Root, "docs", page), text = File.ReadAllText(path);
                File.WriteAllText(path, text.Replace(Example(example.Command, example.Quoted), Example(example.Command, anew), StringComparison.Ordinal));
            }
            return;
        }
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
        return IsLine(quoted[0].TrimEnd(), printed[0].TrimEnd()) && IsQuoted(quoted[1..], printed[1..]);
    }

    private static bool IsLine(string quoted, string printed) =>
        quoted == printed || (quoted.Contains('…') && Regex.IsMatch(printed, "^" + string.Join(".*", quoted.Split('…').Select(Regex.Escape)) + "$"));

    private static readonly Lock Pages = new();

    private static string Example(string command, string[] quoted) => $"$ {command}\n{string.Concat(quoted.Select(line => line + '\n'))}";

    /// <summary>The printed lines that are at the places of the quoted ones: at the beginning, at the end, or where lines look most alike.</summary>
    private static string[] QuotedAnew(string[] quoted, string[] printed)
    {
        var anew = new List<string>();
        int next = 0;
        for (int i = 0; i < quoted.Length;)
        {
            if (quoted[i] == "...")
            {
                anew.Add(quoted[i++]);
                continue;
            }
            int length = quoted.AsSpan(i).IndexOf("...");
            length = length < 0 ? quoted.Length - i : length;
            int last = Math.Max(next, printed.Length - length);
            int from = i == 0 ? 0 : i + length == quoted.Length ? last
                : Enumerable.Range(next, last - next + 1).MaxBy(at => Enumerable.Range(0, Math.Min(length, printed.Length - at)).Sum(l => Likeness(quoted[i + l], printed[at + l])));
            next = Math.Min(printed.Length, from + length);
            anew.AddRange(printed[from..next].Select(line => line.TrimEnd()));
            i += length;
        }
        return [.. anew];
    }

    private static int Likeness(string quoted, string printed) =>
        (Shape(quoted) == Shape(printed) ? 1_000 : 0) + quoted.AsSpan().CommonPrefixLength(printed);

    private static string Shape(string line) => Number().Replace(line, "#");

    [System.Text.RegularExpressions.GeneratedRegex("0x[0-9a-f]+|[0-9][0-9.,]*| +")]
    private static partial System.Text.RegularExpressions.Regex Number();

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

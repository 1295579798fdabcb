using System.Text.RegularExpressions;

namespace Sim.Host.Tests.Docs;

/// <summary>The commands that a page of the documentation shows.</summary>
internal static partial class PageCommands
{
    /// <summary>Each line of the page's blocks that starts with <c>$ sim</c>, without the dollar, and the lines below it.</summary>
    /// <param name="page">Name of the page in <c>docs/</c>.</param>
    public static IEnumerable<(string Command, string[] Shown)> Of(string page)
    {
        foreach (Match block in Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", page))))
        {
            foreach (string example in block.Groups[1].Value.Split("$ ", StringSplitOptions.RemoveEmptyEntries).Where(e => e.StartsWith("sim ", StringComparison.Ordinal)))
            {
                string[] lines = example.TrimEnd('\n').Split('\n');
                yield return (lines[0], lines[1..]);
            }
        }
    }

    [GeneratedRegex("```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}

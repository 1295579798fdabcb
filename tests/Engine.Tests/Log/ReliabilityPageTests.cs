using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Shims.Tests;

namespace Sim.Engine.Tests.Log;

/// <summary>The tests that <c>docs/reliability.md</c> names are there.</summary>
public partial class ReliabilityPageTests
{
    private static readonly string Root = OutsideTools.RepositoryRoot;

    [Fact]
    public void EveryTestThatThePageNames_Exists()
    {
        string page = File.ReadAllText(Path.Combine(Root, "docs", "reliability.md"));
        Dictionary<string, string> sources = Directory.GetFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .GroupBy(f => Path.GetFileNameWithoutExtension(f))
            .ToDictionary(g => g.Key, g => string.Concat(g.Select(File.ReadAllText)), StringComparer.Ordinal);
        MatchCollection names = TestName().Matches(page);
        Assert.True(names.Count > 30);
        foreach (Match name in names)
        {
            Assert.True(sources.TryGetValue(name.Groups[1].Value, out string? source), $"there is no {name.Groups[1].Value}.cs");
            Assert.True(!name.Groups[2].Success || source.Contains($" {name.Groups[2].Value}(", StringComparison.Ordinal), $"{name.Value}: no such test");
        }
        foreach (string row in (string[])["G", "T"])
        {
            int last = row == "G" ? 12 : 18;
            Assert.Equal(Enumerable.Range(1, last), Regex.Matches(page, $@"^\| {row}(\d+) \|", RegexOptions.Multiline).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public void EveryMutant_NamesAFileAndTests()
    {
        string[] mutants = Directory.GetFiles(Path.Combine(Root, "tests", "mutants"), "*.mutant");
        Assert.True(mutants.Length >= 17);
        foreach (string mutant in mutants)
        {
            string text = File.ReadAllText(mutant).ReplaceLineEndings("\n");
            string file = Regex.Match(text, "^file: (.+)$", RegexOptions.Multiline).Groups[1].Value;
            string find = text.Split("--- find\n")[1].Split("\n--- replace\n")[0];
            Assert.True(File.ReadAllText(Path.Combine(Root, file)).ReplaceLineEndings("\n").Split(find).Length == 2, $"{mutant}: its text is not in {file}, or more than once");
            Assert.Matches("(?m)^tests: [A-Za-z]+Tests", text);
        }
    }

    [GeneratedRegex(@"`(\w+Tests)(?:\.(\w+))?`")]
    private static partial Regex TestName();
}

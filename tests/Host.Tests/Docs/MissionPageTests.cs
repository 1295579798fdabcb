using System.Text.RegularExpressions;

namespace Sim.Host.Tests.Docs;

/// <summary><c>docs/mission.md</c> names tests and files that exist, and the section of a row names its tests; its commands are run by <see cref="PageAnswerTests"/>.</summary>
public partial class MissionPageTests
{
    private static readonly string _page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "mission.md"));

    [Fact]
    public void EveryFileNamedIsThere()
    {
        string[] files = [.. Source().Matches(_page).Select(m => m.Groups[1].Value)];
        Assert.True(files.Length > 20);
        Assert.All(files, f => Assert.True(File.Exists(Path.Combine(Repository.Root, f)) || Directory.Exists(Path.Combine(Repository.Root, f)), $"docs/mission.md names {f}"));
    }

    [Fact]
    public void EverySectionNamesTheTestsOfItsRow()
    {
        Dictionary<int, string> sections = _page.Split("\n## ").Skip(1).Where(s => char.IsAsciiDigit(s[0]))
            .ToDictionary(s => int.Parse(s[..s.IndexOf(' ')], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(sections.Keys.Order(), sections.Keys);
        string[] tests = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "Mission??*Tests.cs", SearchOption.AllDirectories)
            .Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => char.IsAsciiDigit(n["Mission".Length]))];
        Assert.True(tests.Length > 20);
        foreach (string test in tests)
        {
            int row = int.Parse(test.AsSpan("Mission".Length, 2), System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(!sections.TryGetValue(row, out string? section) || section.Contains($"`{test}`"), $"docs/mission.md does not name {test} in section {row}");
        }
        foreach ((int row, string section) in sections)
        {
            Assert.All(Test().Matches(section), m => Assert.Contains(m.Groups[1].Value, tests));
            Assert.Contains("$ sim ", section);
        }
    }

    [GeneratedRegex("`(src/[A-Za-z0-9_./]+)`")]
    private static partial Regex Source();

    [GeneratedRegex("`(Mission[0-9]{2}\\w+)`")]
    private static partial Regex Test();
}

using System.Globalization;
using System.Text.RegularExpressions;
using MessagePack;
using Sim.Engine.Log;
using Sim.Shims.Tests;

namespace Sim.Engine.Tests.Log;

/// <summary>Holds <c>docs/format/event-log.md</c> against the bytes of the golden log.</summary>
public partial class EventLogPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(OutsideTools.RepositoryRoot, "docs", "format", "event-log.md"));
    private static readonly byte[] Segment = GoldenLogTests.Load("v1-none")[LogFormat.SegmentName(0)];
    private static readonly List<LogStructure> Structures = LogStructure.Of(GoldenLogTests.Load("v1-none"));

    [Fact]
    public void TheBlockTable_IsTheBlockHeader()
    {
        byte[] block = Part(1);
        int expected = 0;
        foreach (Match row in BlockRow().Matches(Section("## Block")))
        {
            int offset = int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture);
            byte[] start = Convert.FromHexString(row.Groups[3].Value.Replace(" ", "", StringComparison.Ordinal));
            Assert.Equal(expected, offset);
            Assert.Equal(start, block[offset..(offset + start.Length)]);
            expected += int.Parse(row.Groups[2].Value, CultureInfo.InvariantCulture);
        }
        Assert.Equal(BlockHeader.Size, expected);
    }

    [Fact]
    public void TheBlockByByte_IsTheGoldenOne()
    {
        string dump = Section("## Block").Split("```")[1];
        IEnumerable<string> lines = dump.Split('\n').Select(line => line.Split('#')[0]);
        Assert.Equal(Part(1), Convert.FromHexString(string.Concat(lines).Replace(" ", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("## Header", 0)]
    [InlineData("## Footer", 3)]
    public void TheMapTables_HaveTheEntriesOfTheMaps(string heading, int structure)
    {
        byte[] bytes = Part(structure);
        var reader = new MessagePackReader(bytes);
        var found = new List<(string, string)>();
        int entries = reader.ReadMapHeader();
        for (int i = 0; i < entries; i++)
        {
            string key = reader.ReadString()!;
            string type = reader.NextMessagePackType switch
            {
                MessagePackType.String => "string",
                MessagePackType.Integer => "integer",
                MessagePackType.Binary => "bin",
                MessagePackType.Boolean => "boolean",
                MessagePackType.Array => "array",
                var other => other.ToString(),
            };
            found.Add((key, type));
            reader.Skip();
        }
        Assert.Equal(MapRow().Matches(Section(heading)).Select(row => (row.Groups[1].Value, row.Groups[2].Value)), found);
        Assert.Equal(bytes.Length, reader.Consumed);
    }

    [Fact]
    public void TheLimits_AreThoseOfTheCode()
    {
        Assert.Contains("at most 262,144", Page, StringComparison.Ordinal);
        Assert.Equal(262_144, LogFormat.MaxRawBlockBytes);
        Assert.Equal((1 << 20, 64 << 20), (LogFormat.MaxHeaderBytes, LogFormat.MaxFooterBytes));
        Assert.Contains("131,072 bytes", Page, StringComparison.Ordinal);
        Assert.Equal(131_072, Sim.Engine.Events.Journal.BlockBytes);
        Assert.Contains("e3069283", Page, StringComparison.Ordinal);
    }

    private static byte[] Part(int structure) => Segment[(int)Structures[structure].Start..(int)Structures[structure].End];

    private static string Section(string heading)
    {
        int start = Page.IndexOf("\n" + heading + "\n", StringComparison.Ordinal);
        int end = Page.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return end < 0 ? Page[start..] : Page[start..end];
    }

    [GeneratedRegex(@"^\| (\d+) \| (\d+) \| `([0-9a-f ]+)` \|", RegexOptions.Multiline)]
    private static partial Regex BlockRow();

    [GeneratedRegex(@"^\| `(\w+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex MapRow();
}

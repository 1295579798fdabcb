using System.Text.Json;
using Sim.Engine.Log;
using Sim.Engine.Random;
using Sim.Host.Debugger.Expressions;
using Sim.Host.Runs;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.EndToEnd;

namespace Sim.Host.Tests.Debugger;

/// <summary>Expressions mean the events that the same words mean over the JSON of the log.</summary>
[Collection(RunCollection.Name)]
public sealed class ExpressionTests(RunLibrary library)
{
    /// <summary>An expression, and the same said of an event's JSON without any of the code under test.</summary>
    private static readonly (string Run, string Text, Func<JsonElement, bool> Meant)[] Cases =
    [
        ("fragmentation", "kind == page.alloc_failed", e => Kind(e) == "page.alloc_failed"),
        ("fragmentation", "kind == page", e => Kind(e).StartsWith("page.", StringComparison.Ordinal)),
        ("fragmentation", "kind != page and kind != pcp", e => !Kind(e).StartsWith("page.", StringComparison.Ordinal) && !Kind(e).StartsWith("pcp.", StringComparison.Ordinal)),
        ("fragmentation", "kind in {page.free, pcp.drain}", e => Kind(e) is "page.free" or "pcp.drain"),
        ("fragmentation", "page_order >= 2", e => Number(e, "page_order") >= 2),
        ("fragmentation", "not page_order >= 2", e => Number(e, "page_order") < 2),
        ("fragmentation", "not (page_order >= 2 or owner == 3)", e => Number(e, "page_order") < 2 && Number(e, "owner") is { } o && o != 3),
        ("fragmentation", "migrate_type == movable && cpu != 0", e => Word(e, "migrate_type") == "movable" && Number(e, "cpu") is { } c && c != 0),
        ("fragmentation", "owner in {1, 3..4} or pages > 64KiB", e => Number(e, "owner") is 1 or 3 or 4 || Number(e, "pages") > 16),
        ("fragmentation", "time > 1ms and time <= 1.5 ms", e => Time(e) > 1_000_000_000 && Time(e) <= 1_500_000_000),
        ("fragmentation", "sequence in 1000..1999", e => Sequence(e) is >= 1000 and <= 1999),
        ("fragmentation", "cause == none and kind == page.free", e => Kind(e) == "page.free" && e.GetProperty("cause").ValueKind == JsonValueKind.Null),
        ("fragmentation", "cause > 0", e => e.GetProperty("cause").ValueKind == JsonValueKind.Number),
        ("fragmentation", "pfn in 0x1000..0x1fff and not page_order == 0", e => Number(e, "pfn") is >= 0x1000 and <= 0x1fff && Number(e, "page_order") is { } o && o != 0),
        ("fragmentation", "covers 0x1234", e => Number(e, "pfn") is { } p && p <= 0x1234 && p + (1L << (int)(Number(e, "page_order") ?? Number(e, "from_order") ?? 0)) > 0x1234),
        ("fragmentation", "surplus", e => Word(e, "surplus") == "true"),
        ("fragmentation", "kind == pcp.drain and !surplus", e => Word(e, "surplus") == "false"),
        ("fragmentation", "zone == dma32 or fallback_migrate_type != movable", e => Word(e, "zone") == "dma32" || Word(e, "fallback_migrate_type") is { } f && f != "movable"),
        ("fragmentation", "gfp == GFP_HIGHUSER_MOVABLE", e => Number(e, "gfp") == 0x100cca),
        ("processes-i386", "comm == task-1 or comm == \"task-2\"", e => Word(e, "comm") is "task-1" or "task-2"),
        ("processes-i386", "comm in {task-1, task-2}", e => Word(e, "comm") is "task-1" or "task-2"),
        ("processes-i386", "kind == task.create and not comm == 'task-1'", e => Kind(e) == "task.create" && Word(e, "comm") != "task-1"),
        ("processes-i386", "name == task-1", e => Kind(e) == "symbol" && Word(e, "name") == "task-1"),
        ("processes-i386", "address >= 0xb0000000", e => Address(e, "address") >= 0xb0000000),
        ("processes-i386", "pid == 3 and vpn > 0", e => Number(e, "pid") == 3 && Number(e, "vpn") > 0),
    ];

    [Fact]
    public void MeansWhatTheWordsMeanOfEachEvent()
    {
        int meaningful = 0;
        foreach (IGrouping<string, (string Run, string Text, Func<JsonElement, bool> Meant)> run in Cases.GroupBy(c => c.Run))
        {
            string folder = library.Run(run.Key);
            string[] lines = ChildProcess.Sim("events", folder, "--json").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            JsonElement[] events = [.. lines.Select(l => JsonDocument.Parse(l).RootElement)];
            using LogReader log = LogReader.Open(RunDirectory.Open(folder).LogPath);
            foreach ((_, string text, Func<JsonElement, bool> meant) in run)
            {
                var condition = EventCondition.Parse(text, log.Header.Catalogue);
                var cursor = new Engine.Replay.EventCursor(log);
                var found = new List<long>();
                while (cursor.MoveNext())
                {
                    if (condition.Matches(cursor))
                    {
                        found.Add(cursor.Header.Sequence);
                    }
                }
                Assert.True(events.Where(meant).Select(Sequence).SequenceEqual(found), $"{text}: {found.Count} events, expected {events.Count(meant)}");
                meaningful += found.Count > 0 ? 1 : 0;
            }
        }
        Assert.InRange(meaningful, Cases.Length - 5, Cases.Length);
    }

    [Fact]
    public async Task EventsTakesAnExpressionBesideItsOtherFilters()
    {
        CommandLine.Result both = await CommandLine.RunAsync("events", library.Run("fragmentation"), "--where", "page_order >= 1", "--kind", "page.free", "--from", "5000", "-n", "3");
        Assert.Equal(0, both.ExitCode);
        Assert.Equal(3, both.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(both.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => Assert.Matches("^[0-9]+ [0-9]+ page.free .* page_order=[1-9]", l));
    }

    [Theory]
    [InlineData("pge_order == 3", 0, "No event has a field pge_order. Did you mean \"page_order\"? It is in page.alloc, ")]
    [InlineData("order == 3", 0, "No event has a field order. Did you mean \"page_order\"?")]
    [InlineData("timee > 5ms", 0, "Did you mean \"time\"? All events have it.")]
    [InlineData("kind == page.aloc", 8, "There is no kind or category page.aloc. Did you mean \"page.alloc\"?")]
    [InlineData("kind < page.alloc", 0, "kind is compared with == or !=")]
    [InlineData("kind == page.free and gfp == 1", 22, "page.free has no field gfp; it has pfn, page_order, cpu. Events with it: page.alloc_failed")]
    [InlineData("kind == page.free and kind == page.alloc", 0, "No kind of event is all that the expression asks of it.")]
    [InlineData("migrate_type == moveable", 16, "migrate_type is one of unmovable movable reclaimable high_atomic isolate. Did you mean \"movable\"?")]
    [InlineData("time > 5", 7, "time takes a time with its unit")]
    [InlineData("pfn == 0xzz", 7, "pfn takes a number, decimal or hexadecimal with 0x (pfn).")]
    [InlineData("pfn == 99999999999999999999999", 7, "pfn takes a number of 64 bits, and this one has more.")]
    [InlineData("pfn == 0x10000000000000000", 7, "pfn takes a number of 64 bits, and this one has more.")]
    [InlineData("surplus == 2", 11, "surplus is true or false.")]
    [InlineData("pages > 3foo", 8, "or a size such as 2MiB")]
    [InlineData("comm < task-1", 0, "comm is a name")]
    [InlineData("page_order = 3", 11, "A comparison for equality is written ==.")]
    [InlineData("page_order", 0, "page_order is no field that is true or false")]
    [InlineData("kind == page.alloc and", 22, "Expected a field, such as kind, time or pfn, not the end.")]
    [InlineData("(kind == page", 13, "Expected \")\", not the end.")]
    [InlineData("kind == page) or", 12, "Expected \"and\", \"or\" or the end, not \")\".")]
    [InlineData("cpu == 0 page", 9, "Expected \"and\", \"or\" or the end, not \"page\".")]
    [InlineData("cpu 0", 4, "Expected a comparison (== != < <= > >= in) after \"cpu\", not \"0\".")]
    [InlineData("cpu in {1, 2", 12, "Expected \"}\", not the end.")]
    [InlineData("pfn in 9..3", 7, "The range 9..3 goes from more to less.")]
    [InlineData("comm == \"x", 8, "The string has no closing quote.")]
    [InlineData("cpu == 0 ; cpu", 9, "\";\" has no meaning here.")]
    [InlineData("covers x", 7, "covers takes the number of a frame")]
    [InlineData("covers 0x20..0x1f", 7, "The range 0x20..0x1f goes from more to less.")]
    [InlineData("", 0, "The expression is empty.")]
    public void WhatIsWrongIsShownInTheText(string text, int position, string problem)
    {
        ExpressionException error = Assert.Throws<ExpressionException>(() => EventCondition.Parse(text, Application.Simulator.Catalogue.Descriptors));
        Assert.Equal(position, error.Position);
        Assert.Contains(problem, error.Problem);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        string[] lines = error.Message.Split('\n');
        Assert.Equal(text.Length == 0 ? 1 : 3, lines.Length);
        Assert.True(text.Length == 0 || lines[2].IndexOf('^') == position + 2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70)]
    [InlineData(2_000)]
    [InlineData(4_000)]
    public void OfALongExpressionThePlaceIsShown(int position)
    {
        string blanks = new(' ', position), text = $"{blanks}; {new string('x', 4_000 - position)}";
        ExpressionException error = Assert.Throws<ExpressionException>(() => EventCondition.Parse(text, Application.Simulator.Catalogue.Descriptors));
        Assert.Equal(position, error.Position);
        string[] lines = error.Message.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 120));
        Assert.Equal(';', lines[1][lines[2].IndexOf('^')]);
    }

    [Fact]
    public void AnyTextIsAnExpressionOrATypedError()
    {
        string[] words =
        [
            "kind", "time", "pfn", "page_order", "cause", "comm", "surplus", "owner", "page.alloc", "page", "movable", "none", "3", "0x1a", "-1", "5ms", "5", "ms", "2MiB", "true",
            "==", "!=", "<", "<=", ">", ">=", "=", "in", "and", "or", "not", "!", "&&", "||", "(", ")", "{", "}", ",", "..", "covers", "\"x\"", "'", "\"", "é", "\0", "GFP_KERNEL|__GFP_COMP", "99999999999999999999", "|", ".", "-",
        ];
        var random = new RandomStream(11, "expressions");
        int sound = 0;
        for (int i = 0; i < 30_000; i++)
        {
            string text = string.Join(random.NextBelow(4) == 0 ? "" : " ", Enumerable.Range(0, (int)random.NextBelow(12)).Select(_ => words[(int)random.NextBelow((ulong)words.Length)]));
            sound += IsSound(text) ? 1 : 0;
            string any = new([.. Enumerable.Range(0, (int)random.NextBelow(20)).Select(_ => (char)random.NextBelow(0x250))]);
            sound += IsSound(any) ? 1 : 0;
        }
        Assert.InRange(sound, 20, int.MaxValue);
        foreach (string deep in (string[])[new string('(', 5_000), new string('!', 5_000), $"{string.Concat(Enumerable.Repeat("not ", 1_000))}surplus", new string('a', 5_000)])
        {
            Assert.False(IsSound(deep));
        }
    }

    private static bool IsSound(string text)
    {
        try
        {
            EventCondition.Parse(text, Application.Simulator.Catalogue.Descriptors);
            return true;
        }
        catch (ExpressionException e)
        {
            Assert.InRange(e.Position, 0, text.Length);
            return false;
        }
    }

    private static string Kind(JsonElement e) => e.GetProperty("event").GetString()!;

    private static long Time(JsonElement e) => e.GetProperty("timePs").GetInt64();

    private static long Sequence(JsonElement e) => e.GetProperty("sequence").GetInt64();

    private static long? Number(JsonElement e, string field) =>
        e.GetProperty("fields").TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static long? Address(JsonElement e, string field) =>
        e.GetProperty("fields").TryGetProperty(field, out JsonElement value) ? Convert.ToInt64(value.GetString(), 16) : null;

    private static string? Word(JsonElement e, string field) =>
        !e.GetProperty("fields").TryGetProperty(field, out JsonElement value) ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
}

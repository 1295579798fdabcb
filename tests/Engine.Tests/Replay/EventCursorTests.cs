using System.Text;
using System.Text.Json;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Engine.Tests.Events;
using Sim.Engine.Tests.Log;

namespace Sim.Engine.Tests.Replay;

public class EventCursorTests
{
    private static readonly Lazy<MemoryStorage> Storage = new(() =>
    {
        var storage = new MemoryStorage();
        using var writer = new LogWriter(storage, new LogOptions(), SampleLog.Identity, SampleLog.Catalogue);
        var journal = new Journal(writer, SampleLog.Catalogue);
        int name = journal.Intern("a \"file\"");
        journal.TimePs = 1500;
        journal.Emit(new TestTake(0x1f, 3, 77), -1);
        journal.TimePs = 900;
        journal.Emit(new TestEvery(-5, -2, 65535, true, TestPlace.FarAway, 0x7fff_0000_1234, name), 1);
        journal.Emit(new StateCheckpoint(-1), -1);
        journal.Emit(new TestGive(0x20), 2);
        journal.Complete();
        writer.Complete();
        return storage;
    });

    [Fact]
    public void Text_HasSequenceTimeKindFieldsAndCause()
    {
        string[] lines = Lines(cursor =>
        {
            var text = new StringBuilder();
            cursor.AppendText(text);
            return text.ToString();
        });
        Assert.Equal(
            [
                "0 0 symbol id=1 name=a \"file\"",
                "1 1500 test.take pfn=0x1f page_order=3 pid=77",
                "2 900 other.every big=-5 small=-2 wide=65535 yes=true place=far_away address=0x7fff00001234 name=a \"file\" cause=1",
                "3 900 state.checkpoint state_hash=0xffffffffffffffff",
                "4 900 test.give pfn=0x20 cause=2",
            ], lines);
    }

    [Fact]
    public void Json_HasNumbersAsNumbers_AddressesAndHashesAsHexStrings()
    {
        string[] lines = Lines(cursor =>
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
            {
                cursor.WriteJson(json);
            }
            return Encoding.UTF8.GetString(stream.ToArray());
        });
        Assert.Equal(
            [
                """{"sequence":0,"timePs":0,"cause":null,"event":"symbol","fields":{"id":1,"name":"a \u0022file\u0022"}}""",
                """{"sequence":1,"timePs":1500,"cause":null,"event":"test.take","fields":{"pfn":31,"page_order":3,"pid":77}}""",
                """{"sequence":2,"timePs":900,"cause":1,"event":"other.every","fields":{"big":-5,"small":-2,"wide":65535,"yes":true,"place":"far_away","address":"0x7fff00001234","name":"a \u0022file\u0022"}}""",
                """{"sequence":3,"timePs":900,"cause":null,"event":"state.checkpoint","fields":{"state_hash":"0xffffffffffffffff"}}""",
                """{"sequence":4,"timePs":900,"cause":2,"event":"test.give","fields":{"pfn":32}}""",
            ], lines);
    }

    [Fact]
    public void Only_StopsAtKindsAndCategoriesAsked()
    {
        using LogReader reader = LogReader.Open(Storage.Value);
        var cursor = new EventCursor(reader);
        cursor.Only(["test", "symbol"]);
        Assert.Equal([0L, 1, 4], Sequences(cursor));
        cursor = new EventCursor(reader);
        cursor.Only(["test.give"]);
        Assert.Equal([4L], Sequences(cursor));
        Assert.Throws<ArgumentException>(() => cursor.Only(["test.gone"]));
    }

    [Fact]
    public void Seek_GoesAnywhere_AndSymbolsAreStillKnown()
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 40_000, new LogOptions { SegmentRawBytes = 150_000 });
        using LogReader reader = LogReader.Open(storage);
        var whole = new EventCursor(reader);
        var expected = new List<string>();
        while (whole.MoveNext())
        {
            expected.Add(Text(whole));
        }
        Assert.Equal(reader.Events, expected.Count);
        foreach (int sequence in (int[])[39_999, 17, 0, 25_000, 12_345])
        {
            var cursor = new EventCursor(reader);
            cursor.Seek(sequence);
            for (int i = sequence; i < Math.Min(sequence + 200, expected.Count); i++)
            {
                Assert.True(cursor.MoveNext());
                Assert.Equal(expected[i], Text(cursor));
            }
        }
        whole.Seek(reader.Events);
        Assert.False(whole.MoveNext());
    }

    private static string Text(EventCursor cursor)
    {
        var text = new StringBuilder();
        cursor.AppendText(text);
        return text.ToString();
    }

    private static string[] Lines(Func<EventCursor, string> form)
    {
        using LogReader reader = LogReader.Open(Storage.Value);
        var cursor = new EventCursor(reader);
        var lines = new List<string>();
        while (cursor.MoveNext())
        {
            lines.Add(form(cursor));
        }
        return [.. lines];
    }

    private static long[] Sequences(EventCursor cursor)
    {
        var sequences = new List<long>();
        while (cursor.MoveNext())
        {
            sequences.Add(cursor.Header.Sequence);
        }
        return [.. sequences];
    }
}

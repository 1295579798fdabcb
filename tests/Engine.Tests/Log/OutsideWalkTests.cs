using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;
using Sim.Shims.Tests;

namespace Sim.Engine.Tests.Log;

/// <summary>MessagePack readers that we did not write walk whole segments, payloads too, and find the same events.</summary>
public class OutsideWalkTests
{
    [Fact]
    public void PythonMsgpack_WalksEverySegment() =>
        Compare(LogCodec.None, OutsideTools.NeedPython("msgpack", "python3-msgpack"), "event_log_walk.py");

    [Theory]
    [InlineData(LogCodec.None)]
    [InlineData(LogCodec.Snappy)]
    public void NodeMsgpack_WalksEverySegment(LogCodec codec) =>
        Compare(codec, OutsideTools.NeedNode("@msgpack/msgpack", "hyparquet"), "event-log-walk.mjs");

    private static void Compare(LogCodec codec, string program, string script)
    {
        var storage = new MemoryStorage();
        SampleLog.Write(storage, 12_000, new LogOptions { Codec = codec, SegmentRawBytes = 130_000 });
        Assert.True(storage.Names.Count() >= 2);
        var walked = new List<string>();
        foreach (string name in storage.Names)
        {
            walked.AddRange(Encoding.UTF8.GetString(OutsideTools.Run(program, [script], storage[name])).Split('\n'));
        }
        Assert.Equal(OurEvents(storage), walked);
    }

    private static List<string> OurEvents(MemoryStorage storage)
    {
        using LogReader reader = LogReader.Open(storage);
        var cursor = new EventCursor(reader);
        var lines = new List<string>();
        while (cursor.MoveNext())
        {
            string name = cursor.Descriptor.Kind == SymbolEvent.Kind ? " " + cursor.SymbolName : "";
            lines.Add($"{cursor.Header.Sequence} {cursor.Header.TimePs} {cursor.Header.Cause} {cursor.Descriptor.Name} {string.Join(' ', cursor.Values.ToArray())}{name}");
        }
        return lines;
    }
}

using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Log;

/// <summary>Readers look at a log while it is being written, in the file system: they see whole blocks, more each time.</summary>
public class LogFollowTests
{
    private const int Events = 30_000;

    [Theory]
    [InlineData(LogDurability.None)]
    [InlineData(LogDurability.Flush)]
    public void ReadersThatOpenAgainAndAgain_SeeGrowingPrefixes_AndNeverATornBlock(LogDurability durability)
    {
        using var directory = new TemporaryDirectory();
        var options = new LogOptions { Durability = durability, SegmentRawBytes = 20_000 };
        using var writer = new LogWriter(new DirectoryStorage(directory.Path), options, SampleLog.Identity, SampleLog.Catalogue);
        Exception? failure = null;
        var reading = new Thread(() =>
        {
            try
            {
                while (!Follow(directory.Path))
                {
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        var verifying = new Thread(() =>
        {
            try
            {
                LogReport report;
                do
                {
                    report = LogVerifier.Verify(directory.Path);
                    Assert.True(report.Ok, string.Join("; ", report.Damage));
                }
                while (report.Status != LogStatus.Complete);
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        reading.Start();
        verifying.Start();
        var journal = new Journal(writer, SampleLog.Catalogue, blockBytes: 500);
        SampleLog.Emit(journal, Events, onEmit: (header, _) =>
        {
            // Once in a while a reader gets to see this very state.
            if (header.Sequence % 1000 == 0)
            {
                Thread.Sleep(1);
            }
        });
        Assert.Throws<LogWriteException>(() => LogWriter.Create(directory.Path, options, SampleLog.Identity, SampleLog.Catalogue));
        Assert.Throws<LogWriteException>(() => LogWriter.Resume(new DirectoryStorage(directory.Path), options, SampleLog.Identity, SampleLog.Catalogue));
        journal.Complete();
        writer.Complete();
        reading.Join();
        verifying.Join();
        Assert.Null(failure);
    }

    private static long _seen;

    // Reads what is new; true when the log is complete and read to its end.
    private static bool Follow(string directory)
    {
        using LogReader reader = LogReader.Open(directory);
        var cursor = new EventCursor(reader);
        long from = reader.End == LogEnd.Complete ? 0 : _seen;
        Assert.True(reader.Events >= _seen, $"{_seen} events were there, now {reader.Events}");
        cursor.Seek(from);
        long expected = from;
        while (cursor.MoveNext())
        {
            Assert.Equal(expected++, cursor.Header.Sequence);
        }
        Assert.Equal(reader.Events, expected);
        _seen = reader.End == LogEnd.Complete ? 0 : expected;
        return reader.End == LogEnd.Complete;
    }
}

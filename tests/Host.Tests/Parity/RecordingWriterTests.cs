using System.Text.Json;
using Sim.Host.Parity.Calls;
using Sim.Host.Parity.Calls.Live;
using Sim.Host.Tests.Runs;

namespace Sim.Host.Tests.Parity;

/// <summary>What is read of a recording and written again is read as the same.</summary>
public class RecordingWriterTests
{
    [Fact]
    public void AnythingReadAndWrittenIsReadAsTheSame()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "again.jsonl");
        RecordedSequence[] read = [.. CallRecordingReader.Read(Path.Combine(Repository.Root, "traces", "calls", "live-6.18.jsonl.gz"))];
        using (var writer = new RecordingWriter(path, new LiveKernel("6.18.44", read[0].Kernel, read[0].TotalRamPages)))
        {
            foreach (RecordedSequence sequence in read)
            {
                writer.Write(sequence);
            }
            Assert.False(File.Exists(path));
            writer.Finish();
        }
        Assert.Equal([path], Directory.GetFiles(folder.Path));
        Assert.Equal(read.Select(Text), CallRecordingReader.Read(path).Select(Text));
        Assert.Contains(read, s => s.Steps.Any(t => t.Fork is not null));
    }

    private static string Text(RecordedSequence sequence) => JsonSerializer.Serialize(sequence with { Line = 0 });
}

using System.Text.Json;
using Sim.Host.Parity;

namespace Sim.Fidelity.Tests.Exec;

/// <summary>
/// Programs before their first instruction against recordings of Linux 6.1 for x86-64 and i686 with PAE (traces/vma): areas,
/// page states, stack, auxiliary vector, entry, sizes and fault counts, all of them and to the byte.
/// </summary>
public class RecordedLayoutTests
{
    private static readonly string _recording = Path.Combine(Sim.Shims.Tests.OutsideTools.RepositoryRoot, "traces", "vma", "exec.jsonl.gz");

    [Fact]
    public void EveryLayoutIsTheKernels()
    {
        SequenceParityReport report = ExecParity.Run(_recording, TestContext.Current.CancellationToken);
        Assert.Empty(report.Differences);
        Assert.Equal((48, 48, 48, 48), (report.Sequences, report.SequencesEqual, report.Steps, report.StepsEqual));
    }

    /// <summary>
    /// Programs of unusual layouts: large alignments, segments in any order that overlap or share pages, zeroed memory anywhere, files
    /// shorter than their segments, interpreters that are programs, and such as do not survive execve.
    /// </summary>
    [Fact]
    public void SoAreUnusualOnesAndThoseThatFail()
    {
        string recording = Path.Combine(Sim.Shims.Tests.OutsideTools.RepositoryRoot, "traces", "layouts", "layouts.jsonl.gz");
        SequenceParityReport report = ExecParity.Run(recording, TestContext.Current.CancellationToken);
        Assert.Empty(report.Differences);
        Assert.Equal(93, report.SequencesEqual);
        List<ExecLayoutRecord> layouts = ExecRecording.Read(recording);
        Assert.Equal(["SIG11"], layouts.Select(l => l.Failure).OfType<string>().Distinct());
    }

    /// <summary>32-bit programs on the kernel for x86-64 (fs/compat_binfmt_elf.c), usual and unusual ones.</summary>
    [Fact]
    public void SoAre32BitProgramsOnX86_64()
    {
        string recording = Path.Combine(Sim.Shims.Tests.OutsideTools.RepositoryRoot, "traces", "layouts", "compat.jsonl.gz");
        SequenceParityReport report = ExecParity.Run(recording, TestContext.Current.CancellationToken);
        Assert.Empty(report.Differences);
        List<ExecLayoutRecord> layouts = ExecRecording.Read(recording);
        Assert.All(layouts, l => Assert.Equal((64, 32), (l.KernelBits, l.Bits)));
        Assert.InRange(layouts.Count(l => l.AtExec is not null), 30, layouts.Count - 1);
    }

    /// <summary>The comparison sees every number it claims to compare: each one changed in the recording is the one difference found.</summary>
    [Fact]
    public void EveryNumberIsCompared()
    {
        string folder = Directory.CreateTempSubdirectory("exec-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "elf"), Path.Combine(Path.GetDirectoryName(_recording)!, "elf"));
            ExecLayoutRecord layout = ExecRecording.Read(_recording)[13];
            string line = ReadLines()[13];
            var changed = new List<string>();
            foreach (string name in ExecState.Names)
            {
                string key = '"' + name.Split('.')[^1] + "\":";
                string value = layout.AtExec!.Numbers.First(n => n.Name == name).Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
                int at = line.IndexOf(key, StringComparison.Ordinal) + key.Length;
                changed.Add(string.Concat(line.AsSpan(0, at), value == "9" ? "8" : "9", line.AsSpan(at + value.Length)));
            }
            string file = Path.Combine(folder, "changed.jsonl");
            File.WriteAllLines(file, changed);
            SequenceParityReport report = ExecParity.Run(file, TestContext.Current.CancellationToken);
            Assert.Equal(ExecState.Names, report.Differences.Select(d => d.Field));
            Assert.Equal(0, report.SequencesEqual);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<string> ReadLines()
    {
        using var text = new StreamReader(new System.IO.Compression.GZipStream(File.OpenRead(_recording), System.IO.Compression.CompressionMode.Decompress));
        var lines = new List<string>();
        while (text.ReadLine() is { } line)
        {
            lines.Add(line);
        }
        return lines;
    }

    /// <summary>A recording's first line parses to what the JSON has.</summary>
    [Fact]
    public void TheReaderTakesWhatTheFileHas()
    {
        ExecLayoutRecord first = ExecRecording.Read(_recording)[0];
        using JsonDocument json = JsonDocument.Parse(ReadLines()[0]);
        JsonElement state = json.RootElement.GetProperty("at_exec");
        Assert.Equal(state.GetProperty("areas").GetArrayLength(), first.AtExec!.Areas.Count);
        Assert.Equal(state.GetProperty("auxv").GetArrayLength(), first.AtExec!.Auxv.Count);
        Assert.Equal(state.GetProperty("sp").GetUInt64(), first.AtExec!.Numbers.First(n => n.Name == "sp").Value);
    }
}

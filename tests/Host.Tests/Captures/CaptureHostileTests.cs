using System.IO.Compression;
using System.Text;
using Sim.Engine.Random;
using Sim.Host.Captures;
using Sim.Host.Tests.Commands;
using Sim.Host.Tests.Runs;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Captures;

/// <summary>Whatever stands in a capture's files, reading them ends well or in <see cref="TraceFormatException"/>, soon and with little memory.</summary>
public sealed class CaptureHostileTests : IDisposable
{
    private const int MostBytes = 64 << 20;
    private readonly TemporaryFolder _folder = new();
    private long _allocated = GC.GetAllocatedBytesForCurrentThread();

    public static TheoryData<string> Kinds => ["trace", "states", "checkpoints", "meta", "import"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TheWholeFileIsRead(string kind) => Assert.True(Reads(kind, Good(kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryTruncationEndsWellOrIsRefused(string kind)
    {
        byte[] good = Good(kind);
        int step = Math.Max(1, good.Length / 1_500), refused = 0;
        for (int length = 0; length < good.Length; length += step)
        {
            refused += Reads(kind, good[..length]) ? 0 : 1;
        }
        // An imported file is whole or it is nothing; a text may end at any line.
        Assert.True(kind == "import" ? refused == good.Length : refused > 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ChangedBytesEndWellOrAreRefused(string kind)
    {
        byte[] good = Good(kind);
        var random = new RandomStream(11, kind);
        int refused = 0;
        for (int round = 0; round < 1_500; round++)
        {
            byte[] bad = [.. good];
            for (int flips = 1 + (int)random.NextBelow(3); flips > 0; flips--)
            {
                bad[(int)random.NextBelow((ulong)bad.Length)] ^= (byte)(1 + random.NextBelow(255));
            }
            refused += !bad.AsSpan().SequenceEqual(good) && !Reads(kind, bad) ? 1 : 0;
        }
        Assert.True(kind == "import" ? refused > 1_490 : refused > 0, $"{refused} refused");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ChangedNumbersAndGarbageLinesEndWellOrAreRefused(string kind)
    {
        if (kind == "import")
        {
            return;
        }
        string[] lines = Encoding.UTF8.GetString(Good(kind)).Split('\n');
        string[] garbage = ["", "garbage", new string('x', 5_000), "==== ", "zone", "free 0 0", "0x", "-1", "[000] .... 1.0: mm_page_alloc:", "\0\0\0"];
        string[] numbers = ["-1", "0", "1073741824", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0xffffffffffffffff", "zz"];
        var random = new RandomStream(12, kind);
        for (int round = 0; round < 2_000; round++)
        {
            var bad = new List<string>(lines);
            int at = (int)random.NextBelow((ulong)lines.Length);
            if (round % 3 == 0)
            {
                bad.Insert(at, garbage[(int)random.NextBelow((ulong)garbage.Length)]);
            }
            else
            {
                string[] words = bad[at].Split(' ');
                int word = (int)random.NextBelow((ulong)words.Length);
                int sign = words[word].IndexOf('=');
                words[word] = words[word][..(sign + 1)] + numbers[(int)random.NextBelow((ulong)numbers.Length)];
                bad[at] = string.Join(' ', words);
            }
            Reads(kind, Encoding.UTF8.GetBytes(string.Join('\n', bad)));
        }
    }

    [Fact]
    public void CountsThatTheLineDoesNotBearOutAreRefused()
    {
        foreach (string line in (string[])["free 0 0 1073741823: 10 12", "free 0 0 1073741824: 10", "pcp 0 1073741823: 30", "free 0 0 -1:"])
        {
            string states = CaptureFiles.States.Replace("free 0 0 2: 10 12", line, StringComparison.Ordinal);
            Assert.False(Reads("states", Encoding.UTF8.GetBytes(states)), line);
        }
    }

    [Theory]
    [InlineData("\"frees\":\"open\"")]
    [InlineData("\"frees\":\"closed\"")]
    [InlineData("\"kernelInputs\":true")]
    public async Task ReplayOfAChangedTraceEndsWellOrIsRefused(string how)
    {
        string[] lines = Encoding.UTF8.GetString(Good("trace")).Split('\n');
        var random = new RandomStream(14, how);
        int ran = 0;
        string last = "";
        for (int round = 0; round < 40; round++)
        {
            // Lines that are doubled, left out, moved or of another order make requests and frees that no kernel could.
            var bad = new List<string>(lines);
            for (int changes = 0; changes < 30; changes++)
            {
                int from = (int)random.NextBelow((ulong)bad.Count), to = (int)random.NextBelow((ulong)bad.Count);
                string line = bad[from];
                switch (random.NextBelow(4))
                {
                    case 0:
                        bad.Insert(to, line);
                        break;
                    case 1:
                        bad.RemoveAt(from);
                        break;
                    case 2:
                        bad[from] = line.Replace("order=0", $"order={random.NextBelow(11)}", StringComparison.Ordinal);
                        break;
                    default:
                        bad[from] = line.Replace("pfn=0x", $"pfn=0x{random.NextBelow(3)}", StringComparison.Ordinal);
                        break;
                }
            }
            string trace = CaptureFiles.Write(_folder, $"trace{round}", Encoding.UTF8.GetBytes(string.Join('\n', bad)));
            string experiment = CaptureFiles.Write(_folder, $"{round}.json", Encoding.UTF8.GetBytes(
                $$"""{ "machine": { "memory": "96MiB" }, "workload": [ { "type": "capture", "trace": "{{trace}}", {{how}} } ] }"""));
            CommandLine.Result result = await CommandLine.RunAsync("run", experiment, "--out", _folder[$"run{round}"], "--quiet");
            Assert.True(result.ExitCode is 0 or (int)ExitCode.Configuration, $"round {round}: {result.ExitCode} {result.Error}");
            ran += result.ExitCode == 0 ? 1 : 0;
            last = result.Error;
        }
        Assert.True(ran > 0, last);
    }

    [Fact]
    public void DamagedGzipIsRefused()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Good("trace"));
        }
        byte[] good = packed.ToArray();
        Assert.True(Reads("trace", good));
        var random = new RandomStream(13, "gzip");
        for (int round = 0; round < 200; round++)
        {
            byte[] bad = [.. good];
            bad[2 + (int)random.NextBelow((ulong)bad.Length - 2)] ^= (byte)(1 + random.NextBelow(255));
            Reads("trace", bad);
            Reads("trace", good[..(int)random.NextBelow((ulong)good.Length)]);
        }
    }

    [Fact]
    public async Task MissingFilesAreNamed()
    {
        string folder = _folder["capture"];
        CommandLine.AssertRefused(await CommandLine.RunAsync("parity", "pages", folder), ExitCode.Configuration, "there is no such folder");
        foreach ((string name, string text) in (ReadOnlySpan<(string, string)>)[("meta.txt", CaptureFiles.Meta), ("states.txt", CaptureFiles.States)])
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, name), text);
        }
        Assert.Contains("trace.txt: the file is missing", Assert.Throws<TraceFormatException>(() => CaptureFolder.Open(folder).TracePath).Message);
        Assert.Contains("checkpoints.txt: the file is missing", Assert.Throws<TraceFormatException>(() => CaptureFolder.Open(folder).CheckpointsPath).Message);
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("import", "ftrace", _folder["none"], "-o", _folder["out"]), ExitCode.Configuration, "does not exist");
        string states = CaptureFiles.Write(_folder, "text", Encoding.UTF8.GetBytes(CaptureFiles.States));
        CommandLine.AssertRefused(
            await CommandLine.RunAsync("import", "ftrace", states, "-o", _folder["out"]), ExitCode.Configuration, "line 1: this is no line of a trace");
        Assert.False(File.Exists(_folder["out"]));
    }

    private static byte[] Good(string kind) => kind switch
    {
        "trace" => File.ReadAllBytes(CaptureFiles.GoldenText),
        "states" => Encoding.UTF8.GetBytes(CaptureFiles.States),
        "checkpoints" => Encoding.UTF8.GetBytes(CaptureFiles.Checkpoints),
        "meta" => Encoding.UTF8.GetBytes(CaptureFiles.Meta),
        _ => File.ReadAllBytes(CaptureFiles.GoldenImport),
    };

    private bool Reads(string kind, byte[] bytes)
    {
        string path = CaptureFiles.Write(_folder, kind == "meta" ? "capture/meta.txt" : kind, bytes);
        _allocated = GC.GetAllocatedBytesForCurrentThread();
        bool reads = CaptureFiles.Reads(() =>
        {
            switch (kind)
            {
                case "trace" or "import":
                    CaptureFiles.ReadTrace(path);
                    break;
                case "states":
                    CaptureFiles.ReadStates(path);
                    break;
                case "checkpoints":
                    CapturedCheckpoints.Read(path).Buddyinfo(0);
                    break;
                default:
                    CaptureFolder.Open(Path.GetDirectoryName(path)!);
                    break;
            }
        });
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - _allocated, 0, MostBytes);
        return reads;
    }
}

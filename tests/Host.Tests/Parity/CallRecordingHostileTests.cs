using System.IO.Compression;
using System.Text;
using Sim.Engine.Random;
using Sim.Host.Parity.Calls;
using Sim.Host.Tests.Runs;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Parity;

/// <summary>Whatever stands in a recording of calls, its replay ends with a report or in <see cref="TraceFormatException"/>.</summary>
public sealed class CallRecordingHostileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CallParity _parity = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "no sequence")]
    [InlineData("# nothing\n", "no sequence")]
    [InlineData("{\"malloc\":1}\n", "no sequence")]
    [InlineData("{\n", "line 1")]
    [InlineData("[]\n", "line 1")]
    [InlineData("\n\n{\"seq\":0}\n", "line 3")]
    public void WhatIsNoRecordingIsRefusedWithItsLine(string text, string said)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "r"), text);
        var refused = Assert.Throws<TraceFormatException>(() => _parity.Run(Path.Combine(_folder.Path, "r"), TestContext.Current.CancellationToken));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNotThereIsRefused() =>
        Assert.Throws<TraceFormatException>(() => _parity.Run(Path.Combine(_folder.Path, "none"), TestContext.Current.CancellationToken));

    [Fact]
    public void ChangedBytesEndInAReportOrAreRefused()
    {
        byte[] good = Encoding.UTF8.GetBytes(Sequence());
        var random = new RandomStream(5, "calls");
        int refused = 0, replayed = 0;
        for (int round = 0; round < 400; round++)
        {
            byte[] bad = [.. good];
            for (int flips = 1 + (int)random.NextBelow(3); flips > 0; flips--)
            {
                int at = (int)random.NextBelow((ulong)bad.Length);
                // Other digits keep the line well formed, so that the kernel sees them.
                bad[at] = char.IsAsciiDigit((char)bad[at]) ? (byte)('0' + random.NextBelow(10)) : (byte)random.NextBelow(128);
            }
            if (Replays(bad))
            {
                replayed++;
            }
            else
            {
                refused++;
            }
        }
        Assert.True(refused > 20 && replayed > 20, $"{refused} refused, {replayed} replayed");
    }

    [Fact]
    public void EveryTruncationOfTheCompressedFileIsRefused()
    {
        var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(Encoding.UTF8.GetBytes(Sequence()));
        }
        byte[] good = packed.ToArray();
        Assert.True(Replays(good));
        for (int length = 0; length < good.Length - 8; length += Math.Max(1, good.Length / 60))
        {
            Assert.False(Replays(good[..length]), $"{length} of {good.Length} bytes");
        }
    }

    private bool Replays(byte[] bytes)
    {
        string path = Path.Combine(_folder.Path, "fuzzed");
        File.WriteAllBytes(path, bytes);
        try
        {
            return _parity.Run(path, TestContext.Current.CancellationToken).Sequences == 1;
        }
        catch (TraceFormatException)
        {
            return false;
        }
    }

    private static string Sequence()
    {
        using var lines = new StreamReader(new GZipStream(
            File.OpenRead(Path.Combine(Repository.Root, "traces", "calls", "vmaseq-amd64.jsonl.gz")), CompressionMode.Decompress));
        return lines.ReadLine()! + "\n";
    }
}

using System.Text;
using Sim.Engine.Random;
using Sim.Host.Experiments;

namespace Sim.Host.Tests.Experiments;

/// <summary>Whatever the bytes, the reader returns an experiment or throws its one typed exception.</summary>
public sealed class ExperimentFuzzTests
{
    private const int Rounds = 3_000;

    private static readonly byte[] Seed = Encoding.UTF8.GetBytes(
        """
        { // comment
          "name": "fuzz", "seed": 12, "machine": { "cpus": 2, "memory": "64MiB", "quantum": "1us", "tlb": { "l2": { "entries": 8, "ways": 2 } },
          "memoryMap": [ { "start": 0, "size": "32MiB", "type": "usable" } ] }, "kernel": { "profile": "i386-classic" },
          "log": { "codec": "none", "categories": ["-tlb"] }, "workload": [ { "type": "probe", "orders": [1, 2], "pause": "5ms", "trace": "x" } ],
          "stop": { "time": "10s", "events": 5, "whenOrderFails": 9 }
        }
        """);

    private static readonly string[] Splices =
        ["{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "0", "1e999", "99999999999999999999", "\\ud800", "\\u0000", "/*", "//", "\"type\":", "\"x\"", "\uFEFF"];

    [Fact]
    public void MutatedFilesGiveAnExperimentOrTheTypedException()
    {
        var random = new RandomStream(1, "fuzz");
        int read = 0;
        for (int round = 0; round < Rounds; round++)
        {
            List<byte> bytes = [.. Seed];
            for (int edits = 1 + (int)random.NextBelow(3); edits > 0; edits--)
            {
                Mutate(bytes, random);
            }
            read += Reads(bytes, round) ? 1 : 0;
        }
        Assert.InRange(read, 1, Rounds - 1);
    }

    [Fact]
    public void RandomBytesGiveTheTypedException()
    {
        var random = new RandomStream(2, "fuzz");
        for (int round = 0; round < Rounds; round++)
        {
            var bytes = new List<byte>();
            for (int length = (int)random.NextBelow(64); length > 0; length--)
            {
                bytes.Add((byte)random.NextBelow(round % 2 == 0 ? 256UL : 128UL));
            }
            Assert.False(Reads(bytes, round));
        }
    }

    private static bool Reads(List<byte> bytes, int round)
    {
        try
        {
            ExperimentText.Read([.. bytes]);
            return true;
        }
        catch (ExperimentException)
        {
            return false;
        }
        catch (Exception e)
        {
            Assert.Fail($"Round {round}: {e.GetType()}: {e.Message} for {Convert.ToHexString([.. bytes])}");
            return false;
        }
    }

    private static void Mutate(List<byte> bytes, RandomStream random)
    {
        int at = (int)random.NextBelow((ulong)bytes.Count);
        switch (random.NextBelow(4))
        {
            case 0:
                bytes[at] = (byte)random.NextUInt64();
                break;
            case 1:
                bytes.RemoveRange(at, (int)random.NextBelow((ulong)Math.Min(40, bytes.Count - at)));
                break;
            case 2:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Splices[random.NextBelow((ulong)Splices.Length)]));
                break;
            default:
                bytes.InsertRange(at, bytes.GetRange(at / 2, Math.Min(30, bytes.Count - (at / 2))));
                break;
        }
    }
}

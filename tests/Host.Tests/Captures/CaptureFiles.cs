using Sim.Host.Captures;
using Sim.Host.Tests.Runs;
using Sim.Host.Traces;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.Captures;

/// <summary>The golden capture and files that tests damage.</summary>
internal static class CaptureFiles
{
    /// <summary>Lines of a capture with swapping: checkpoints, kswapd's rounds, direct reclaim, batched frees, bulk requests, interrupts.</summary>
    public static string GoldenText => Golden("small.trace.txt");

    /// <summary>What it was imported into when the format was made.</summary>
    public static string GoldenImport => Golden("small.simpages");

    /// <summary>A state with two zones, two CPUs' lists and page blocks.</summary>
    public const string States = """
        ==== snap00.state
        zone DMA start 1 spanned 4095 present 3998 managed 3840 wm 10 20 30 40 boost 0 reserve 0 100 100 highatomic 0 flags 0 nr_free 20
        free 0 0 2: 10 12
        free 2 1 1: 20
        pcpinfo count 1 high 14 batch 7 free_factor 0 expire 0
        pcp 0 1: 30
        cpu 1
        pcpinfo count 1 high 14 batch 7 free_factor 1 expire 0
        pcp 13 1: 200/1
        pb 0 512 01111111
        zone DMA32 start 1000 spanned 4096 present 4096 managed 4000 wm 100 200 300 400 boost 5 reserve 0 0 100 highatomic 0 flags 0x10 nr_free 1024
        free 10 1 1: 1400
        pb 1000 512 11101111
        ==== snap01.state
        zone DMA start 1 spanned 4095 present 3998 managed 3840 wm 10 20 30 40 boost 0 reserve 0 100 100 highatomic 0 flags 0 nr_free 0
        pb 0 512 01111117
        """;

    /// <summary>Files of <c>/proc</c> at a checkpoint.</summary>
    public const string Checkpoints = """
        ==== cp00.start.buddyinfo
        Node 0, zone      DMA      1      1      1      0      1      1      1      1      0      1      3
        Node 0, zone    DMA32      6      6      6      6      6      6      6      6      6      6     43
        ==== cp00.start.vmstat
        nr_free_pages 12
        """;

    /// <summary>What a folder tells of itself.</summary>
    public const string Meta = """
        kernel       Linux version 6.1.0-56-amd64 (builder)
        memory       256 MB, 1 vCPU
        entries      #P:1
        """;

    /// <summary>Writes bytes and gives their path.</summary>
    public static string Write(TemporaryFolder folder, string name, byte[] bytes)
    {
        string path = folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Reads a file to its last field: true when all of it was good, false when it was refused as it should be.</summary>
    public static bool Reads(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (TraceFormatException)
        {
            return false;
        }
    }

    /// <summary>A trace in either form, its stretches, and what is told without a machine.</summary>
    public static void ReadTrace(string path)
    {
        FtraceText text = CaptureText.Read(path);
        foreach (string from in (string[])["start", "boot", "phase:anon"])
        {
            Reads(() => CaptureRange.Of(text, from));
        }
        if (!text.IsArranged)
        {
            CaptureOrder.Arrange(text);
        }
        _ = HeldBlock.Of(text.Events, new CaptureRange(text.Events.Length / 2, text.Events.Length, 0)).Count();
    }

    /// <summary>Every state of a file.</summary>
    public static void ReadStates(string path)
    {
        CapturedStates states = CapturedStates.Read(path);
        foreach (string name in states.Names.ToArray())
        {
            states.Get(name);
        }
    }

    private static string Golden(string name) => Path.Combine(OutsideTools.RepositoryRoot, "tests", "Host.Tests", "Captures", "golden", name);
}

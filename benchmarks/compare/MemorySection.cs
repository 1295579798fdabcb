using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Sim.Host.Experiments;
using Sim.Kernel;
using Sim.Kernel.Zones;

namespace Sim.Compare;

/// <summary>Memory of the simulator: for each simulated frame, and for each event logged (none).</summary>
internal static class MemorySection
{
    public static IEnumerable<Figure> Run()
    {
        yield return new Figure("memory, a frame", "bytes", Unsafe.SizeOf<Frame>(), "", 1, -32);
        // The difference of two machines leaves out what every machine has, whatever its memory. Both have memory above the
        // hole below 4 GiB, so they differ by memory alone.
        double perFrame = (double)(MachineBytes("13GiB") - MachineBytes("5GiB")) / ((8L << 30) >> 12);
        yield return new Figure("memory, a machine's whole sourced state", "bytes/frame", perFrame, "", 1, -32.05);

        const string shortRun = "60ms", longRun = "600ms";
        RecordedRun few = RunFor(shortRun), many = RunFor(longRun);
        yield return new Figure(
            "memory, allocated by the run loop for each further event", "bytes",
            (double)(many.AllocatedBytes - few.AllocatedBytes) / (many.Events - few.Events), "", 1, -0.01);

        (long events, long peak) shorter = PeakOfRun(shortRun), longer = PeakOfRun(longRun);
        Console.WriteLine($"     peak of a run: {shorter.peak / 1e6:0.0} MB with {shorter.events / 1e6:0.0} M events, {longer.peak / 1e6:0.0} MB with {longer.events / 1e6:0.0} M");
        yield return new Figure(
            "memory, peak of a run with ten times the events", "bytes", longer.peak, "peak of the shorter run", shorter.peak, -1.1);
    }

    private static long MachineBytes(string memory)
    {
        MachineOptions options = MachineModel.OptionsOf(RecordedRun.Load("quickstart", "machine.memory=" + memory));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var state = new MachineState(options);
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(state);
        return bytes;
    }

    private static string[] Durations(string each) => [$"workload[0].duration={each}", $"workload[1].duration={each}"];

    private static RecordedRun RunFor(string duration)
    {
        using var folder = new TemporaryFolder();
        return RecordedRun.Make(RecordedRun.Load("quickstart", Durations(duration)), folder.Path);
    }

    /// <summary>Events and peak resident memory of a process that runs the experiment.</summary>
    private static (long Events, long Peak) PeakOfRun(string duration)
    {
        using var folder = new TemporaryFolder();
        string run = Path.Combine(folder.Path, "run");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in new[]
        {
            SimCommand.Path, "run", Path.Combine(Limits.Root(), "traces", "quickstart.json"),
            "--out", run, "--quiet", "--json",
        })
        {
            start.ArgumentList.Add(argument);
        }
        foreach (string setting in Durations(duration))
        {
            start.ArgumentList.Add("--set");
            start.ArgumentList.Add(setting);
        }
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("cannot start dotnet");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        long peak = 0;
        // The system keeps the peak, so a look that comes late misses nothing but the last milliseconds.
        while (!process.WaitForExit(10))
        {
            peak = Math.Max(peak, PeakBytes(process.Id));
        }
        return process.ExitCode == 0
            ? (LogEvents(output.Result), peak)
            : throw new InvalidOperationException($"sim run failed with {process.ExitCode}: {errors.Result}");
    }

    private static long PeakBytes(int process)
    {
        try
        {
            string line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It has just ended.
            return 0;
        }
    }

    private static long LogEvents(string manifest)
    {
        using var json = System.Text.Json.JsonDocument.Parse(manifest);
        return json.RootElement.GetProperty("manifest").GetProperty("events").GetInt64();
    }
}

using System.Diagnostics;

namespace Sim.Compare;

/// <summary>The program as it is built to be used, a process for each command.</summary>
internal static class SimCommand
{
    /// <summary>What <c>dotnet run --project src/Host -c Release</c> runs; the copy beside this program is not compiled ahead of time as a whole.</summary>
    public static string Path { get; } = System.IO.Path.Combine(Limits.Root(), "src", "Host", "bin", "Release", "net10.0", "sim.dll");

    /// <summary>Runs a command; its wall time and its CPU time, user and system, in seconds.</summary>
    /// <exception cref="InvalidOperationException">It failed. Exit code 1, "not found", is an answer like any other.</exception>
    public static (double Wall, double Cpu) Run(params string[] arguments)
    {
        double cpu = ThreadCpu.OfChildren;
        long started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return process.ExitCode is 0 or 1
            ? (seconds, ThreadCpu.OfChildren - cpu)
            : throw new InvalidOperationException($"sim {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
    }
}

using System.ComponentModel;
using System.Diagnostics;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.EndToEnd;

/// <summary>A program in a process of its own, with what it printed and returned; killed if it does not end.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int TimeoutMs = 600_000;

    private readonly Process _process;
    private readonly Task<string> _output, _error;

    private ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Where <c>dotnet</c> finds the simulator: it is built beside the tests.</summary>
    public static string SimDll { get; } = Path.Combine(AppContext.BaseDirectory, "sim.dll");

    public bool HasExited => _process.HasExited;

    /// <summary>The simulator, as <c>dotnet sim.dll ARGUMENTS</c>.</summary>
    public static CommandLine.Result Sim(params string[] arguments) => Finish("dotnet", [SimDll, .. arguments]);

    /// <summary>The simulator under environment variables, each <c>NAME=value</c>, on one CPU when it says <c>pinned</c>.</summary>
    public static CommandLine.Result Sim(IEnumerable<string> environment, params string[] arguments)
    {
        string[] variables = [.. environment.Where(e => e.Contains('='))];
        string[] command = ["dotnet", SimDll, .. arguments];
        command = environment.Contains("pinned") ? ["taskset", "--cpu-list", FirstCpu(), .. command] : command;
        var start = new ProcessStartInfo(command[0], command[1..]);
        foreach (string variable in variables)
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }
        using var process = new ChildProcess(start);
        return process.Finish();
    }

    /// <summary>Runs a program to its end.</summary>
    public static CommandLine.Result Finish(string program, params string[] arguments)
    {
        using ChildProcess process = Start(program, arguments);
        return process.Finish();
    }

    public static ChildProcess Start(string program, params string[] arguments) => new(new ProcessStartInfo(program, arguments));

    /// <summary>True when the program is here and returns 0.</summary>
    public static bool Succeeds(string program, params string[] arguments)
    {
        try
        {
            return Finish(program, arguments).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Skips the test, with the reason, where something it needs is missing; where tools are required it fails.</summary>
    public static void Need(bool present, string reason)
    {
        if (!present && Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1")
        {
            Assert.Fail($"SIM_REQUIRE_TOOLS=1, but {reason}");
        }
        Assert.SkipUnless(present, reason);
    }

    /// <summary>Sends a signal such as <c>INT</c>.</summary>
    public void Signal(string name) => Succeeds("kill", $"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public CommandLine.Result Finish()
    {
        Assert.True(_process.WaitForExit(TimeoutMs), $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} does not end");
        _process.WaitForExit();
        return new CommandLine.Result(_process.ExitCode, _output.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    /// <summary>A CPU this process may run on.</summary>
    private static string FirstCpu() => File.ReadLines("/proc/self/status")
        .First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t', ',', '-')[1];
}

using System.Diagnostics;
using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Runs;

/// <summary>A disk that fills up while a run goes on.</summary>
public sealed class DiskFullTests
{
    [Fact]
    public async Task RunFailsWithOneMessageAndLosesNothingThatWasLogged()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["disk"]);
        Assert.SkipUnless(OperatingSystem.IsLinux() && Call("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder["disk"]), "a small tmpfs cannot be mounted here");
        try
        {
            string experiment = folder.Write("try.json", """{ "machine": { "memory": "128MiB" }, "stop": { "events": 3000000 }, "workload": [ { "type": "fragmentation" } ] }""");
            CommandLine.Result result = await CommandLine.RunAsync("run", experiment, "--out", folder["disk/run"], "--quiet");
            Assert.Equal((74, ""), (result.ExitCode, result.Out));
            string message = Assert.Single(result.Error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
            Assert.Contains("The last event that is surely on disk is ", message);
            CommandLine.Result verify = await CommandLine.RunAsync("verify", folder["disk/run"]);
            Assert.True(verify.ExitCode == 6, verify.Error);
            long whole = long.Parse(verify.Out.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
            long durable = long.Parse(message.Split("surely on disk is ")[1].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(durable, -1, whole - 1);
            Assert.InRange(whole, 50_000, 3_000_000);
        }
        finally
        {
            Call("umount", folder["disk"]);
        }
    }

    private static bool Call(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

using System.Diagnostics;
using Sim.Host.Tests.Docs;

namespace Sim.Host.Tests.Branches;

/// <summary>Golden: the commands on <c>docs/diff-and-branch.md</c> print what the page shows.</summary>
public class DiffAndBranchPageTests
{
    [Fact]
    public void TheCommandsPrintWhatThePageShows()
    {
        string folder = Directory.CreateTempSubdirectory("sim-page-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "traces"), Path.Combine(Repository.Root, "traces"));
            int commands = 0;
            foreach ((string command, string[] shown) in PageCommands.Of("diff-and-branch.md"))
            {
                string[] printed = Run(command, folder);
                int at = 0;
                foreach (string line in shown)
                {
                    int found = Array.IndexOf(printed, line, at);
                    Assert.True(found >= 0, $"{command}\ndoes not print, after line {at},\n{line}\nbut\n{string.Join('\n', printed)}");
                    at = found + 1;
                }
                commands++;
            }
            Assert.True(commands >= 10);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Run(string command, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", $"{Path.Combine(AppContext.BaseDirectory, "sim.dll")} {command["sim ".Length..]}")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode is 0 or 1, $"{command}: {error.Result}");
        return output.TrimEnd().Split('\n');
    }
}

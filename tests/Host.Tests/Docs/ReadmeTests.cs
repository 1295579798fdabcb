using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sim.Host.Tests.Docs;

/// <summary>Smoke: every command the README shows runs and ends well, in the order in which it is shown.</summary>
public partial class ReadmeTests
{
    [Fact]
    public void EveryCommandOfTheReadmeRuns()
    {
        string folder = Directory.CreateTempSubdirectory("sim-readme-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, "traces"), Path.Combine(Repository.Root, "traces"));
            string[] commands = [.. Commands()];
            Assert.True(commands.Length >= 15, "the README shows fewer commands than expected");
            foreach (string command in commands)
            {
                (int code, string output) = Run(command, folder);
                Assert.True(code == 0, $"{command} ended with {code}:\n{output}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The lines of <c>sh</c> blocks that call the simulator; the tests' own command is what runs this.</summary>
    private static IEnumerable<string> Commands() =>
        ShellBlock().Matches(File.ReadAllText(Path.Combine(Repository.Root, "README.md")))
            .SelectMany(block => block.Groups[1].Value.Split('\n'))
            .Select(line => line.Replace("dotnet run --project src/Host -c Release -- ", "sim ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("sim ", StringComparison.Ordinal));

    private static (int Code, string Output) Run(string command, string folder)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "sim.dll");
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command.Replace("sim ", $"exec dotnet {program} ", StringComparison.Ordinal) + " 2>&1"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();
}

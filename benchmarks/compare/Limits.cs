using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sim.Compare;

/// <summary>Compiles and runs the C++ loops of <c>benchmarks/limits</c>.</summary>
internal static class Limits
{
    /// <summary>
    /// Runs a limit pinned to one core and returns the number that <paramref name="pattern"/> captures, in units per
    /// CPU-second; the median of three runs.
    /// </summary>
    public static double Run(string name, string arguments, string pattern)
    {
        string binary = Compile(name);
        var figures = new List<double>();
        for (int i = 0; i < 3; i++)
        {
            string output = Execute("taskset", $"-c 0 {binary} {arguments}");
            Match match = Regex.Match(output, pattern);
            if (!match.Success)
            {
                throw new InvalidOperationException($"{name} printed no figure like /{pattern}/:\n{output}");
            }
            figures.Add(double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * 1e6);
        }
        return figures.Order().ElementAt(1);
    }

    private static string Compile(string name)
    {
        string source = Path.Combine(Root(), "benchmarks", "limits", name + ".cpp");
        string binary = Path.Combine(Path.GetTempPath(), "sim-limit-" + name);
        Execute("g++", $"-O3 -march=native -std=c++17 -w {source} -o {binary}");
        return binary;
    }

    /// <summary>The repository's root.</summary>
    public static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sim.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("Run it from inside the repository: no Sim.sln above " + AppContext.BaseDirectory);
    }

    private static string Execute(string file, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("cannot start " + file);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{file} {arguments} failed with {process.ExitCode}");
    }
}

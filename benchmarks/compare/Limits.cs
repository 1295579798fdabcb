using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sim.Compare;

/// <summary>Compiles and runs the C++ loops of <c>benchmarks/limits</c>.</summary>
internal static class Limits
{
    private const int Runs = 3;
    private static readonly HashSet<string> Compiled = [];

    /// <summary>Runs a limit pinned to one core, three times; the run whose first figure is the median.</summary>
    /// <param name="name">File name without its extension.</param>
    /// <param name="arguments">The program's arguments.</param>
    /// <param name="pattern">Captures the figures in what it prints.</param>
    /// <returns>The figures as printed.</returns>
    public static double[] Run(string name, string arguments, string pattern) => RunBinary(Compile(name), arguments, pattern);

    /// <inheritdoc cref="Run"/>
    public static double[] RunBinary(string binary, string arguments, string pattern)
    {
        var figures = new List<double[]>();
        for (int i = 0; i < Runs; i++)
        {
            string output = Execute("taskset", $"-c 0 {binary} {arguments}");
            Match match = Regex.Match(output, pattern);
            if (!match.Success)
            {
                throw new InvalidOperationException($"{binary} printed no figure like /{pattern}/:\n{output}");
            }
            figures.Add([.. match.Groups.Values.Skip(1).Select(g => double.Parse(g.Value, CultureInfo.InvariantCulture))]);
        }
        return figures.OrderBy(f => f[0]).ElementAt(Runs / 2);
    }

    /// <summary>Runs a limit that prints millions per CPU-second; returns units per CPU-second.</summary>
    public static double RunMillions(string name, string pattern) => Run(name, "", pattern)[0] * 1e6;

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

    /// <summary>Runs a program and returns what it prints.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Execute(string file, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("cannot start " + file);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{file} {arguments} failed with {process.ExitCode}");
    }

    /// <summary>True when a program of that name can be started.</summary>
    public static bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>The path of a limit's source.</summary>
    public static string SourceOf(string name) => Path.Combine(Root(), "benchmarks", "limits", name + ".cpp");

    /// <summary>Compiles a source as all limits are compiled.</summary>
    public static void Compile(string source, string binary) =>
        Execute("g++", $"-O3 -march=native -std=c++17 -w \"{source}\" -o \"{binary}\"");

    private static string Compile(string name)
    {
        string binary = Path.Combine(Path.GetTempPath(), "sim-limit-" + name);
        if (Compiled.Add(name))
        {
            Compile(SourceOf(name), binary);
        }
        return binary;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sim.Shims.Tests;

/// <summary>
/// Independent readers and writers that tests compare with: Python and Node.js, with modules installed outside this repository.
/// Where one is missing the test is skipped and says what to install; with <c>SIM_REQUIRE_TOOLS=1</c> it fails instead.
/// </summary>
public static class OutsideTools
{
    private const int TimeoutMs = 120_000;

    private static readonly ConcurrentDictionary<string, string?> Found = new();

    /// <summary>The top of the working tree: the folder that holds <c>Sim.sln</c>.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>Where Node packages for tests are declared, and installed by <c>npm install</c>. Scripts that import them live here.</summary>
    public static string NodeFolder { get; } = Path.Combine(RepositoryRoot, "tests", "node");

    private static bool Required => Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1";

    /// <summary>Returns a Python 3 interpreter that can import <paramref name="module"/>; skips or fails the test if there is none.</summary>
    public static string NeedPython(string module, string debianPackage) =>
        Found.GetOrAdd("python3 " + module, _ => FindPython(module))
        ?? throw Missing($"no python3 on this machine can import '{module}': apt-get install {debianPackage}");

    /// <summary>Returns the Node.js executable once every one of <paramref name="packages"/> is installed; skips or fails the test otherwise.</summary>
    public static string NeedNode(params string[] packages)
    {
        string node = Found.GetOrAdd("node", _ => Runs("node", "--version") ? "node" : null)
            ?? throw Missing("no Node.js on this machine: apt-get install nodejs npm");
        foreach (string package in packages)
        {
            if (!File.Exists(Path.Combine(NodeFolder, "node_modules", package, "package.json")))
            {
                throw Missing($"the Node package '{package}' is not installed: npm install --prefix tests/node");
            }
        }

        return node;
    }

    /// <summary>Runs a program in <see cref="NodeFolder"/> to its end and returns what it wrote to standard output.</summary>
    /// <exception cref="InvalidOperationException">It exited with another code than 0, or ran longer than two minutes; the message has its standard error.</exception>
    public static byte[] Run(string program, IEnumerable<string> arguments, ReadOnlyMemory<byte> standardInput = default)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = NodeFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        using MemoryStream output = new();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task writing = FeedAsync(process, standardInput);
        if (!process.WaitForExit(TimeoutMs))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{program} {string.Join(' ', start.ArgumentList)} did not end within {TimeoutMs / 1000} s");
        }

        Task.WaitAll(reading, errors, writing);
        return process.ExitCode == 0
            ? output.ToArray()
            : throw new InvalidOperationException($"{program} {string.Join(' ', start.ArgumentList)} exited with {process.ExitCode}: {errors.Result}");
    }

    private static async Task FeedAsync(Process process, ReadOnlyMemory<byte> input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended before it read everything; its exit code and standard error tell why.
        }
    }

    private static string? FindPython(string module)
    {
        string[] candidates = ["python3", "/usr/bin/python3", "/usr/local/bin/python3"];
        return Array.Find(candidates, python => Runs(python, "-c", "import " + module));
    }

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            Run(program, arguments);
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static Exception Missing(string reason)
    {
        if (Required)
        {
            Assert.Fail($"SIM_REQUIRE_TOOLS=1, but {reason}");
        }

        Assert.Skip(reason);
        return new InvalidOperationException(reason);
    }

    private static string FindRepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sim.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Sim.sln above {AppContext.BaseDirectory}");
    }
}

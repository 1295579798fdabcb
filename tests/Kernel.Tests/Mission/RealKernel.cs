using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// The kernel of the machine that runs the tests, asked through <c>machine_facts.c</c>; only for what no kernel since 6.1 has
/// changed. Without gcc on 64-bit Linux the test is skipped, or fails with <c>SIM_REQUIRE_TOOLS=1</c>.
/// </summary>
internal static class RealKernel
{
    private static readonly Lazy<string?> _program = new(() => Build("machine_facts.c", ["-O0"]));
    private static readonly Lazy<string?> _segments = new(
        () => Build("segments32.c", ["-m32", "-O1", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector"]));

    /// <summary>The lines that the program prints, each a name and its values.</summary>
    public static Dictionary<string, string[]> Ask(string what)
    {
        bool required = Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1";
        Assert.SkipUnless(_program.Value is not null || required, "no gcc on 64-bit Linux here: apt-get install gcc libc6-dev");
        Assert.NotNull(_program.Value);
        return Run(_program.Value, what);
    }

    /// <summary>The lines of <c>segments32.c</c>, a 32-bit program; the test is skipped where such cannot be made or executed.</summary>
    public static Dictionary<string, string[]> AskAboutSegments()
    {
        Assert.SkipUnless(_segments.Value is not null, "gcc cannot make 32-bit programs here: apt-get install gcc-multilib");
        try
        {
            return Run(_segments.Value!);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("this kernel does not execute 32-bit programs");
            throw;
        }
    }

    private static Dictionary<string, string[]> Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).ToDictionary(w => w[0], w => w[1..]);
    }

    private static string? Build(string file, string[] options)
    {
        string source = Path.Combine(Root(), "tests", "Kernel.Tests", "Mission", file);
        string program = Path.Combine(Directory.CreateTempSubdirectory("sim-facts-").FullName, Path.GetFileNameWithoutExtension(file));
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }
        try
        {
            using Process gcc = Process.Start(new ProcessStartInfo("gcc", [.. options, "-w", "-o", program, source]))!;
            gcc.WaitForExit();
            return gcc.ExitCode == 0 ? program : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>The top of the working tree: the folder that holds <c>Sim.sln</c>.</summary>
    public static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sim.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("The tests run outside the working tree: no folder above holds Sim.sln.");
    }
}

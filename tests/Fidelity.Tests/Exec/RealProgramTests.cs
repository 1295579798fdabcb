using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Events;
using Sim.Host.Parity;
using Sim.Kernel;
using Sim.Kernel.Boot;
using Sim.Kernel.Events;
using Sim.Kernel.Exec;
using Sim.Kernel.ProcFs;
using Sim.Shims.Tests;

namespace Sim.Fidelity.Tests.Exec;

/// <summary>
/// Real programs of the machine the tests run on: their headers as readelf reads them, and their layout as the running kernel
/// makes it. That kernel is not the simulated one; compared is what no version since 6.1 has changed: every area but the
/// kernel's own data, and the auxiliary vector's addresses.
/// </summary>
public class RealProgramTests
{
    private const int Wanted = 10;

    private static readonly string[] _candidates =
    [
        "/bin/ls", "/bin/cat", "/bin/bash", "/bin/sh", "/usr/bin/python3", "/usr/bin/perl", "/usr/bin/git", "/usr/bin/gcc", "/usr/bin/env", "/usr/bin/sort",
        "/usr/bin/tar", "/usr/bin/gzip", "/usr/bin/find", "/usr/bin/awk", "/sbin/ldconfig", "/usr/bin/openssl", "/usr/bin/make", "/usr/bin/node",
        "/usr/bin/ld", "/lib64/ld-linux-x86-64.so.2",
    ];

    private static List<string> Programs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "real programs of x86-64 Linux are compared");
        List<string> found = [.. _candidates.Where(p => File.Exists(p) && IsElf(p))];
        Assert.SkipUnless(found.Count >= Wanted || Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1", $"fewer than {Wanted} of the usual programs are here");
        Assert.True(found.Count >= Wanted, $"only {string.Join(' ', found)}");
        return found;
    }

    /// <summary>What ElfReader reads of a file is what the reader of readelf's listings reads of readelf's output.</summary>
    [Fact]
    public void HeadersAreAsReadelfReadsThem()
    {
        OutsideTools.NeedPython("json", "python3");
        Assert.SkipUnless(File.Exists("/usr/bin/readelf") || Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1", "no readelf: apt-get install binutils");
        foreach (string path in Programs())
        {
            string listing = System.Text.Encoding.UTF8.GetString(OutsideTools.Run("readelf", ["-hlW", path]));
            ElfImage expected = ReadelfListing.Parse(listing.Split('\n'), path), actual = Read(path);
            Assert.Equal(expected.Segments.Count, actual.Segments.Count);
            for (int i = 0; i < expected.Segments.Count; i++)
            {
                // readelf prints kinds that only the loader knows by name.
                Assert.Equal(expected.Segments[i], expected.Segments[i].Type == 0 ? actual.Segments[i] with { Type = 0 } : actual.Segments[i]);
            }
            Assert.Equal(
                (expected.Class, expected.Type, expected.Entry, expected.ProgramHeaderOffset, expected.Interpreter),
                (actual.Class, actual.Type, actual.Entry, actual.ProgramHeaderOffset, actual.Interpreter));
        }
    }

    /// <summary>At least ten programs, dynamic and static, are laid out as the running kernel lays them out.</summary>
    [Fact]
    public void LayoutsAreTheRunningKernels()
    {
        string python = OutsideTools.NeedPython("ctypes", "python3");
        string script = Path.Combine(OutsideTools.RepositoryRoot, "tests", "Fidelity.Tests", "Exec", "layout_at_exec.py");
        int compared = 0;
        foreach (string path in Programs())
        {
            using Process process = Process.Start(new ProcessStartInfo(python, [script, path]) { RedirectStandardOutput = true })!;
            string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            Assert.SkipWhen(process.ExitCode == 77, "this machine lets nobody switch off address randomisation or trace");
            Assert.Equal(0, process.ExitCode);
            (string[] areas, Dictionary<ulong, ulong> auxv) = LayOut(path);
            Assert.Equal(lines[..^1].Where(IsCompared).Select(Shape), areas);
            foreach ((ulong type, ulong value) in Auxv(lines[^1]))
            {
                // Capabilities and the signal frame are the processor's; the user is the tests'; rseq came with 6.3.
                if (type is not (16 or 26 or 51 or 27 or 28 or 11 or 12 or 13 or 14))
                {
                    Assert.True(auxv.TryGetValue(type, out ulong here) && here == value, $"{path}: AT {type} is 0x{value:x}, here 0x{here:x}");
                }
            }
            compared++;
        }
        Assert.True(compared >= Wanted);
    }

    private static (string[] Areas, Dictionary<ulong, ulong> Auxv) LayOut(string path)
    {
        var map = MemoryMap.FromSize(512L << 20);
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        KernelEvents.AddTo(catalogue);
        var machine = new Machine(
            new MachineOptions(new HardwareOptions { Frames = map.EndPfn }, new KernelOptions(), map), new Journal(new NullBlockSink(), catalogue), new TimingWheelEventQueue());
        machine.Boot();
        int pid = machine.Virtual.Processes.Create("test", machine.Cpus[0], -1);
        ExecResult result = machine.Virtual.Programs.Execute(
            pid, path, ProgramArguments.Of(path, [path], ["HOME=/"]), new HostFiles(), machine.Cpus[0], -1);
        Assert.NotNull(result.Start);
        return (
            [.. Maps.Render(machine.State.Virtual.Spaces, pid, machine.Journal.Symbols).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(IsCompared).Select(Shape)],
            result.Start.AuxiliaryVector.ToDictionary(p => (ulong)p.Type, p => p.Value));
    }

    /// <summary>The kernel's data has grown an area since; the vsyscall page is no area of the process.</summary>
    private static bool IsCompared(string line) => !line.Contains("[vvar", StringComparison.Ordinal) && !line.Contains("[vsyscall]", StringComparison.Ordinal);

    /// <summary>Addresses, rights, offset.</summary>
    private static string Shape(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..3]);

    private static IEnumerable<(ulong Type, ulong Value)> Auxv(string line)
    {
        byte[] bytes = Convert.FromHexString(line["auxv ".Length..]);
        for (int at = 0; at + 16 <= bytes.Length; at += 16)
        {
            yield return (BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at + 8)));
        }
    }

    private static bool IsElf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return file.ReadByte() == 0x7f && file.ReadByte() == 'E';
    }

    private static ElfImage Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        return ElfReader.Read(file, path);
    }

    private sealed class HostFiles : IProgramFiles
    {
        public ProgramFile? Open(string path) => File.Exists(path) ? new ProgramFile(path, Read(path)) : null;
    }
}

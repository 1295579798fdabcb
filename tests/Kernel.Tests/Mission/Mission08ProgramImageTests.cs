using System.Diagnostics;
using System.Globalization;
using Sim.Hardware.Paging;
using Sim.Kernel.Exec;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.ProcFs;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mission;

/// <summary>
/// Mission row 8: text, data and bss from a program's image. A real program of this machine is executed; its segments are read by
/// readelf, which knows nothing of this code.
/// </summary>
public sealed class Mission08ProgramImageTests
{
    private static readonly string[] _programs = ["/bin/bash", "/usr/bin/perl", "/usr/bin/git", "/bin/tar"];

    private readonly TestMachine _machine = new(bytes: 512L << 20);

    /// <summary>Every PT_LOAD that readelf lists is mapped: rounded to pages, with its rights, at its offset.</summary>
    [Fact]
    public void ExecveMapsTheFilesSegments()
    {
        (int pid, ulong bias, Segment[] segments) = Execute();
        MapsRow[] areas = [.. Maps.Rows(_machine.Spaces, pid, _machine.Journal.Symbols)];
        Assert.True(segments.Length >= 2);
        foreach (Segment s in segments)
        {
            ulong start = bias + (s.Address & ~0xfffUL), end = bias + ((s.Address + s.FileBytes + 0xfff) & ~0xfffUL);
            Assert.Contains(areas, a => a.Start == HexText(start) && a.End == HexText(end) && a.Offset == HexText(s.Offset & ~0xfffUL)
                && a.Perms == $"{(s.Flags.Contains('R') ? 'r' : '-')}{(s.Flags.Contains('W') ? 'w' : '-')}{(s.Flags.Contains('E') ? 'x' : '-')}p" && a.Pathname == Program());
        }
    }

    /// <summary>Writing to text and to literals is SIGSEGV with SEGV_ACCERR, and changes no page of the file.</summary>
    [Fact]
    public void TextAndLiteralsCannotBeWritten()
    {
        (int pid, ulong bias, Segment[] segments) = Execute();
        Segment[] readOnly = [.. segments.Where(s => !s.Flags.Contains('W'))];
        Assert.Contains(readOnly, s => s.Flags.Contains('E'));
        foreach (Segment s in readOnly)
        {
            ulong address = bias + s.Address;
            Assert.Equal(FaultResult.Resolved, Fault(pid, address, PageFaultErrorCode.User, out _));
            long frame = _machine.FrameAt(pid, address);
            Fault(pid, address, PageFaultErrorCode.User | PageFaultErrorCode.Write | PageFaultErrorCode.Protection, out SegvCode code);
            Assert.Equal((SegvCode.AccErr, frame), (code, _machine.FrameAt(pid, address)));
        }
    }

    /// <summary>The bss is anonymous memory, without a frame until it is touched; the file's last page is copied when it is written.</summary>
    [Fact]
    public void BssIsDemandZero()
    {
        (int pid, ulong bias, Segment[] segments) = Execute();
        Segment data = segments.Single(s => s.Flags.Contains('W'));
        ulong bss = (bias + data.Address + data.FileBytes + 0xfff) & ~0xfffUL, end = bias + data.Address + data.MemoryBytes;
        Assert.True(bss < end, $"{Program()} has a bss of more than a page");
        Assert.Equal(-1, _machine.FrameAt(pid, bss));
        AddressSpace mm = _machine.Spaces[pid];
        (long anon, long file) = (mm.AnonRss, mm.FileRss);
        Assert.Equal(FaultResult.Resolved, Fault(pid, bss, PageFaultErrorCode.User, out _));
        Assert.Equal(_machine.Spaces.ZeroPfn, _machine.FrameAt(pid, bss));
        Assert.Equal(FaultResult.Resolved, Fault(pid, bss, PageFaultErrorCode.User | PageFaultErrorCode.Write | PageFaultErrorCode.Protection, out _));
        Assert.Equal((anon + 1, file), (mm.AnonRss, mm.FileRss));
        Assert.NotEqual(_machine.Spaces.ZeroPfn, _machine.FrameAt(pid, bss));
    }

    private FaultResult Fault(int pid, ulong address, PageFaultErrorCode error, out SegvCode code) =>
        _machine.Virtual.Faults.Handle(pid, address, error, _machine.Machine.Cpus[0], -1, out code);

    private (int Pid, ulong Bias, Segment[] Segments) Execute()
    {
        bool required = Environment.GetEnvironmentVariable("SIM_REQUIRE_TOOLS") == "1";
        Assert.SkipUnless(required || (File.Exists("/usr/bin/readelf") && Program().Length > 0), "no readelf or no usual program here: apt-get install binutils");
        var cpu = _machine.Machine.Cpus[0];
        int pid = _machine.Virtual.Processes.Create("init", cpu, -1);
        ExecResult result = _machine.Virtual.Programs.Execute(pid, Program(), ProgramArguments.Of(Program(), [Program()], []), new HostFiles(), cpu, -1);
        Assert.Equal(Errno.None, result.Error);
        Segment[] segments = [.. Segments()];
        // Where the kernel has put the first one says where all are.
        ulong first = Convert.ToUInt64(Maps.Rows(_machine.Spaces, pid, _machine.Journal.Symbols)[0].Start, 16);
        return (pid, first - (segments[0].Address & ~0xfffUL), segments);
    }

    private static string Program() => _programs.FirstOrDefault(File.Exists) ?? "";

    private static string HexText(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static IEnumerable<Segment> Segments()
    {
        using Process process = Process.Start(new ProcessStartInfo("readelf", ["-lW", Program()]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        foreach (string[] w in output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 6 && w[0] == "LOAD"))
        {
            yield return new Segment(Hex(w[1]), Hex(w[2]), Hex(w[4]), Hex(w[5]), string.Concat(w[6..^1]));
        }
    }

    private static ulong Hex(string text) => Convert.ToUInt64(text, 16);

    private sealed record Segment(ulong Offset, ulong Address, ulong FileBytes, ulong MemoryBytes, string Flags);

    private sealed class HostFiles : IProgramFiles
    {
        public ProgramFile? Open(string path)
        {
            if (!File.Exists(path))
            {
                return null;
            }
            using FileStream file = File.OpenRead(path);
            return new ProgramFile(path, ElfReader.Read(file, path));
        }
    }
}

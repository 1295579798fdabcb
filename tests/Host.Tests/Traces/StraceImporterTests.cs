using Sim.Host.Traces;

namespace Sim.Host.Tests.Traces;

/// <summary>The importer against strace 6.1's text of the program that the lackey golden capture ran too.</summary>
public sealed class StraceImporterTests : IDisposable
{
    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mappings.strace")]
    [InlineData("mappings.raw.strace")]
    public void The_same_program_makes_the_same_mapping_calls_under_strace_and_lackey(string golden)
    {
        List<string> lackey = MappingShapes(_folder.ImportLackey(TraceFolder.Golden("mappings.lackey.gz")));
        ImportReport report = StraceImporter.Import(TraceFolder.Golden(golden), new ImportOptions(), _folder.InFolder("strace.simtrace"));
        List<string> strace = MappingShapes(TraceFolder.Dump(_folder.InFolder("strace.simtrace")));
        Assert.Equal(lackey, strace);
        Assert.Equal(19, report.MappingCalls);
        Assert.Equal(0, report.Header.Accesses);
        Assert.Equal("./mappings", report.Header.MetadataValue("program"));
    }

    [Fact]
    public void Raw_arguments_give_the_kernels_buffers()
    {
        StraceImporter.Import(TraceFolder.Golden("mappings.raw.strace"), new ImportOptions(), _folder.InFolder("raw"));
        List<string> dump = TraceFolder.Dump(_folder.InFolder("raw"));
        int read = dump.FindIndex(l => l.StartsWith("read 3 ", StringComparison.Ordinal));
        string address = dump[read].Split(' ')[2];
        Assert.Equal($"W {address} 200", dump[read + 1]);
        Assert.Contains(dump, l => l.StartsWith("W ", StringComparison.Ordinal) && l.EndsWith(" 390", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_of_mapped_files_come_from_descriptors()
    {
        StraceImporter.Import(TraceFolder.Golden("mappings.raw.strace"), new ImportOptions(), _folder.InFolder("a"));
        Assert.Contains(TraceFolder.Dump(_folder.InFolder("a")), l => l.StartsWith("mmap", StringComparison.Ordinal) && l.EndsWith("file=input.txt", StringComparison.Ordinal));
        StraceImporter.Import(TraceFolder.Golden("mappings.strace"), new ImportOptions(), _folder.InFolder("b"));
        Assert.Contains(TraceFolder.Dump(_folder.InFolder("b")), l => l.EndsWith("file=/tmp/sim-mappings/input.txt", StringComparison.Ordinal));
    }

    [Fact]
    public void Threads_are_kept_and_other_processes_left_out()
    {
        List<string> dump = Import(
            out ImportReport report,
            "10 execve(\"/bin/p\", [\"p\", \"a, (b)\"], 0x7ffc /* 3 vars */) = 0",
            "10 brk(NULL) = 0x5000",
            "10 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SETTLS, child_tid=0x7f1, stack=0x7f0}, 88 <unfinished ...>",
            "11 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0 <unfinished ...>",
            "10 <... clone3 resumed> => {parent_tid=[11]}, 88) = 11",
            "11 <... mmap resumed>)                    = 0x7f0000000000",
            "10 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f2) = 12",
            "12 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000010000",
            "10 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---",
            "12 +++ exited with 0 +++",
            "10 12:30:01.000123 munmap(0x7f0000000000, 4096) = 0",
            "10 mmap(NULL, 1, PROT_READ, MAP_PRIVATE, 9, 0) = -1 EBADF (Bad file descriptor)",
            "10 exit_group(0) = ?",
            "10 +++ exited with 0 +++");
        Assert.Equal("p a, (b)", report.Header.MetadataValue("program"));
        Assert.Contains("mmap 0 2000 3 20022 ffffffffffffffff 0 = 139637976727552 thread=2", dump);
        Assert.Contains("munmap 7f0000000000 1000 0 0 0 0 = 0 thread=1", dump);
        Assert.Contains("mmap 0 1 1 2 9 0 = -9 thread=1 file=fd:9", dump);
        Assert.DoesNotContain(dump, l => l.StartsWith("mmap 0 1000 ", StringComparison.Ordinal));
        Assert.Contains("area heap start=5000 length=0 prot=3 limit=0 offset=0", dump);
        Assert.Contains(report.Warnings, w => w.Contains("other processes", StringComparison.Ordinal));
    }

    [Fact]
    public void A_maps_file_gives_the_initial_areas()
    {
        string maps = _folder.WriteLines(
            "maps",
            "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus daemon",
            "00651000-00652000 rw-p 00051000 08:02 173521      /usr/bin/dbus daemon",
            "00652000-00655000 rw-p 00000000 00:00 0 ",
            "00e03000-00e24000 rw-p 00000000 00:00 0           [heap]",
            "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0   [stack]",
            "7ffc00100000-7ffc00102000 r-xp 00000000 00:00 0   [vdso]",
            "ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]");
        string text = _folder.WriteLines("text", "1 brk(NULL) = 0xe24000", "1 +++ exited with 0 +++");
        StraceImporter.Import(text, new ImportOptions { MapsPath = maps }, _folder.InFolder("out"));
        Assert.Equal(
            [
                "area text start=400000 length=52000 prot=5 limit=0 offset=0 file=/usr/bin/dbus daemon",
                "area data start=651000 length=1000 prot=3 limit=0 offset=51000 file=/usr/bin/dbus daemon",
                "area bss start=652000 length=3000 prot=3 limit=0 offset=0",
                "area heap start=e03000 length=21000 prot=3 limit=0 offset=0",
                "area stack start=7ffc00000000 length=21000 prot=3 limit=7ffbff821000 offset=0",
                "area mapping start=7ffc00100000 length=2000 prot=5 limit=0 offset=0 file=[vdso]",
                "brk 0 0 0 0 0 0 = 14827520 thread=1",
            ],
            TraceFolder.Dump(_folder.InFolder("out")));
        foreach (string wrong in (string[])["", "x", "00400000-00452000", "00452000-00400000 r-xp 0 08:02 1", "400001-500000 r-xp 0 08:02 1", "1-2 r 0 0 0"])
        {
            string bad = _folder.WriteLines("bad", wrong);
            Assert.Throws<TraceFormatException>(() => StraceImporter.Import(text, new ImportOptions { MapsPath = bad }, _folder.InFolder("no")));
        }
    }

    [Theory]
    [InlineData("10 mmap(NULL, 4096, PROT_READ, MAP_UNHEARD_OF, -1, 0) = 0x7f0000000000", "not known here")]
    [InlineData("10 execve(\"/bin/q\", [\"q\"], 0x7ffc) = 0", "replaced itself")]
    [InlineData("10 <... read resumed>) = 0", "not begun")]
    [InlineData("10 [ Process PID=10 runs in 32 bit mode. ]", "32-bit")]
    [InlineData("10 mmap(NULL, 4096, \"unclosed", "none that strace")]
    [InlineData("10 read(3, [[[[[[, 5) = 5", "none that strace")]
    [InlineData("10 munmap(0x1000, 4096) = done", "none that strace")]
    [InlineData("something else", "none that strace")]
    public void A_wrong_line_is_refused_by_number(string line, string problem)
    {
        string input = _folder.WriteLines("wrong", "10 execve(\"/bin/p\", [\"p\"], 0x7ffc) = 0", line, "10 +++ exited with 0 +++");
        TraceFormatException e = line[0] == 's'
            ? Assert.Throws<TraceFormatException>(() => Run(_folder.WriteLines("wrong", line)))
            : Assert.Throws<TraceFormatException>(() => Run(input));
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.Equal(line[0] == 's' ? 1 : 2, e.Line);
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Missing_empty_cut_and_damaged_texts_end_in_the_documented_exception_or_a_trace()
    {
        Assert.Throws<TraceFormatException>(() => Run(_folder.InFolder("none")));
        Assert.Throws<TraceFormatException>(() => Run(_folder.Write("empty", [])));
        Assert.Throws<TraceFormatException>(() => Run(_folder.Write("zeros", new byte[2_000_000])));
        byte[] text = File.ReadAllBytes(TraceFolder.Golden("mappings.strace"));
        for (int length = 0; length < text.Length; length += 13)
        {
            Assert.Throws<TraceFormatException>(() => Run(_folder.Write("cut", text[..length])));
        }

        for (int i = 0; i < text.Length; i += 5)
        {
            byte[] damaged = [.. text];
            damaged[i] ^= (byte)(1 << (i % 8));
            try
            {
                Run(_folder.Write("damaged", damaged));
                TraceReader.Verify(_folder.InFolder("out"));
            }
            catch (TraceFormatException e)
            {
                Assert.NotEmpty(e.Remedy);
            }
        }
    }

    private List<string> Import(out ImportReport report, params string[] lines)
    {
        report = Run(_folder.WriteLines("text.strace", lines));
        return TraceFolder.Dump(_folder.InFolder("out"));
    }

    private ImportReport Run(string input) => StraceImporter.Import(input, new ImportOptions { Quality = 0 }, _folder.InFolder("out"));

    /// <summary>Mapping calls without what differs between two runs: addresses and descriptors.</summary>
    private static List<string> MappingShapes(List<string> dump)
    {
        List<string> shapes = [];
        long firstBreak = dump.Where(l => l.StartsWith("brk ", StringComparison.Ordinal)).Select(l => long.Parse(l.Split(' ')[8])).First();
        foreach (string line in dump)
        {
            string[] words = line.Split(' ');
            shapes.AddRange(words[0] switch
            {
                "mmap" => [$"mmap {words[2]} {words[3]} {words[4]}"],
                "mprotect" or "madvise" => [$"{words[0]} {words[2]} {words[3]}"],
                "munmap" => [$"munmap {words[2]}"],
                "mremap" => [$"mremap {words[2]} {words[3]} {words[4]}"],
                "brk" => [$"brk {(words[1] == "0" ? 0 : (long)TraceFolder.Hex(words[1]) - firstBreak)} = {long.Parse(words[8]) - firstBreak}"],
                _ => Array.Empty<string>(),
            });
        }

        return shapes;
    }
}

using System.Globalization;
using System.Text;
using Sim.Host.Traces;
using Sim.Shims.Tests;

namespace Sim.Host.Tests.Traces;

/// <summary>The importer against the raw text of a real run: <c>golden/mappings.c</c> under valgrind 3.19.</summary>
public sealed class LackeyImporterTests : IDisposable
{
    private const string Segments = """
        --7:1: aspacem <<< SHOW_SEGMENTS: Memory layout at client startup (6 segments)
        --7:1: aspacem (1,49,7) /bin/program
        --7:1: aspacem   0: file 0000400000-0000400fff    4096 r-x-- d=0xfe00 i=1 o=0       (1,49)
        --7:1: aspacem   1: anon 0004000000-0004000fff    4096 rwx--
        --7:1: aspacem   2: RSVN 0004001000-00047fffff 8384512 ----- SmLower
        --7:1: aspacem   3: RSVN 1ffe801000-1ffeffefff 8380416 ----- SmUpper
        --7:1: aspacem   4: anon 1ffefff000-1fff000fff    8192 rw---
        --7:1: aspacem   5: ANON 7ffff7ff7000-7ffff7ffcfff   24576 r----
        --7:1: aspacem >>>
        """;

    private const string End = "==7== Exit code:       0";

    private readonly TraceFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_access_of_the_text_is_in_the_trace_in_order()
    {
        List<string> expected = [];
        foreach (string line in Encoding.UTF8.GetString(TraceFolder.GoldenText()).Split('\n'))
        {
            if (line.StartsWith("I  ", StringComparison.Ordinal) || (line.Length > 3 && line[0] == ' ' && line[2] == ' ' && "LSM".Contains(line[1])))
            {
                string[] numbers = line[3..].Split(',');
                expected.Add($"{line[..2].Trim()} {TraceFolder.Hex(numbers[0]).ToString("x", CultureInfo.InvariantCulture)} {numbers[1]}");
            }
        }

        List<string> dump = _folder.ImportLackey(TraceFolder.Golden("mappings.lackey.gz"));
        Assert.Equal(expected, dump.Where(l => l[1] == ' ' && "ILSM".Contains(l[0])));
        Assert.Equal(23_052, expected.Count);
    }

    [Fact]
    public void The_report_counts_what_the_text_holds_and_finds_nothing_amiss()
    {
        string output = _folder.InFolder("golden.simtrace");
        ImportReport report = LackeyImporter.Import(TraceFolder.Golden("mappings.lackey.gz"), new ImportOptions(), output);
        string text = Encoding.UTF8.GetString(TraceFolder.GoldenText());
        Assert.Equal(text.Count(c => c == '\n'), report.Lines);
        Assert.Equal(0, report.AccessesOutsideAreas);
        Assert.Equal(0, report.UnknownBuffers);
        Assert.Empty(report.Warnings);
        Assert.Equal(19, report.MappingCalls);
        TraceHeader header = TraceReader.Verify(output);
        Assert.Equal(report.Header.ContentHashHex, header.ContentHashHex);
        Assert.Equal((18_630, 2_861, 1_536, 25), (header.Fetches, header.Loads, header.Stores, header.Modifies));
        Assert.Equal("./mappings", header.MetadataValue("program"));
        Assert.Equal("valgrind 3.19.0 lackey", header.MetadataValue("capturedBy"));
    }

    [Fact]
    public void Areas_mapping_calls_and_kernel_buffers_stand_where_they_happened()
    {
        List<string> dump = _folder.ImportLackey(TraceFolder.Golden("mappings.lackey.gz"));
        Assert.Equal("area readonlydata start=400000 length=1000 prot=1 limit=0 offset=0 file=/tmp/sim-mappings/mappings", dump[0]);
        Assert.Equal("area bss start=4a7000 length=15000 prot=3 limit=0 offset=0", dump[4]);
        Assert.Equal("area heap start=4000000 length=0 prot=3 limit=0 offset=0", dump[5]);
        Assert.Equal("area stack start=1ffefff000 length=2000 prot=3 limit=1ffe801000 offset=0", dump[7]);
        Assert.Equal("W 1fff000d50 688", dump[8]);
        Assert.StartsWith("I ", dump[9], StringComparison.Ordinal);

        // The last access before read() is its instruction; the two after its buffer show that the order of the text is kept.
        int read = dump.IndexOf("read 3 4838f9c c8 0 0 0 = 200 thread=1");
        Assert.StartsWith("I ", dump[read - 1], StringComparison.Ordinal);
        Assert.Equal("W 4838f9c 200", dump[read + 1]);
        Assert.StartsWith("I ", dump[read + 2], StringComparison.Ordinal);
        Assert.Contains("mremap 480c000 2000 28000 1 0 0 = 75558912 thread=1", dump);
        Assert.Contains("rseq 0 0 0 0 0 0 = -38 thread=1", dump);
        Assert.Contains("mmap 0 1000 1 2 3 0 = 75522048 thread=1 file=input.txt", dump);
        Assert.Contains("arch_prctl 1002 4000380 0 0 0 0 = 0 thread=1", dump);
        Assert.Equal("exit_group 0 0 0 0 0 0 = 0 thread=1", dump[^1]);
    }

    [Fact]
    public void Touched_pages_counted_from_the_raw_text_equal_those_counted_from_the_trace()
    {
        string python = OutsideTools.NeedPython("json", "python3");
        string script = TraceFolder.Repository("tests/Host.Tests/Traces/touched_pages.py");
        string dump = _folder.WriteLines("dump.txt", [.. _folder.ImportLackey(TraceFolder.Golden("mappings.lackey.gz"))]);
        string fromTrace = Encoding.UTF8.GetString(OutsideTools.Run(python, [script, dump, "--pages"]));
        string fromText = Encoding.UTF8.GetString(OutsideTools.Run(python, [script, TraceFolder.Golden("mappings.lackey.gz"), "--pages"]));
        Assert.Equal(fromText, fromTrace);
        Assert.Contains("\"accesses\": 23052", fromTrace, StringComparison.Ordinal);
        Assert.Contains("\"faults\": 36", fromTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_text_and_gzip_give_the_same_trace()
    {
        string plain = _folder.Write("plain.txt", TraceFolder.GoldenText());
        LackeyImporter.Import(plain, new ImportOptions(), _folder.InFolder("a"));
        LackeyImporter.Import(TraceFolder.Golden("mappings.lackey.gz"), new ImportOptions(), _folder.InFolder("b"));
        Assert.Equal(File.ReadAllBytes(_folder.InFolder("a")), File.ReadAllBytes(_folder.InFolder("b")));
    }

    [Fact]
    public void A_call_broken_by_valgrinds_messages_is_put_together()
    {
        string[] dump = [.. Import(
            "SYSCALL[7,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 )--7:1:mallocfr newSuperblock at 0x1 (pszB 1)",
            "--7:1:mallocfr more (of it)",
            " --> [pre-success] Success(0x5000000) ",
            "SYSCALL[7,2](257) sys_openat ( 4294967196, 0x400010(/a, (b) c), 0 ) --> [async] ... ",
            "SYSCALL[7,1](12) sys_brk ( 0x4005000 ) --> [pre-success] Success(0x4005000) ",
            "SYSCALL[7,2](257) ... [async] --> Failure(0x2) ",
            " M 05001fff,4")];
        Assert.Equal(
            [
                "mmap 0 2000 3 22 ffffffff 0 = 83886080 thread=1",
                "brk 4005000 0 0 0 0 0 = 67129344 thread=1",
                "openat ffffff9c 400010 0 0 0 0 = -2 thread=2",
                "R 400010 10",
                "M 5001fff 4",
            ],
            dump[^5..]);
    }

    [Fact]
    public void Accesses_outside_every_area_are_counted()
    {
        string input = _folder.WriteLines("outside.txt", [.. Segments.Split('\n'), "I  00400000,3", " L 00900000,8", " S 1ffe900000,8", End]);
        ImportReport report = LackeyImporter.Import(input, new ImportOptions(), _folder.InFolder("out"));
        Assert.Equal(1, report.AccessesOutsideAreas);
        Assert.Contains("0x900000", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Initial_areas_may_come_from_a_file_of_their_own()
    {
        string input = _folder.WriteLines("text.txt", "==7== Lackey", "I  00400000,3", End);
        Assert.Contains("initial segments", Refused(input).Problem, StringComparison.Ordinal);
        string maps = _folder.WriteLines("maps.txt", Segments);
        ImportReport report = LackeyImporter.Import(input, new ImportOptions { MapsPath = maps }, _folder.InFolder("out"));
        Assert.Equal(3, report.Header.Events);
        Assert.Throws<TraceFormatException>(() => LackeyImporter.Import(
            input, new ImportOptions { MapsPath = _folder.WriteLines("bad.txt", "nonsense") }, _folder.InFolder("out2")));
    }

    [Theory]
    [InlineData("I  0040000g,3", "ADDRESS,SIZE")]
    [InlineData("I  00400000,", "ADDRESS,SIZE")]
    [InlineData(" L 00400000,0", "ADDRESS,SIZE")]
    [InlineData(" L 00400000,99999999999999999999", "ADDRESS,SIZE")]
    [InlineData(" L 100000000000000000,4", "ADDRESS,SIZE")]
    [InlineData("error: the program says something", "none that valgrind")]
    [InlineData("SYSCALL[8,1](39) sys_getpid ()[sync] --> Success(0x8)", "forked")]
    [InlineData("SYSCALL[7,1](9) sys_mmap ( 0x0, 8192 ) --> [pre-success] Success(0x5000000)", "argument that is missing")]
    [InlineData("SYSCALL[7,1](0) ... [async] --> Success(0x4)", "not begun")]
    [InlineData("SYSCALL[7,1](3) sys_close ( 4 )[sync] --> Perhaps", "Success or Failure")]
    [InlineData("SYSCALL[7,1", "process,thread")]
    [InlineData(" --> [pre-success] Success(0x0)", "without a system call")]
    public void A_wrong_line_is_refused_by_number_and_leaves_no_file(string line, string problem)
    {
        string input = _folder.WriteLines(
            "wrong.txt", [.. Segments.Split('\n'), "SYSCALL[7,1](39) sys_getpid ()[sync] --> Success(0x7)", line, End]);
        TraceFormatException e = Refused(input);
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.Equal(11, e.Line);
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Missing_empty_and_foreign_files_are_refused()
    {
        Assert.Contains("does not exist", Refused(_folder.InFolder("none")).Problem, StringComparison.Ordinal);
        Assert.Contains("empty", Refused(_folder.Write("empty", [])).Problem, StringComparison.Ordinal);
        Assert.Equal(1, Refused(_folder.Write("zeros", new byte[3_000_000])).Line);
        Assert.Equal(1, Refused(_folder.Write("open", Encoding.ASCII.GetBytes(new string('(', 500_000)))).Line);
        Assert.Contains("gzip", Refused(_folder.Write("gz", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_cut_off_anywhere_is_refused_unless_that_is_allowed()
    {
        byte[] text = TraceFolder.GoldenText();
        for (int i = 1; i < 60; i++)
        {
            Refused(_folder.Write("cut", text[..(int)((long)text.Length * i / 60)]));
        }

        string[] lines = [.. Segments.Split('\n'), "I  00400000,3"];
        string whole = _folder.WriteLines("whole", lines);
        Refused(whole);
        ImportReport report = LackeyImporter.Import(whole, new ImportOptions { AllowTruncated = true }, _folder.InFolder("allowed"));
        Assert.Equal(1, report.Header.Accesses);
    }

    [Fact]
    public void Damaged_text_ends_in_the_documented_exception_or_a_readable_trace()
    {
        byte[] text = TraceFolder.GoldenText();
        uint state = 7;
        int refused = 0;
        for (int round = 0; round < 60; round++)
        {
            byte[] damaged = [.. text];
            for (int i = 0; i < 3; i++)
            {
                state = (state * 1664525) + 1013904223;
                damaged[state % (uint)damaged.Length] ^= (byte)(1 << (int)(state >> 29));
            }

            try
            {
                LackeyImporter.Import(_folder.Write("damaged", damaged), new ImportOptions { Quality = 0 }, _folder.InFolder("out"));
                TraceReader.Verify(_folder.InFolder("out"));
            }
            catch (TraceFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 20, 60);
    }

    [Fact]
    public void A_cancelled_import_leaves_nothing_behind()
    {
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        string[] accesses = [.. Enumerable.Repeat("I  00400000,3", 300_000)];
        string input = _folder.WriteLines("many.txt", [.. Segments.Split('\n'), .. accesses, End]);
        Assert.Throws<OperationCanceledException>(() => LackeyImporter.Import(input, new ImportOptions(), _folder.InFolder("out"), cancelled.Token));
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    private List<string> Import(params string[] lines) =>
        _folder.ImportLackey(_folder.WriteLines("text.txt", [.. Segments.Split('\n'), .. lines, End]));

    private TraceFormatException Refused(string input) => Assert.Throws<TraceFormatException>(
        () => LackeyImporter.Import(input, new ImportOptions { Quality = 0 }, _folder.InFolder("refused")));
}

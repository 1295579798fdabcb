using System.IO.Compression;
using System.Text.Json;
using Sim.Host;

namespace Sim.Fidelity.Tests.Calls;

/// <summary>
/// What two real 6.1 kernels did with 22,000 random address-space calls, in 550 processes, this one does too, and what a 6.18 kernel did under its rules: result, areas, pages, page
/// tables, locked and data pages and faults after every call.
/// </summary>
public sealed class CallParityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("calls").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("vmaseq-amd64.jsonl.gz", 400, 16_000)]
    [InlineData("vmaseq-686-pae.jsonl.gz", 150, 6_000)]
    [InlineData("found-686-pae.jsonl.gz", 3, 180)]
    [InlineData("live-6.18.jsonl.gz", 60, 2_400)]
    public async Task EveryStepIsTheKernels(string recording, int sequences, int steps)
    {
        (int code, JsonElement report) = await Parity(Recording(recording));
        Assert.Equal(0, report.GetProperty("differences").GetArrayLength());
        Assert.Equal(sequences, report.GetProperty("sequences").GetInt32());
        Assert.Equal(sequences, report.GetProperty("sequencesEqual").GetInt32());
        Assert.Equal(steps, report.GetProperty("steps").GetInt32());
        Assert.Equal(steps, report.GetProperty("stepsEqual").GetInt32());
        Assert.Equal(0, code);
    }

    /// <summary>The comparison sees every field: a recording changed in one of them differs there, in that step alone.</summary>
    [Theory]
    [InlineData("\"vmpte\":", 1, "vmpte")]
    [InlineData("\"vmlck\":", 1, "vmlck")]
    [InlineData("\"vmdata\":", 1, "vmdata")]
    [InlineData("\"minflt\":", 1, "minflt")]
    [InlineData("\"majflt\":", 1, "majflt")]
    [InlineData("\"anon\":", 1, "rss.anon")]
    [InlineData("\"file\":", 1, "rss.file")]
    [InlineData("\"shmem\":", 1, "rss.shmem")]
    [InlineData("\"ret\":", 4096, "ret")]
    public async Task OneChangedFieldIsOneDifference(string member, long added, string field)
    {
        string first = FirstLine("vmaseq-amd64.jsonl.gz");
        // Behind the last step's call, so that the change is in a step and not in the state before the first.
        int call = first.LastIndexOf("{\"i\":", first.LastIndexOf("\"call\":\"mmap\"", StringComparison.Ordinal), StringComparison.Ordinal);
        int at = first.IndexOf(member, call, StringComparison.Ordinal) + member.Length, end = at;
        while (char.IsAsciiDigit(first[end]))
        {
            end++;
        }
        string changed = first[..at] + (long.Parse(first[at..end], System.Globalization.CultureInfo.InvariantCulture) + added) + first[end..];
        string file = Path.Combine(_folder, "changed.jsonl");
        await File.WriteAllTextAsync(file, changed + "\n", TestContext.Current.CancellationToken);
        (int code, JsonElement report) = await Parity(file);
        JsonElement difference = Assert.Single(report.GetProperty("differences").EnumerateArray());
        Assert.Equal(field, difference.GetProperty("field").GetString());
        Assert.Equal(39, report.GetProperty("stepsEqual").GetInt32());
        Assert.Equal((int)ExitCode.Difference, code);
    }

    [Fact]
    public async Task AreasAreComparedInEveryPart()
    {
        string first = FirstLine("vmaseq-amd64.jsonl.gz");
        foreach ((string from, string to, string part) in new[] { ("rw-p", "r--p", "perms"), ("32.A", "31.2A", "pages"), ("gd ac", "gd", "flags") })
        {
            int at = first.LastIndexOf(from, StringComparison.Ordinal);
            string file = Path.Combine(_folder, part + ".jsonl");
            await File.WriteAllTextAsync(file, first[..at] + to + first[(at + from.Length)..], TestContext.Current.CancellationToken);
            (_, JsonElement report) = await Parity(file);
            JsonElement difference = Assert.Single(report.GetProperty("differences").EnumerateArray());
            Assert.EndsWith("." + part, difference.GetProperty("field").GetString(), StringComparison.Ordinal);
        }
    }

    private static string FirstLine(string recording)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(Recording(recording)), CompressionMode.Decompress));
        return lines.ReadLine()!;
    }

    private static async Task<(int Code, JsonElement Report)> Parity(string file)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = await SimApplication.RunAsync(
            ["parity", "calls", file, "--json"], new StandardStreams(output, error, ErrorIsTerminal: false, Color: false),
            TestContext.Current.CancellationToken);
        Assert.True(code is 0 or 1, error.ToString());
        return (code, JsonDocument.Parse(output.ToString()).RootElement[0]);
    }

    private static string Recording(string name)
    {
        string? directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory!, "Sim.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return Path.Combine(directory!, "traces", "calls", name);
    }
}

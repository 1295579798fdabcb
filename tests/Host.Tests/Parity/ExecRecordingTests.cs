using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;
using Sim.Host.Parity;
using Sim.Host.Traces;

namespace Sim.Host.Tests.Parity;

public class ExecRecordingTests
{
    private static readonly string _recording = Path.Combine(Repository.Root, "traces", "vma", "exec.jsonl.gz");

    [Theory]
    [InlineData("{}", "no execve layout")]
    [InlineData("{\"arch\":\"sparc\"}", "arch is 'sparc'")]
    [InlineData("[]", "no execve layout")]
    [InlineData("nonsense", "no execve layout")]
    [InlineData("{\"arch\":\"amd64\",\"exec\":\"../../etc\"}", "no name of a file")]
    [InlineData("{\"arch\":\"amd64\",\"exec\":\"a\",\"stack_rlimit\":-5}", "stack_rlimit is -5")]
    public void ALineThatIsNoLayoutIsNamed(string line, string problem)
    {
        var e = Assert.Throws<TraceFormatException>(() => ExecRecording.Parse(line, "file", 7));
        Assert.StartsWith("file: line 7: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnyDamageIsAnErrorOrALayout()
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(_recording), CompressionMode.Decompress));
        string line = text.ReadLine()!;
        Gen<(int At, char Value)[]> changes = Gen.ArrayOf(Gen.Zip(Gen.Choose(0, line.Length - 1), Gen.Elements("0123456789-.,:[]{}\"nulae\0".ToCharArray())));
        Prop.ForAll(changes.ToArbitrary(), all =>
        {
            char[] damaged = line.ToCharArray();
            foreach ((int at, char value) in all)
            {
                damaged[at] = value;
            }
            try
            {
                ExecRecording.Parse(new string(damaged), "file", 1);
            }
            catch (TraceFormatException)
            {
            }
        }).QuickCheckThrowOnFailure();
    }
}

using System.Text.Json;
using Sim.Host;

namespace Sim.Fidelity.Tests.Calls;

/// <summary>
/// Random calls on the kernel of the machine that runs the test, under its version's rules. 300 processes, or with SIM_LONG_TESTS=1
/// 10,000, and a fifth as many in the legacy layout; where that kernel cannot be recorded, the reason is the test's.
/// </summary>
public class LiveCallParityTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5, "--legacy-layout")]
    public async Task EveryStepIsThisMachinesKernels(int part, params string[] options)
    {
        int sequences = (Environment.GetEnvironmentVariable("SIM_LONG_TESTS") == "1" ? 10_000 : 300) / part;
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = await SimApplication.RunAsync(
            ["parity", "calls", "--live", "--sequences", $"{sequences}", "--json", .. options],
            new StandardStreams(output, error, ErrorIsTerminal: false, Color: false), TestContext.Current.CancellationToken);
        Assert.SkipWhen(code == (int)ExitCode.Configuration, error.ToString().Trim());
        Assert.True(code is 0 or 1, error.ToString());
        JsonElement report = JsonDocument.Parse(output.ToString()).RootElement[0];
        Assert.True(report.GetProperty("differences").GetArrayLength() == 0, output.ToString());
        Assert.Equal(sequences, report.GetProperty("sequencesEqual").GetInt32());
        Assert.Equal(sequences * 40, report.GetProperty("stepsEqual").GetInt32());
    }
}

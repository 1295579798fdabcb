using Sim.Host.Tests.Commands;

namespace Sim.Host.Tests.Parity;

public class LiveCallsCommandTests
{
    [Theory]
    [InlineData("No recording", "parity", "calls")]
    [InlineData("give no FILE", "parity", "calls", "--live", "x.jsonl")]
    [InlineData("--sequences 0: give 1 to", "parity", "calls", "--live", "--sequences", "0")]
    public async Task WhatCannotBeMeantIsAUsageError(string said, params string[] arguments)
    {
        CommandLine.Result result = await CommandLine.RunAsync(arguments);
        Assert.Equal((int)ExitCode.Usage, result.ExitCode);
        Assert.Contains(said, result.Error, StringComparison.Ordinal);
    }

    /// <summary>proc is no place for files, and no ext4; where no process can be traced that is said first.</summary>
    [Fact]
    public async Task AFolderElsewhereThanOnExt4IsRefused()
    {
        CommandLine.Result result = await CommandLine.RunAsync("parity", "calls", "--live", "--sequences", "1", "--dir", "/proc");
        Assert.Equal((int)ExitCode.Configuration, result.ExitCode);
        Assert.StartsWith("error: --live: ", result.Error, StringComparison.Ordinal);
    }
}

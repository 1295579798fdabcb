using Microsoft.Extensions.DependencyInjection;

namespace Sim.Host.Tests.Commands;

/// <summary>Runs a command line in this process.</summary>
internal static class CommandLine
{
    /// <summary>What a command line came to.</summary>
    internal sealed record Result(int ExitCode, string Out, string Error);

    public static Task<Result> RunAsync(params string[] arguments) => RunAsync(null, CancellationToken.None, arguments);

    public static async Task<Result> RunAsync(Action<IServiceCollection>? configure, CancellationToken cancellation, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        int code = await SimApplication.RunAsync(arguments, new StandardStreams(output, error, ErrorIsTerminal: false, Color: false), cancellation, configure);
        return new Result(code, output.ToString(), error.ToString());
    }

    /// <summary>A failure is an exit code and one message, and no data.</summary>
    public static void AssertRefused(Result result, ExitCode code, string message)
    {
        Assert.Equal(((int)code, ""), (result.ExitCode, result.Out));
        Assert.StartsWith("error: ", result.Error);
        Assert.Contains(message, result.Error);
        Assert.Equal(result.Error.Length - 1, result.Error.IndexOf('\n'));
        Assert.DoesNotContain("   at ", result.Error);
    }
}

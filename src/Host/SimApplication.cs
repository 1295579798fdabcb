using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Sim.Engine.Log;
using Sim.Host.Commands;

namespace Sim.Host;

/// <summary>
/// The application: a generic host without configuration sources (neither environment variables nor appsettings can
/// change what a run does), and the command line. Every failure becomes one message on standard error and an exit code.
/// </summary>
public static class SimApplication
{
    /// <summary>Runs one command line.</summary>
    /// <param name="cancellation">Stops the command as Ctrl-C does.</param>
    /// <param name="configure">Replaces services; null for the application as it is.</param>
    public static async Task<int> RunAsync(
        string[] arguments, StandardStreams streams, CancellationToken cancellation, Action<IServiceCollection>? configure = null)
    {
        ExitCode code;
        try
        {
            using IHost host = BuildHost(streams, arguments, configure);
            await host.StartAsync(cancellation);
            var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping, cancellation);
            code = await InvokeAsync(CommandTree.Build(host.Services), arguments, streams, stop.Token);
            streams.Out.Flush();
            await host.StopAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            (code, string message) = Failure.Describe(e);
            TryFlush(streams.Out);
            streams.Error.WriteLine($"error: {message}");
        }
        return (int)code;
    }

    private static async Task<ExitCode> InvokeAsync(RootCommand root, string[] arguments, StandardStreams streams, CancellationToken stop)
    {
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (UsageError.Find(parsed) is { } error)
        {
            throw new CommandException(ExitCode.Usage, error);
        }
        try
        {
            return (ExitCode)await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = streams.Out,
                Error = streams.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            }, stop);
        }
        catch (CorruptLogException e) when (RunOf(parsed) is { } run)
        {
            throw Failure.DamagedLog(run, e);
        }
    }

    /// <summary>The run that the command line names; null when it names none.</summary>
    private static string? RunOf(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return command.Arguments.OfType<Argument<string>>().FirstOrDefault(a => a.Name == "RUN") is { } run ? parsed.GetValue(run)
            : command.Options.OfType<Option<string?>>().FirstOrDefault(o => o.Name == "--resume") is { } resume ? parsed.GetValue(resume)
            : null;
    }

    private static IHost BuildHost(StandardStreams streams, string[] arguments, Action<IServiceCollection>? configure)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings
        {
            ApplicationName = "sim",
            DisableDefaults = true,
        });
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.ColorBehavior = streams.Color ? LoggerColorBehavior.Default : LoggerColorBehavior.Disabled;
        });
        builder.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(arguments.Contains(CommandTree.Verbose) ? LogLevel.Debug : LogLevel.Warning);
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddSingleton(streams);
        builder.Services.AddSingleton(new CommandLineText(arguments));
        builder.Services.AddSimulator();
        configure?.Invoke(builder.Services);
        return builder.Build();
    }

    private static void TryFlush(TextWriter output)
    {
        try
        {
            output.Flush();
        }
        catch (IOException)
        {
            // The error under way is the one to report.
        }
    }
}

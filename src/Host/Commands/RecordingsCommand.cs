using System.CommandLine;

namespace Sim.Host.Commands;

/// <summary>The command line of the comparisons with recordings: files in, a report in words or JSON out.</summary>
internal static class RecordingsCommand
{
    /// <param name="name">Its name after <c>parity</c>.</param>
    /// <param name="description">What it compares, with examples.</param>
    /// <param name="run">Compares the files; told whether JSON is wanted.</param>
    public static Command Build(string name, string description, Func<string[], bool, CancellationToken, ExitCode> run)
    {
        var command = new Command(name, description);
        var files = new Argument<string[]>("FILE") { Description = "Recordings; may be gzip-compressed.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(files);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) => Task.FromResult((int)run(parsed.GetValue(files)!, parsed.GetValue(json), cancellation)));
        return command;
    }
}

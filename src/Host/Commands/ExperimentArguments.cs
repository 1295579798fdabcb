using System.CommandLine;
using System.CommandLine.Parsing;
using Sim.Host.Experiments;

namespace Sim.Host.Commands;

/// <summary>The experiment file and the options that override it, shared by <c>run</c> and <c>config</c>.</summary>
internal sealed class ExperimentArguments
{
    private readonly Option<string?> _seed = new("--seed") { HelpName = "N", Description = "Seed of every random stream." };

    private readonly Option<string?> _until = new("--until") { HelpName = "T", Description = "Stop at this simulated time, such as 10s." };

    private readonly Option<string[]> _set = new("--set")
    {
        HelpName = "path=value",
        Description = "Override a setting, such as machine.memory=2GiB. May be given several times.",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
    };

    public Argument<string?> File { get; } = new("EXPERIMENT.json") { Description = "The experiment file.", Arity = ArgumentArity.ZeroOrOne };

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(File);
        command.Options.Add(_seed);
        command.Options.Add(_set);
        command.Options.Add(_until);
    }

    /// <summary>True when the command line names an experiment, or anything of one.</summary>
    public bool IsGiven(ParseResult parsed) =>
        parsed.GetValue(File) is not null || parsed.GetValue(_seed) is not null || parsed.GetValue(_until) is not null || parsed.GetValue(_set)!.Length > 0;

    /// <summary>The experiment as the command line has it.</summary>
    /// <exception cref="CommandException">An option or the file is wrong.</exception>
    public Experiment Load(ParseResult parsed, ExperimentFile reader, params IEnumerable<ConfigOverride> more)
    {
        List<ConfigOverride> overrides = [.. parsed.GetValue(_set)!.Select(ConfigOverride.Parse)];
        if (parsed.GetValue(_seed) is { } seed)
        {
            OptionText.Number("--seed", seed);
            overrides.Add(new ConfigOverride($"--seed {seed}", "seed", seed));
        }
        if (parsed.GetValue(_until) is { } until)
        {
            OptionText.Time("--until", until);
            overrides.Add(new ConfigOverride($"--until {until}", "stop.time", until));
        }
        overrides.AddRange(more);
        return reader.Load(parsed.GetValue(File) ?? throw Missing(parsed), overrides);
    }

    private static CommandException Missing(ParseResult parsed)
    {
        string command = parsed.CommandResult.Command.Name;
        for (SymbolResult? at = parsed.CommandResult.Parent; at is CommandResult { Parent: not null } outer; at = outer.Parent)
        {
            command = $"{outer.Command.Name} {command}";
        }
        return new CommandException(ExitCode.Usage, $"sim {command} needs EXPERIMENT.json, such as traces/quickstart.json.");
    }
}

using System.CommandLine;
using System.Text.Json;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>config show|validate|schema</c>.</summary>
internal sealed class ConfigCommand(StandardStreams streams, ExperimentFile experiments, WorkloadRegistry workloads) : ICommandModule
{
    public Command Build() => new("config", "Shows, checks and describes experiment files.")
    {
        Show(), Validate(), Schema(),
    };

    private Command Show()
    {
        var command = new Command("show", "Prints the effective configuration: every setting, every default.");
        var arguments = new ExperimentArguments();
        arguments.AddTo(command);
        command.SetAction(parsed =>
        {
            streams.Out.Write(experiments.Write(arguments.Load(parsed, experiments)));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private Command Validate()
    {
        var command = new Command("validate", "Checks an experiment file and the files it names; prints its identity.");
        var arguments = new ExperimentArguments();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        arguments.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            Experiment experiment = arguments.Load(parsed, experiments);
            ExperimentIdentity identity = experiments.Identify(experiment, EngineVersion.Current);
            if (parsed.GetValue(json))
            {
                streams.Out.WriteLine(JsonSerializer.Serialize(new
                {
                    ok = true,
                    experiment = experiment.Name,
                    seed = experiment.Seed,
                    engineVersion = EngineVersion.Current,
                    configHash = identity.ConfigHash,
                    runId = identity.RunId,
                }, HostJson.Line));
            }
            else
            {
                streams.Out.WriteLine($"{experiment.Name}: valid. seed {experiment.Seed}, configHash {identity.ConfigHash}, runId {identity.RunId}");
            }
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private Command Schema()
    {
        var command = new Command("schema", "Prints the JSON Schema (draft 2020-12) of experiment files.");
        command.SetAction(_ =>
        {
            streams.Out.Write(ConfigSchema.Generate(workloads));
            return (int)ExitCode.Ok;
        });
        return command;
    }
}

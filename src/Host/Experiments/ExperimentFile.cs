using System.Text.RegularExpressions;
using Sim.Kernel.Boot;

namespace Sim.Host.Experiments;

/// <summary>Reads experiment files and writes effective configurations.</summary>
/// <param name="workloads">The workloads a phase may name.</param>
public sealed class ExperimentFile(WorkloadRegistry workloads)
{
    /// <summary>Reads an experiment from a file and applies the overrides of the command line, in their order.</summary>
    /// <exception cref="ExperimentException">The file or an override is wrong.</exception>
    public Experiment Load(string path, IEnumerable<ConfigOverride> overrides) => Read(ConfigText.Load(path), overrides);

    /// <summary>Reads an experiment from bytes.</summary>
    /// <param name="text">The bytes; its name is in messages and gives the experiment's default name and folder.</param>
    /// <exception cref="ExperimentException">The text or an override is wrong.</exception>
    public Experiment Read(ConfigText text, IEnumerable<ConfigOverride> overrides)
    {
        ConfigNode root = ConfigParser.Parse(text);
        var binder = new ConfigBinder(text, workloads);
        if (root.Kind != ConfigKind.Object)
        {
            throw binder.Problem(root, "", $"an experiment is a JSON object, this is {root.Describe()}.");
        }
        foreach (ConfigOverride change in overrides)
        {
            change.Apply(root);
        }
        root.Members.RemoveAll(m => m is { Key: "$schema", Value.Kind: ConfigKind.String });
        if (root["name"] is null)
        {
            root.Put("name", new ConfigNode(ConfigKind.Raw, new ConfigPlace(0), NameFrom(text.Name)));
        }
        var experiment = (Experiment)binder.BindRecord(root, typeof(Experiment), "");
        try
        {
            MachineModel.Check(experiment);
        }
        catch (ImpossibleMachineException e)
        {
            throw text.Problem(PlaceOf(root, e.Option), e.Message);
        }
        return experiment;
    }

    /// <summary>The effective configuration: every default written out. Reading it gives the same experiment.</summary>
    public string Write(Experiment experiment) => new ConfigWriter(workloads).Write(experiment);

    /// <summary>The identity of a run of the experiment.</summary>
    /// <exception cref="ExperimentException">An input file cannot be read.</exception>
    public ExperimentIdentity Identify(Experiment experiment, int engineVersion) =>
        ExperimentIdentity.Of(new ConfigWriter(workloads).WriteIdentity(experiment), experiment.Seed, engineVersion);

    /// <summary>Where the key of a path is written, or the nearest section that is.</summary>
    private static ConfigPlace PlaceOf(ConfigNode root, string path)
    {
        ConfigNode node = root;
        foreach (string key in path.Split('.', '['))
        {
            if (node[key] is not { } next)
            {
                break;
            }
            node = next;
        }
        return node.Place;
    }

    private static string NameFrom(string path)
    {
        string name = Regex.Replace(Path.GetFileNameWithoutExtension(path), "[^A-Za-z0-9._-]", "-").TrimStart('.', '-', '_');
        return name.Length == 0 ? "experiment" : name[..Math.Min(name.Length, 64)];
    }
}

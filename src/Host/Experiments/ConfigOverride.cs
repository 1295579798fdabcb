namespace Sim.Host.Experiments;

/// <summary>
/// <c>--set path=value</c>: a dotted path such as <c>machine.cpus</c> or <c>workload[0].tasks</c>, and a value. A value
/// that starts with <c>{</c>, <c>[</c> or <c>"</c> is JSON; anything else is taken as the setting at the path wants it.
/// </summary>
/// <param name="Option">As given, for messages.</param>
public sealed record ConfigOverride(string Option, string Path, string Value)
{
    /// <summary>Takes apart what follows <c>--set</c>.</summary>
    /// <exception cref="CommandException">It has no <c>=</c> or an empty path (exit code 2).</exception>
    public static ConfigOverride Parse(string argument)
    {
        int equals = argument.IndexOf('=');
        if (equals <= 0)
        {
            throw new CommandException(ExitCode.Usage, $"--set {argument}: expected path=value, such as --set machine.memory=2GiB.");
        }
        return new ConfigOverride($"--set {argument}", argument[..equals].Trim(), argument[(equals + 1)..]);
    }

    /// <summary>Puts the value at the path, making objects on the way.</summary>
    /// <exception cref="ExperimentException">The path does not lead there, or the value is not JSON.</exception>
    public void Apply(ConfigNode root)
    {
        var place = new ConfigPlace(-1, Option);
        ConfigNode value = Value.AsSpan().TrimStart() is ['{' or '[' or '"', ..]
            ? ConfigParser.ParseOption(Option, Value)
            : new ConfigNode(ConfigKind.Raw, place, Value);
        string[] steps = Path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.');
        ConfigNode node = root;
        for (int i = 0; i < steps.Length; i++)
        {
            bool last = i == steps.Length - 1;
            string parent = string.Join('.', steps[..i]);
            switch (node.Kind)
            {
                case ConfigKind.Object:
                    if (last)
                    {
                        node.Put(steps[i], value);
                    }
                    else if (node[steps[i]] is { } member)
                    {
                        node = member;
                    }
                    else
                    {
                        var made = new ConfigNode(ConfigKind.Object, place);
                        node.Put(steps[i], made);
                        node = made;
                    }
                    break;
                case ConfigKind.Array:
                    node = Item(node, steps[i], parent, last ? value : null);
                    break;
                default:
                    throw new ExperimentException($"{Option}: {parent} is {node.Describe()}, so nothing can be set inside it.");
            }
        }
    }

    private ConfigNode Item(ConfigNode array, string step, string path, ConfigNode? value)
    {
        int count = array.Items.Count;
        if (!int.TryParse(step, out int index) || index < 0 || index > count || (index == count && value is null))
        {
            throw new ExperimentException(
                $"{Option}: {path} is a list of {count} items; \"{step}\" is not one of them. Items count from 0; {count} appends.");
        }
        if (value is null)
        {
            return array.Items[index];
        }
        if (index == count)
        {
            array.Items.Add(value);
        }
        else
        {
            array.Items[index] = value;
        }
        return value;
    }
}

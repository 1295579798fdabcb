using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Sim.Engine.Scheduling;
using Sim.Host.Workloads;
using Sim.Kernel;

namespace Sim.Host.Tests.Docs;

/// <summary>
/// Invariant: <c>docs/state.md</c> classifies every field that can change of every type a running machine consists of, and
/// names no field that is not there.
/// </summary>
public partial class StateDocTests
{
    [Fact]
    public void EveryFieldThatCanChangeIsClassified()
    {
        SortedDictionary<string, SortedSet<string>> documented = Documented();
        var missing = new List<string>();
        foreach ((string type, SortedSet<string> fields) in Reachable())
        {
            string[] undocumented = [.. fields.Except(documented.GetValueOrDefault(type) ?? [])];
            if (undocumented.Length > 0)
            {
                missing.Add($"{type}: {string.Join(", ", undocumented)}");
            }
        }
        Assert.True(missing.Count == 0, "docs/state.md lacks\n" + string.Join("\n", missing));
    }

    [Fact]
    public void NoClassifiedFieldIsGone()
    {
        SortedDictionary<string, SortedSet<string>> reachable = Reachable();
        var stale = new List<string>();
        foreach ((string type, SortedSet<string> fields) in Documented())
        {
            stale.AddRange(fields.Except(reachable.GetValueOrDefault(type) ?? []).Select(f => $"{type}.{f}"));
        }
        Assert.True(stale.Count == 0, "docs/state.md names what is not there:\n" + string.Join("\n", stale));
    }

    private static SortedDictionary<string, SortedSet<string>> Documented()
    {
        var documented = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path.Combine(Repository.Root, "docs", "state.md")))
        {
            Match row = Row().Match(line);
            if (row.Success)
            {
                SortedSet<string> fields = documented.TryGetValue(row.Groups[1].Value, out SortedSet<string>? known)
                    ? known : documented[row.Groups[1].Value] = new SortedSet<string>(StringComparer.Ordinal);
                foreach (Match field in Code().Matches(row.Groups[2].Value))
                {
                    Assert.True(fields.Add(field.Groups[1].Value), $"docs/state.md classifies {row.Groups[1].Value}.{field.Groups[1].Value} twice");
                }
            }
        }
        return documented;
    }

    /// <summary>The types a running machine consists of, and their fields that can change or that hold an array.</summary>
    private static SortedDictionary<string, SortedSet<string>> Reachable()
    {
        Type[] all = [.. ((Assembly[])[typeof(Scheduler).Assembly, typeof(Hardware.Board).Assembly, typeof(Machine).Assembly, typeof(IWorkload).Assembly])
            .SelectMany(a => a.GetTypes()).Where(t => t.GetCustomAttribute<CompilerGeneratedAttribute>() is null)];
        var reachable = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var seen = new HashSet<Type>();
        var queue = new Queue<Type>();
        Visit(typeof(Machine));
        foreach (Type workload in all.Where(t => t.IsClass && t.IsAssignableTo(typeof(IWorkload))))
        {
            Visit(workload);
        }
        while (queue.TryDequeue(out Type? type))
        {
            for (Type? level = type; level is not null && IsOurs(level); level = level.BaseType)
            {
                foreach (FieldInfo field in level.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    Visit(field.FieldType);
                    if (CanChange(field))
                    {
                        string name = NameOf(level);
                        (reachable.TryGetValue(name, out SortedSet<string>? fields) ? fields : reachable[name] = new(StringComparer.Ordinal)).Add(NameOf(field));
                    }
                }
            }
        }
        return reachable;

        void Visit(Type type)
        {
            if (type.HasElementType)
            {
                Visit(type.GetElementType()!);
                return;
            }
            foreach (Type argument in type.GetGenericArguments())
            {
                Visit(argument);
            }
            if (!IsOurs(type) || type.IsEnum || IsRecord(type) || !seen.Add(type))
            {
                return;
            }
            queue.Enqueue(type);
            if (type.IsInterface || type.IsAbstract)
            {
                foreach (Type implementation in all.Where(t => t is { IsInterface: false, IsAbstract: false } && t != type && t.IsAssignableTo(type)))
                {
                    Visit(implementation);
                }
            }
        }
    }

    /// <summary>The log's writer and what it consists of work behind the journal and are no part of the simulated world.</summary>
    private static bool IsOurs(Type type) =>
        type.Namespace is { } ns && ns.StartsWith("Sim.", StringComparison.Ordinal)
        && !ns.StartsWith("Sim.Engine.Log", StringComparison.Ordinal) && !ns.StartsWith("Sim.Host.Traces", StringComparison.Ordinal)
        && !ns.StartsWith("Sim.Host.Experiments", StringComparison.Ordinal);

    private static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) is not null;

    private static bool CanChange(FieldInfo field) =>
        !field.IsInitOnly && !(IsOurs(field.FieldType) && field.FieldType.IsClass && IsCaptured(field))
        || field.FieldType.IsArray
        || (field.FieldType.IsGenericType && field.FieldType.Namespace == "System.Collections.Generic" && field.FieldType.IsClass);

    private static bool IsCaptured(FieldInfo field) => field.Name.EndsWith(">P", StringComparison.Ordinal);

    private static string NameOf(Type type) =>
        (type.DeclaringType is { } outer ? NameOf(outer) + "." : type.Namespace!["Sim.".Length..] + ".") + type.Name;

    private static string NameOf(FieldInfo field) =>
        BackingField().Match(field.Name) is { Success: true } match ? match.Groups[1].Value : field.Name;

    [GeneratedRegex(@"^\| `([\w.`]+?)` \| \w+ \| (.*?) \|")]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("^<(.+)>(k__BackingField|P)$")]
    private static partial Regex BackingField();
}

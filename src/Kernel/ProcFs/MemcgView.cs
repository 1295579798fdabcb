using System.Globalization;
using System.Text;
using Sim.Kernel.Memcg;
using Sim.Kernel.Mm;

namespace Sim.Kernel.ProcFs;

/// <summary>The files of the cgroup that all tasks are in, one after the other (cgroup v2, mm/memcontrol.c, Linux 6.1); sizes in bytes.</summary>
public static class MemcgView
{
    /// <summary>The figures by file and name; nothing without a limit.</summary>
    public static IEnumerable<KeyValuePair<string, long>> Rows(AddressSpaces spaces)
    {
        if (spaces.Reclaim?.Memcg is not { } group)
        {
            yield break;
        }
        yield return new("memory.current", group.Pages << Zones.Page.Shift);
        yield return new("memory.max", group.MaxPages << Zones.Page.Shift);
        yield return new("memory.peak", group.PeakPages << Zones.Page.Shift);
        yield return new("memory.swap.current", (long)spaces.Reclaim.Swap.Area.InUse << Zones.Page.Shift);
        yield return new("memory.events:max", group.MaxEvents);
        yield return new("memory.events:oom", group.OomEvents);
        yield return new("memory.events:oom_kill", group.OomKills);
        foreach ((string name, long value) in MemcgStat.Rows(spaces))
        {
            yield return new($"memory.stat:{name}", value);
        }
    }

    /// <summary>Each file under its name, as <c>head -n-0 memory.*</c> prints them.</summary>
    public static string Render(AddressSpaces spaces)
    {
        var text = new StringBuilder();
        string last = "";
        foreach ((string key, long value) in Rows(spaces))
        {
            string[] parts = key.Split(':');
            if (parts[0] != last)
            {
                text.Append(last.Length > 0 ? "\n" : "").Append("==> ").Append(parts[0]).Append(" <==\n");
                last = parts[0];
                text.Append(last == "memory.events" ? "low 0\nhigh 0\n" : "");
            }
            text.Append(CultureInfo.InvariantCulture, $"{(parts.Length > 1 ? parts[1] + " " : "")}{value}\n");
            text.Append(parts is [_, "oom_kill"] ? "oom_group_kill 0\n" : "");
        }
        return text.Length > 0 ? text.ToString() : "The run has no limited memory cgroup; kernel.memcg.max sets one.\n";
    }
}

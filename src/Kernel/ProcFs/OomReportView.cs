using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Oom;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Kernel.ProcFs;

/// <summary>A process killed for memory; sizes in KiB.</summary>
/// <param name="Seq">Its number among the kills, from 1.</param>
/// <param name="Pid">The process.</param>
/// <param name="Comm">Its program.</param>
public sealed record OomRow(
    [property: JsonPropertyName("seq")] int Seq,
    [property: JsonPropertyName("pid")] int Pid,
    [property: JsonPropertyName("comm")] string Comm);

/// <summary>
/// The kernel's report of the last kill (<c>dump_header</c>, <c>dump_tasks</c>, <c>__oom_kill_process</c> of mm/oom_kill.c and
/// <c>__show_free_areas</c> of mm/page_alloc.c, Linux 6.1). Stacks and registers are left out: there are none.
/// </summary>
public static class OomReportView
{
    /// <summary>The kills, in order.</summary>
    public static IEnumerable<OomRow> Rows(OomState? state, TaskTable tasks, SymbolTable symbols) =>
        (state?.Victims ?? []).Select((pid, i) => new OomRow(i + 1, pid, symbols[tasks[pid].Comm]));

    /// <summary>The report; a line that says so when nobody was killed.</summary>
    public static string Render(OomState? state, TaskTable tasks, SymbolTable symbols)
    {
        if (state?.Last is not { } report)
        {
            return "No process was killed for memory.\n";
        }
        var text = new StringBuilder();
        long us = report.TimePs / 1_000_000;
        string stamp = string.Create(CultureInfo.InvariantCulture, $"[{us / 1_000_000,5}.{us % 1_000_000:d6}] ");
        void Line(FormattableString line) => text.Append(stamp).Append(FormattableString.Invariant(line)).Append('\n');
        string Comm(int pid) => pid > 0 && tasks[pid].State != TaskState.None ? symbols[tasks[pid].Comm] : "swapper";
        var gfp = (GfpFlags)report.Kill.Gfp;
        Line($"{Comm(report.Kill.Asker)} invoked oom-killer: gfp_mask=0x{report.Kill.Gfp:x}({GfpNames.Format(gfp)}), order={report.Kill.Order}, oom_score_adj=0");
        Line($"CPU: {report.Kill.Cpu} PID: {Math.Max(report.Kill.Asker, 0)} Comm: {Comm(report.Kill.Asker)} Not tainted");
        if (report.Group is { } group)
        {
            Group(report, group, Line);
        }
        else
        {
            Node(report, Line);
        }
        Line($"Tasks state (memory values in pages):");
        Line($"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
        foreach (OomReport.TaskRow row in report.Tasks)
        {
            Line($"[{row.Pid,7}] {0,5} {row.Pid,5} {row.TotalVm,8} {row.AnonRss + row.FileRss + row.ShmemRss,8} {row.PageTables * 4096,8} {row.SwapEntries,8}         {0,5} {symbols[row.Comm]}");
        }
        OomReport.TaskRow victim = report.Tasks.First(t => t.Pid == report.Kill.Pid);
        string name = symbols[victim.Comm];
        string memcg = report.Group is null ? "" : "run";
        Line($"oom-kill:constraint={(report.Group is null ? "CONSTRAINT_NONE" : "CONSTRAINT_MEMCG")},nodemask=(null),cpuset=/,mems_allowed=0,{(report.Group is null ? "global_oom" : "oom_memcg=/" + memcg)},task_memcg=/{memcg},task={name},pid={victim.Pid},uid=0");
        Line($"{(report.Group is null ? "Out of memory" : "Memory cgroup out of memory")}: Killed process {victim.Pid} ({name}) total-vm:{Kib(victim.TotalVm)}kB, anon-rss:{Kib(victim.AnonRss)}kB, file-rss:{Kib(victim.FileRss)}kB, shmem-rss:{Kib(victim.ShmemRss)}kB, UID:0 pgtables:{Kib(victim.PageTables)}kB oom_score_adj:0");
        return text.ToString();
    }

    /// <summary>The cgroup at its limit (<c>mem_cgroup_print_oom_meminfo</c>).</summary>
    private static void Group(OomReport report, OomReport.GroupFigures group, Action<FormattableString> line)
    {
        line($"memory: usage {Kib(group.Pages)}kB, limit {Kib(group.MaxPages)}kB, failcnt {group.MaxEvents}");
        line($"swap: usage {Kib(report[OomFigure.TotalSwap] - report[OomFigure.FreeSwap])}kB, limit 9007199254740988kB, failcnt 0");
        line($"Memory cgroup stats for /run:");
        for (int i = 0; i < group.Names.Length; i++)
        {
            line($"{group.Names[i]} {group.Values[i]}");
        }
    }

    private static void Node(OomReport report, Action<FormattableString> line)
    {
        line($"Mem-Info:");
        MemInfo(report, line);
        Zones(report, line);
        line($"{report[OomFigure.PageCache]} total pagecache pages");
        line($"{report[OomFigure.SwapCached]} pages in swap cache");
        line($"Free swap  = {Kib(report[OomFigure.FreeSwap])}kB");
        line($"Total swap = {Kib(report[OomFigure.TotalSwap])}kB");
        line($"{report.Zones.Sum(z => z.Present)} pages RAM");
        line($"{report.Zones.Sum(z => z.Type >= ZoneType.HighMem ? z.Managed : 0)} pages HighMem/MovableOnly");
        line($"{report.Zones.Sum(z => z.Present - z.Managed)} pages reserved");
    }

    private static void MemInfo(OomReport report, Action<FormattableString> line)
    {
        long Sum(Func<OomReport.ZoneRow, long> of) => report.Zones.Sum(of);
        line($"active_anon:{Sum(z => z.ActiveAnon)} inactive_anon:{Sum(z => z.InactiveAnon)} isolated_anon:{report[OomFigure.Isolated]}");
        line($" active_file:{Sum(z => z.ActiveFile)} inactive_file:{Sum(z => z.InactiveFile)} isolated_file:0");
        line($" unevictable:{Sum(z => z.Unevictable)} dirty:{report[OomFigure.Dirty]} writeback:{report[OomFigure.Writeback]}");
        line($" mapped:{report[OomFigure.Mapped]} shmem:{report[OomFigure.Shmem]} pagetables:{report[OomFigure.PageTables]}");
        line($" free:{Sum(z => z.Free)} free_pcp:{Sum(z => z.FreePcp)} free_cma:0");
        line($"Node 0 active_anon:{Kib(Sum(z => z.ActiveAnon))}kB inactive_anon:{Kib(Sum(z => z.InactiveAnon))}kB active_file:{Kib(Sum(z => z.ActiveFile))}kB inactive_file:{Kib(Sum(z => z.InactiveFile))}kB unevictable:{Kib(Sum(z => z.Unevictable))}kB isolated(anon):{Kib(report[OomFigure.Isolated])}kB isolated(file):0kB mapped:{Kib(report[OomFigure.Mapped])}kB dirty:{Kib(report[OomFigure.Dirty])}kB writeback:{Kib(report[OomFigure.Writeback])}kB shmem:{Kib(report[OomFigure.Shmem])}kB writeback_tmp:0kB kernel_stack:{Kib(report[OomFigure.KernelStack])}kB pagetables:{Kib(report[OomFigure.PageTables])}kB");
    }

    private static void Zones(OomReport report, Action<FormattableString> line)
    {
        for (int i = 0; i < report.Zones.Length; i++)
        {
            OomReport.ZoneRow z = report.Zones[i];
            line($"Node 0 {ZoneTypes.Name(z.Type)} free:{Kib(z.Free)}kB boost:{Kib(z.Boost)}kB min:{Kib(z.Min)}kB low:{Kib(z.Low)}kB high:{Kib(z.High)}kB reserved_highatomic:{Kib(z.ReservedHighAtomic)}KB active_anon:{Kib(z.ActiveAnon)}kB inactive_anon:{Kib(z.InactiveAnon)}kB active_file:{Kib(z.ActiveFile)}kB inactive_file:{Kib(z.InactiveFile)}kB unevictable:{Kib(z.Unevictable)}kB writepending:{Kib(z.WritePending)}kB present:{Kib(z.Present)}kB managed:{Kib(z.Managed)}kB mlocked:{Kib(z.Mlocked)}kB bounce:0kB free_pcp:{Kib(z.FreePcp)}kB local_pcp:{Kib(z.LocalPcp)}kB free_cma:0kB");
            int zones = report.Reserves.Length / report.Zones.Length;
            string reserves = string.Join(' ', report.Reserves.AsSpan(i * zones, zones).ToArray().Select(r => r.ToString(CultureInfo.InvariantCulture)));
            line($"lowmem_reserve[]: {reserves}");
        }
        int lists = PageOrder.Count * MigrateTypes.Count;
        for (int i = 0; i < report.Zones.Length; i++)
        {
            var blocks = new StringBuilder();
            long total = 0;
            for (int order = 0; order < PageOrder.Count; order++)
            {
                Span<int> byType = report.Blocks.AsSpan((i * lists) + (order * MigrateTypes.Count), MigrateTypes.Count);
                long count = 0;
                string letters = "";
                for (int type = 0; type < byType.Length; type++)
                {
                    count += byType[type];
                    letters += byType[type] > 0 ? "UMEHI"[type] : "";
                }
                total += count << order;
                blocks.Append(CultureInfo.InvariantCulture, $"{count}*{Kib(1L << order)}kB {(count > 0 ? $"({letters}) " : "")}");
            }
            line($"Node 0 {ZoneTypes.Name(report.Zones[i].Type)}: {blocks}= {Kib(total)}kB");
        }
    }

    private static long Kib(long pages) => pages << (Page.Shift - 10);
}

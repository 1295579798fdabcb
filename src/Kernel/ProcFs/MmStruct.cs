using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.ProcFs;

/// <summary>A <c>vm_area_struct</c>; addresses and flags hexadecimal.</summary>
/// <param name="VmStart">First address.</param>
/// <param name="VmEnd">Behind the last address.</param>
/// <param name="VmPageProt">Page-table flags of its pages.</param>
/// <param name="VmFlags">Permissions and kind, the kernel's bits.</param>
/// <param name="VmPgoff">Offset of the first page in its object, in pages.</param>
/// <param name="VmFile">The file behind it; empty for none.</param>
/// <param name="AnonVma">Number of its <c>anon_vma</c>; 0 for none.</param>
/// <param name="VmNext">First address of the next area; 0 for the last one.</param>
public sealed record VmAreaRow(
    [property: JsonPropertyName("vm_start")] string VmStart,
    [property: JsonPropertyName("vm_end")] string VmEnd,
    [property: JsonPropertyName("vm_page_prot")] string VmPageProt,
    [property: JsonPropertyName("vm_flags")] string VmFlags,
    [property: JsonPropertyName("vm_pgoff")] string VmPgoff,
    [property: JsonPropertyName("vm_file")] string VmFile,
    [property: JsonPropertyName("anon_vma")] int AnonVma,
    [property: JsonPropertyName("vm_next")] string VmNext);

/// <summary>A task's <c>mm_struct</c>: fields by the kernel's names, and its areas. Addresses and frames hexadecimal, sizes in pages.</summary>
public sealed record MmStructRow(
    [property: JsonPropertyName("pid")] int Pid,
    [property: JsonPropertyName("comm")] string Comm,
    [property: JsonPropertyName("fields")] IReadOnlyDictionary<string, string> Fields,
    [property: JsonPropertyName("areas")] VmAreaRow[] Areas);

/// <summary>From a task to its memory: <c>task->mm</c>, and from it along <c>vm_next</c> (include/linux/mm_types.h).</summary>
public static class MmStruct
{
    /// <summary>The row of a process.</summary>
    /// <exception cref="ArgumentException">The process has no address space.</exception>
    public static MmStructRow Row(VirtualMemoryState state, int pid, SymbolTable symbols)
    {
        AddressSpace mm = state.Spaces[pid];
        VmArea[] areas = [.. Maps.AreasOf(state.Spaces, pid)];
        var fields = new Dictionary<string, string>
        {
            ["pgd"] = "pfn " + Hex((ulong)mm.Root),
            ["map_count"] = Text(mm.Areas.Count),
            ["task_size"] = Hex(state.Spaces.Layout.TaskSizeOf(mm)),
            ["mmap_base"] = Hex(mm.MmapBase),
            ["start_code"] = Hex(mm.StartCode),
            ["end_code"] = Hex(mm.EndCode),
            ["start_data"] = Hex(mm.StartData),
            ["end_data"] = Hex(mm.EndData),
            ["start_brk"] = Hex(mm.StartBrk),
            ["brk"] = Hex(mm.Brk),
            ["start_stack"] = Hex(mm.StartStack),
            ["arg_start"] = Hex(mm.ArgStart),
            ["env_start"] = Hex(mm.EnvStart),
            ["env_end"] = Hex(mm.EnvEnd),
            ["total_vm"] = Text(mm.TotalVm),
            ["data_vm"] = Text(mm.DataVm),
            ["exec_vm"] = Text(mm.ExecVm),
            ["stack_vm"] = Text(mm.StackVm),
            ["locked_vm"] = Text(mm.LockedVm),
            ["anon_rss"] = Text(mm.AnonRss),
            ["file_rss"] = Text(mm.FileRss),
            ["shmem_rss"] = Text(mm.ShmemRss),
            ["swapents"] = Text(mm.SwapEntries),
            ["hiwater_rss"] = Text(mm.HiwaterRss),
            ["hiwater_vm"] = Text(mm.HiwaterVm),
            ["page_tables"] = Text(mm.PageTables),
        };
        return new MmStructRow(pid, symbols[state.Tasks[pid].Comm], fields, [.. areas.Select((a, i) => AreaRow(a, i + 1 < areas.Length ? areas[i + 1].VmStart : 0, symbols))]);
    }

    /// <summary>The fields, one a line, then the areas.</summary>
    public static string Render(VirtualMemoryState state, int pid, SymbolTable symbols)
    {
        MmStructRow row = Row(state, pid, symbols);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"task_struct {row.Pid} ({row.Comm})\nmm_struct\n");
        foreach ((string name, string value) in row.Fields)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name,-12} {value}\n");
        }
        text.Append(CultureInfo.InvariantCulture,
            $"vm_area_struct\n  {"vm_start",-18} {"vm_end",-18} {"vm_page_prot",-18} {"vm_flags",-10} {"vm_pgoff",-13} {"anon_vma",8} {"vm_next",-18} vm_file\n");
        foreach (VmAreaRow a in row.Areas)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"  {a.VmStart,-18} {a.VmEnd,-18} {a.VmPageProt,-18} {a.VmFlags,-10} {a.VmPgoff,-13} {a.AnonVma,8} {a.VmNext,-18} {a.VmFile}\n");
        }
        return text.ToString();
    }

    private static VmAreaRow AreaRow(VmArea a, ulong next, SymbolTable symbols) => new(
        Hex(a.VmStart), Hex(a.VmEnd), Hex((ulong)a.VmPageProt), Hex((ulong)a.VmFlags), Hex((ulong)a.VmPgoff),
        a.VmFile switch { 0 => "", < 0 => "/dev/zero (deleted)", int file => symbols[file] }, a.AnonVma, Hex(next));

    private static string Hex(ulong value) => Maps.Hex(value);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}

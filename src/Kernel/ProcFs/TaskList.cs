using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Engine.Events;
using Sim.Kernel.Tasks;

namespace Sim.Kernel.ProcFs;

/// <summary>A task and its share of the CPUs, with the names of <c>/proc/PID/sched</c> where it has them.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Comm">Name of its program.</param>
/// <param name="State">R on a CPU or waiting for one, S asleep, D asleep until a page or memory is there, X ended.</param>
/// <param name="Cpu">The CPU it runs on, or ran on last.</param>
/// <param name="Running">It is on that CPU now.</param>
/// <param name="Weight">Its share beside others; 1024 for nice 0.</param>
/// <param name="VruntimeNs">Virtual runtime up to the last switch away from it.</param>
/// <param name="RuntimeNs">Time on CPUs up to the last switch away from it.</param>
/// <param name="Switches">How often a CPU switched to it.</param>
/// <param name="Migrations">How often it went to another CPU.</param>
public sealed record TaskRow(
    [property: JsonPropertyName("pid")] int Pid,
    [property: JsonPropertyName("comm")] string Comm,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("cpu")] int Cpu,
    [property: JsonPropertyName("running")] bool Running,
    [property: JsonPropertyName("weight")] int Weight,
    [property: JsonPropertyName("vruntimeNs")] long VruntimeNs,
    [property: JsonPropertyName("runtimeNs")] long RuntimeNs,
    [property: JsonPropertyName("nr_switches")] long Switches,
    [property: JsonPropertyName("nr_migrations")] int Migrations);

/// <summary>All tasks in the order in which they were made, like <c>ps</c>, threads of the kernel last; those that have ended, too.</summary>
public static class TaskList
{
    /// <summary>The tasks.</summary>
    public static IEnumerable<TaskRow> Rows(TaskTable tasks, SymbolTable symbols)
    {
        foreach (int pid in tasks.Pids)
        {
            TaskInfo task = tasks[pid];
            if (task.State != TaskState.None)
            {
                yield return new TaskRow(
                    pid, symbols[task.Comm], Letter(task.State), task.Cpu, tasks.Current(task.Cpu) == pid, task.Weight, task.VruntimeNs,
                    task.RuntimeNs, task.Switches, task.Migrations);
            }
        }
    }

    /// <summary>A table; a plus behind the state says that the task is on its CPU now.</summary>
    public static string Render(TaskTable tasks, SymbolTable symbols)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"{"PID",7} S  CPU {"WEIGHT",6} {"VRUNTIME(ns)",14} {"RUNTIME(ns)",14} {"SWITCHES",9} {"MIGRATIONS",10} COMMAND\n");
        foreach (TaskRow row in Rows(tasks, symbols))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{row.Pid,7} {row.State}{(row.Running ? '+' : ' ')} {row.Cpu,3} {row.Weight,6} {row.VruntimeNs,14} {row.RuntimeNs,14} {row.Switches,9} {row.Migrations,10} {row.Comm}\n");
        }
        return text.ToString();
    }

    private static string Letter(TaskState state) => state switch
    {
        TaskState.Running => "R",
        TaskState.Sleeping => "S",
        TaskState.DiskSleep => "D",
        _ => "X",
    };
}

using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Oom;

/// <summary>
/// Chooses the process to kill when nothing can be reclaimed any more: the one that holds most (<c>out_of_memory</c>,
/// <c>select_bad_process</c> of mm/oom_kill.c, Linux 6.1).
/// </summary>
internal sealed class OomKiller(OomState state, AddressSpaces spaces, Journal journal)
{
    /// <summary>Makes the victim run and end; set when the tasks are there.</summary>
    public Action<int, long>? Kill { get; set; }

    /// <summary>A request cannot be served.</summary>
    /// <param name="order">Its order.</param>
    /// <param name="gfp">Its flags.</param>
    /// <param name="asker">For whom it is.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="cause">Event that led here.</param>
    public OutOfMemoryAnswer OutOfMemory(int order, GfpFlags gfp, int asker, CpuClock cpu, long cause)
    {
        int victim = state.Pending;
        if (victim == 0)
        {
            victim = Choose();
            if (victim == 0)
            {
                return OutOfMemoryAnswer.Fail;
            }
            var e = new OomKilled(victim, asker, (int)gfp, (byte)order, (byte)cpu.Id);
            EventHeader header = journal.Emit(in e, cause);
            state.Apply(in e, in header);
            if (victim != asker)
            {
                Kill?.Invoke(victim, header.Sequence);
            }
        }
        return victim == asker ? OutOfMemoryAnswer.Fail : OutOfMemoryAnswer.Wait;
    }

    /// <summary>Of several that hold as much, the one made last (<c>oom_evaluate_task</c>).</summary>
    private int Choose()
    {
        int chosen = 0;
        long most = 0;
        for (int pid = 1; pid <= spaces.MaxPid; pid++)
        {
            if (spaces.Find(pid) is { } mm && Badness.Of(spaces, mm) is var points && points >= most)
            {
                (chosen, most) = (pid, points);
            }
        }
        return chosen;
    }
}

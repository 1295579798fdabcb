using Sim.Engine.Events;

namespace Sim.Kernel.Oom;

/// <summary>The OOM killer chose a process (<c>out_of_memory</c>, mm/oom_kill.c, Linux 6.1). It is killed when it next runs.</summary>
/// <param name="Pid">The victim.</param>
/// <param name="Asker">Process whose request could not be served.</param>
/// <param name="Gfp">Its flags.</param>
/// <param name="Order">Its order.</param>
/// <param name="Cpu">CPU that asked.</param>
[Event(178, "oom.kill")]
public readonly partial record struct OomKilled(
    [Unit("pid")] int Pid,
    [Unit("pid")] int Asker,
    [Unit("hex")] int Gfp,
    [Unit("order")] byte Order,
    byte Cpu);

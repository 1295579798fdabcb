using Sim.Engine.Events;
using Sim.Engine.Scheduling;
using Sim.Hardware;
using Sim.Hardware.Cpu;
using Sim.Kernel.Boot;
using Sim.Kernel.Buddy;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;

namespace Sim.Kernel;

/// <summary>
/// A machine that runs: its sourced state and the components that decide what happens to it, on one scheduler and one
/// journal.
/// </summary>
public sealed class Machine
{
    /// <param name="options">What machine.</param>
    /// <param name="journal">Where its state changes go.</param>
    /// <param name="queue">Keeps the pending messages.</param>
    /// <exception cref="ImpossibleMachineException">The kernel cannot run on that machine.</exception>
    public Machine(MachineOptions options, Journal journal, IEventQueue queue)
    {
        Journal = journal;
        Scheduler = new Scheduler(queue);
        State = new MachineState(options);
        Board = new Board(State.Hardware, journal);
        Cpus = [.. Board.Cpus];
        Pages = new PageAllocator(State.Memory.Pages, journal, options.Kernel.PageAllocator);
        Virtual = new VirtualMemory(
            State.Virtual, options.Kernel, Cpus, options.Hardware.Tlb.Pcid, Pages, journal, Scheduler, options.QuantumPs);
    }

    public Journal Journal { get; }

    public Scheduler Scheduler { get; }

    public MachineState State { get; }

    public Board Board { get; }

    public Cpu[] Cpus { get; }

    public PageAllocator Pages { get; }

    /// <summary>Address spaces, faults, system calls and tasks.</summary>
    public VirtualMemory Virtual { get; }

    /// <summary>Boots: lays out the zones, hands free memory to the allocator and maps the kernel's half of all address spaces.</summary>
    public void Boot()
    {
        PageAllocatorState pages = State.Memory.Pages;
        BootLoader.Boot(pages, State.Options.Kernel, Journal);
        KernelMappings.Boot(State.Virtual.Spaces, pages.Frames, pages.Profile.DirectMapEndPfn, Journal);
    }
}

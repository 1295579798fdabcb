namespace Sim.Host.Workloads.Malloc;

/// <summary>sbrk(3): the C library's idea of the break, so that asking for it costs no system call after the first time.</summary>
internal sealed class ProgramBreak(IMemoryCalls kernel)
{
    private ulong? _current;

    /// <summary>Moves the break.</summary>
    /// <param name="increment">Bytes, negative to shrink, 0 to ask.</param>
    /// <returns>The break before, or null if the kernel refused.</returns>
    public ulong? Move(long increment)
    {
        ulong old = _current ?? Set(kernel.Brk(0));
        if (increment == 0)
        {
            return old;
        }
        ulong wanted = unchecked(old + (ulong)increment);
        return increment > 0 == wanted > old && Set(kernel.Brk(wanted)) >= wanted ? old : null;
    }

    private ulong Set(ulong address)
    {
        _current = address;
        return address;
    }
}

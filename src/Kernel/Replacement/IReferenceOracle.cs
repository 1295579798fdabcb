namespace Sim.Kernel.Replacement;

/// <summary>All references that a process has made and will make to its pages: what only a trace can tell.</summary>
public interface IReferenceOracle
{
    /// <summary>The process.</summary>
    int Pid { get; }

    /// <summary>How far it is: references before it have been made, the one at it is under way.</summary>
    long Position { get; }

    /// <summary>Position of the next reference to a page, the one under way included; <see cref="long.MaxValue"/> when there is none.</summary>
    long NextUse(int pid, long vpn);

    /// <summary>Position of the last reference to a page that was made; -1 when there is none.</summary>
    long LastUse(int pid, long vpn);
}

namespace Sim.Kernel.Tasks;

/// <summary>Signals that end tasks, with their numbers on x86.</summary>
public static class Signal
{
    /// <summary>SIGBUS: the task accessed memory behind the end of a file.</summary>
    public const int Bus = 7;

    /// <summary>SIGKILL: the kernel ends the task, out of memory.</summary>
    public const int Kill = 9;

    /// <summary>SIGSEGV: the task accessed memory it may not.</summary>
    public const int Segv = 11;
}

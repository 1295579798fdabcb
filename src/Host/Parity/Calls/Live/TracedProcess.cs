using System.Runtime.InteropServices;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>
/// A real process that does what its tracer says: one system call or one access to a byte at a time, with all arguments in registers, so
/// that what changes in its memory is the work of that call alone. All of its use is from the thread that made it.
/// </summary>
internal sealed unsafe class TracedProcess : IDisposable
{
    private const int SigInt = 2, SigTrap = 5, SigBus = 7, SigKill = 9, SigSegv = 11, Interrupted = 4;
    private const int EventStop = 128;
    private const long Clone = 56;

    private readonly bool _child;

    private TracedProcess(int pid, bool child)
    {
        Pid = pid;
        _child = child;
    }

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>Starts a program with descriptors 3, 4 and 5 and stops it; addresses are not randomised.</summary>
    /// <param name="path">The program (<see cref="TracedProgram"/>).</param>
    /// <param name="descriptors">Open files, none below 6.</param>
    /// <param name="legacy">With the legacy layout of addresses.</param>
    /// <exception cref="LiveKernelException">It cannot be started or traced.</exception>
    public static TracedProcess Start(string path, ReadOnlySpan<int> descriptors, bool legacy)
    {
        if (Libc.Personality(Libc.NoRandomize | (legacy ? Libc.CompatLayout : 0)) < 0)
        {
            throw Refused("addresses cannot be had without randomisation (personality)");
        }
        byte* actions = stackalloc byte[256];
        Libc.FileActionsInit(actions);
        for (int i = 0; i < descriptors.Length; i++)
        {
            Libc.FileActionsDuplicate(actions, descriptors[i], 3 + i);
        }
        fixed (byte* name = "target\0"u8, home = "HOME=/\0"u8)
        {
            byte** arguments = stackalloc byte*[2] { name, null }, environment = stackalloc byte*[2] { home, null };
            int pid, error = Libc.Spawn(&pid, path, actions, null, arguments, environment);
            Libc.FileActionsDestroy(actions);
            if (error != 0)
            {
                throw new LiveKernelException($"{path} cannot be started ({Marshal.GetPInvokeErrorMessage(error)}): name another folder with --dir.");
            }
            var process = new TracedProcess(pid, child: false);
            if (Libc.Ptrace(Libc.PtraceSeize, pid, null, (void*)Libc.PtraceOptions) != 0)
            {
                LiveKernelException refused = Refused("a process cannot be traced (ptrace)");
                process.Dispose();
                throw refused;
            }
            Check(Libc.Ptrace(Libc.PtraceInterrupt, pid, null, null), "ptrace interrupt");
            process.Wait();
            return process;
        }
    }

    /// <summary>Makes a system call.</summary>
    /// <returns>What it returned: minus an errno when it failed.</returns>
    public long Call(long number, params ReadOnlySpan<ulong> arguments)
    {
        Span<ulong> a = [0, 0, 0, 0, 0, 0];
        arguments.CopyTo(a);
        Libc.Registers registers = Registers();
        (registers.Rip, registers.Rax, registers.OrigRax) = (TracedProgram.Call, (ulong)number, ulong.MaxValue);
        (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9) = (a[0], a[1], a[2], a[3], a[4], a[5]);
        SetRegisters(in registers);
        int signal = Resume(out _);
        registers = Registers();
        return signal == SigTrap && registers.Rip == TracedProgram.CallDone
            ? (long)registers.Rax
            : throw new LiveKernelException($"system call {number} of the traced process ended with signal {signal}.");
    }

    /// <summary>Accesses one byte.</summary>
    /// <returns>ok, SEGV_MAPERR, SEGV_ACCERR or SIGBUS.</returns>
    public string Touch(ulong address, bool write)
    {
        Libc.Registers registers = Registers();
        (registers.Rip, registers.OrigRax) = (write ? TracedProgram.Write : TracedProgram.Read, ulong.MaxValue);
        (registers.Rdi, registers.Rsi) = (address, 0x5a);
        SetRegisters(in registers);
        int signal = Resume(out _);
        if (signal == SigTrap)
        {
            return "ok";
        }
        int* information = stackalloc int[32];
        Check(Libc.Ptrace(Libc.PtraceGetSigInfo, Pid, null, information), "ptrace signal information");
        return signal switch
        {
            SigSegv => information[2] == 1 ? "SEGV_MAPERR" : "SEGV_ACCERR",
            SigBus => "SIGBUS",
            _ => $"SIG{signal}",
        };
    }

    /// <summary>Makes a child that is traced too and has no exit signal; null with the errno when that fails.</summary>
    public TracedProcess? Fork(out long result)
    {
        Libc.Registers registers = Registers();
        (registers.Rip, registers.Rax, registers.OrigRax) = (TracedProgram.Call, Clone, ulong.MaxValue);
        (registers.Rdi, registers.Rsi, registers.Rdx, registers.R10, registers.R8, registers.R9) = (0, 0, 0, 0, 0, 0);
        SetRegisters(in registers);
        Resume(out long born);
        result = (long)Registers().Rax;
        if (result < 0)
        {
            return null;
        }
        var child = new TracedProcess((int)born, child: true);
        child.Wait();
        return child;
    }

    /// <summary>Sets a limit, in bytes; negative for none.</summary>
    public void SetLimit(int resource, long bytes)
    {
        Libc.Limit limit;
        Check(Libc.PrLimit(Pid, resource, null, &limit), "prlimit");
        limit.Current = bytes < 0 ? limit.Most : Math.Min((ulong)bytes, limit.Most);
        if (bytes >= 0)
        {
            limit.Most = limit.Current;
        }
        Check(Libc.PrLimit(Pid, resource, &limit, null), "prlimit");
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        Libc.Kill(Pid, SigKill);
        int status;
        while (Libc.WaitPid(Pid, &status, Libc.WaitAll) == Pid && (status & 0x7f) == 0x7f)
        {
        }
    }

    /// <summary>Lets it run to its next stop by a signal; tells the child that was born on the way.</summary>
    private int Resume(out long born)
    {
        born = 0;
        while (true)
        {
            Check(Libc.Ptrace(Libc.PtraceCont, Pid, null, null), "ptrace continue");
            int status = Wait(), signal = (status >> 8) & 0xff, happened = status >> 16;
            if (happened is not 0 and not EventStop)
            {
                long message;
                Check(Libc.Ptrace(Libc.PtraceGetEventMessage, Pid, null, &message), "ptrace event");
                born = message;
            }
            else if (happened == 0 && signal is SigTrap or SigSegv or SigBus)
            {
                return signal;
            }
        }
    }

    private int Wait()
    {
        int status, waited;
        do
        {
            waited = Libc.WaitPid(Pid, &status, Libc.WaitAll);
        }
        while (waited < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return waited == Pid && (status & 0xff) == 0x7f
            ? status
            : throw new LiveKernelException($"the traced process {(_child ? "(a child) " : "")}ended (status 0x{status:x}): it was killed, or is out of memory.");
    }

    private Libc.Registers Registers()
    {
        Libc.Registers registers;
        Check(Libc.Ptrace(Libc.PtraceGetRegs, Pid, null, &registers), "ptrace registers");
        return registers;
    }

    private void SetRegisters(in Libc.Registers registers)
    {
        fixed (Libc.Registers* all = &registers)
        {
            Check(Libc.Ptrace(Libc.PtraceSetRegs, Pid, null, all), "ptrace registers");
        }
    }

    private static void Check(long result, string what)
    {
        if (result < 0)
        {
            throw new LiveKernelException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    private static LiveKernelException Refused(string what) =>
        new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}. Containers refuse it unless started with --security-opt seccomp=unconfined or --cap-add SYS_PTRACE.");
}

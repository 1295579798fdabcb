namespace Sim.Kernel.Tasks;

/// <summary>
/// One value for each task, found by its pid. Programs' pids count up from 1, those of kernel threads down from the greatest one
/// (<c>PID_MAX_LIMIT</c> of a 64-bit kernel): threads come when they are needed, and programs have the same pids whether they do or not.
/// </summary>
internal sealed class PerTask<T>
    where T : struct
{
    /// <summary>The first kernel thread's pid.</summary>
    public const int FirstThread = 4_194_303;

    /// <summary>Pids below are programs'.</summary>
    private const int LastThread = FirstThread - 1_023;

    private T[] _programs = new T[16];
    private T[] _threads = [];

    /// <summary>Whether a pid is a kernel thread's.</summary>
    public static bool IsThread(int pid) => pid >= LastThread;

    /// <summary>The value of a task for which there is room.</summary>
    public ref T this[int pid] => ref IsThread(pid) ? ref _threads[FirstThread - pid] : ref _programs[pid];

    /// <summary>The value of a task, or the default where there is no room for it.</summary>
    public T Find(int pid)
    {
        (T[] all, int at) = IsThread(pid) ? (_threads, FirstThread - pid) : (_programs, pid);
        return (uint)at < (uint)all.Length ? all[at] : default;
    }

    /// <summary>Makes room for a task.</summary>
    public void Reserve(int pid)
    {
        if (IsThread(pid))
        {
            Grow(ref _threads, FirstThread - pid);
        }
        else
        {
            Grow(ref _programs, pid);
        }
    }

    private static void Grow(ref T[] all, int at)
    {
        if (at >= all.Length)
        {
            Array.Resize(ref all, Math.Max(at + 1, all.Length * 2));
        }
    }
}

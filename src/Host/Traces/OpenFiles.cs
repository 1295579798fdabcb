namespace Sim.Host.Traces;

/// <summary>Which file each descriptor of the traced program stands for, so that mappings can be named.</summary>
internal sealed class OpenFiles
{
    private const uint Open = 2;
    private const uint Close = 3;
    private const uint Dup = 32;
    private const uint Dup2 = 33;
    private const uint Fcntl = 72;
    private const uint Creat = 85;
    private const uint OpenAt = 257;
    private const uint Dup3 = 292;
    private const ulong FcntlDup = 0;
    private const ulong FcntlDupCloseOnExec = 1030;

    private readonly Dictionary<int, string> _paths = [];

    /// <summary>The path that a descriptor was opened by, or null.</summary>
    internal string? PathOf(int descriptor) => _paths.GetValueOrDefault(descriptor);

    /// <summary>Follows a system call that has returned.</summary>
    internal void Follow(TracedCall call)
    {
        if (call.Failed)
        {
            return;
        }

        int first = unchecked((int)call.Value(0));
        switch (call.Number)
        {
            case Open or Creat:
                Set((int)call.Result, call.Text(0));
                break;
            case OpenAt:
                Set((int)call.Result, call.Text(1));
                break;
            case Dup or Dup2 or Dup3:
                Set((int)call.Result, PathOf(first));
                break;
            case Fcntl when call.Value(1) is FcntlDup or FcntlDupCloseOnExec:
                Set((int)call.Result, PathOf(first));
                break;
            case Close:
                _paths.Remove(first);
                break;
        }
    }

    private void Set(int descriptor, string? path)
    {
        if (path is null)
        {
            _paths.Remove(descriptor);
        }
        else
        {
            _paths[descriptor] = path;
        }
    }
}

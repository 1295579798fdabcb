using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Mm;
using Sim.Kernel.Tasks;
using Sim.Kernel.Zones;

namespace Sim.Host.Workloads;

/// <summary>One task of <see cref="FilesWorkload"/>: maps a buffer, or the file, and goes through the file block by block.</summary>
internal sealed class FileProgram(FilesOptions options, MappedFile file, RandomStream random) : IProgram
{
    private readonly MemoryAccess[] _batch = new MemoryAccess[(options.BlockBytes >> Page.Shift) + 2];
    private ulong _memory;
    private long _next, _at;
    private int _filled, _made;
    private bool _underWay, _writes, _syncs;

    /// <summary>The task.</summary>
    public int Pid { get; set; }

    /// <summary>Blocks done.</summary>
    public long Blocks { get; private set; }

    /// <summary>Bytes that calls have read or written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Calls that failed.</summary>
    public long Failures { get; private set; }

    private bool Maps => options.Access == FileAccessMode.Mapping;

    /// <inheritdoc/>
    public ProgramStatus Step(TaskContext task)
    {
        if (_memory == 0 && !Map(task))
        {
            task.ExitCode = 1;
            return ProgramStatus.Exited;
        }
        while (!task.IsOver)
        {
            if (Blocks == options.Blocks)
            {
                return ProgramStatus.Exited;
            }
            if (!_underWay)
            {
                Draw();
            }
            _made += task.Run(_batch.AsSpan(_made, _filled - _made));
            if (_made < _filled || (!Maps && !_syncs && !Call(task)) || (_syncs && !Sync(task)))
            {
                continue;
            }
            if (!_syncs && options.FsyncBlocks > 0 && (Blocks + 1) % options.FsyncBlocks == 0)
            {
                _syncs = true;
                continue;
            }
            (_underWay, _syncs) = (false, false);
            Blocks++;
        }
        return ProgramStatus.Running;
    }

    private bool Map(TaskContext task)
    {
        const ProtFlags ReadWrite = ProtFlags.Read | ProtFlags.Write;
        long at = Maps
            ? task.Calls.Mmap(task, 0, (ulong)options.FileSize.Bytes, ReadWrite, MapFlags.Shared, file)
            : task.Calls.Mmap(task, 0, (ulong)options.BlockBytes, ReadWrite, MapFlags.Private | MapFlags.Anonymous);
        _memory = at < 0 ? 0 : (ulong)at;
        return at >= 0;
    }

    /// <summary>The next block: of a mapping, an access to each of its pages; else one to the buffer, for the computation before the call.</summary>
    private void Draw()
    {
        long places = options.FileSize.Bytes / options.BlockBytes;
        _at = (options.Order == FileOrder.Sequential ? _next++ % places : (long)random.NextBelow((ulong)places)) * options.BlockBytes;
        (_filled, _made, _underWay) = (0, 0, true);
        _writes = options.WritePercent > 0 && random.NextBelow(100) < (ulong)options.WritePercent;
        long end = Maps ? _at + options.BlockBytes : 1;
        for (long at = Maps ? _at : 0; at < end; at = (at & -Page.Size) + Page.Size)
        {
            _batch[_filled++] = new MemoryAccess(_memory + (ulong)at, 1, Maps && _writes ? AccessKind.Store : AccessKind.Load)
            {
                ComputeCycles = _filled == 1 ? (uint)options.ComputeCycles : 0,
            };
        }
    }

    /// <summary>Has the file brought to the device; false when the call is to be made again.</summary>
    private bool Sync(TaskContext task)
    {
        long result = task.Calls.Fsync(task, file);
        Failures += result < 0 && !task.IsBlocked ? 1 : 0;
        return !task.IsBlocked;
    }

    /// <summary>Makes the call; false when it is to be made again.</summary>
    private bool Call(TaskContext task)
    {
        long result = _writes
            ? task.Calls.Write(task, file, _memory, options.BlockBytes, _at)
            : task.Calls.Read(task, file, _memory, options.BlockBytes, _at);
        if (task.IsBlocked)
        {
            return false;
        }
        Bytes += Math.Max(result, 0);
        Failures += result < 0 ? 1 : 0;
        return true;
    }
}

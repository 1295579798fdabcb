using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>How a task gets at a file.</summary>
public enum FileAccessMode
{
    Calls,
    Mapping,
}

/// <summary>In what order a task goes through a file.</summary>
public enum FileOrder
{
    Sequential,
    Random,
}

/// <summary>Tasks that read and write files.</summary>
public sealed record FilesOptions : WorkloadOptions, ICheckedSettings
{
    [Setting("Number of tasks.", Min = 1, Max = 10_000)]
    public int Tasks { get; init; } = 2;

    [Setting("Size of a file.", Min = 4096, Max = 1L << 42)]
    public ByteSize FileSize { get; init; } = new(64L << 20);

    [Setting("All tasks use one file; otherwise each has its own.")]
    public bool Shared { get; init; }

    [Setting("With system calls (calls), or mapped into memory (mapping).")]
    public FileAccessMode Access { get; init; } = FileAccessMode.Calls;

    [Setting("From the beginning, and again when the end is reached (sequential), or block by block drawn at random (random).")]
    public FileOrder Order { get; init; } = FileOrder.Sequential;

    [Setting("Bytes that are read or written together; of a mapping, one access to each page of them.", Min = 1, Max = 1 << 20)]
    public int BlockBytes { get; init; } = 16_384;

    [Setting("Blocks that each task reads or writes.", Min = 1, Max = 1_000_000_000_000)]
    public long Blocks { get; init; } = 8_192;

    [Setting("Blocks that are written, in percent.", Min = 0, Max = 100)]
    public int WritePercent { get; init; }

    [Setting("Blocks after which a task has all it wrote brought to the device (fsync); 0 for never.", Min = 0, Max = 1_000_000_000)]
    public int FsyncBlocks { get; init; }

    [Setting("Computation of each task between two blocks, in cycles.", Min = 0, Max = 1_000_000_000)]
    public int ComputeCycles { get; init; } = 10_000;

    public SettingProblem? Check() =>
        (FileSize.Bytes & 4095) != 0 ? new SettingProblem("fileSize", $"{FileSize} is not a whole number of pages (4KiB).")
        : BlockBytes > FileSize.Bytes ? new SettingProblem("blockBytes", $"{BlockBytes} is more than the file's size ({FileSize}).")
        : null;
}

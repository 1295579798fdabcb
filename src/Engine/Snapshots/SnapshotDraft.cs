using Sim.Engine.Log;

namespace Sim.Engine.Snapshots;

/// <summary>A state that was saved between two dispatches, on its way to a file.</summary>
public sealed class SnapshotDraft
{
    /// <summary>The state.</summary>
    public StateImage Image { get; } = new();

    /// <summary>Pages of the image with the sourced state, which come first.</summary>
    public int SourcedPages { get; set; }

    /// <summary>Events logged before it.</summary>
    public long Sequence { get; set; }

    /// <summary>Messages dispatched before it: several snapshots may stand between the same two events, and this tells them apart.</summary>
    public long Dispatched { get; set; }

    /// <summary>Simulated time, in picoseconds.</summary>
    public long TimePs { get; set; }

    /// <summary>Sequence of the first event of the open block.</summary>
    public long BlockFirst { get; set; }

    /// <summary>Raw payload of the open block.</summary>
    public byte[] OpenBlock { get; set; } = [];

    /// <summary>Hash of the logged sourced state.</summary>
    public ulong StateHash { get; set; }

    /// <summary>What the host keeps beside the state about the stretch since the snapshot before.</summary>
    public byte[] Attachment { get; set; } = [];

    internal SnapshotHeader Header(LogIdentity identity, ChainHash before, IReadOnlyList<PageRun> runs, long baseSequence, ulong baseHash)
    {
        using var hasher = new ChainHasher();
        return new SnapshotHeader
        {
            Identity = identity,
            Sequence = Sequence,
            Dispatched = Dispatched,
            TimePs = TimePs,
            BlockFirst = BlockFirst,
            ChainHash = before,
            OpenHash = hasher.Next(before, OpenBlock),
            StateHash = StateHash,
            ImageHash = SnapshotFile.Hash(Image, Image.Pages),
            SourcedHash = SnapshotFile.Hash(Image, SourcedPages),
            Length = Image.Length,
            SourcedPages = SourcedPages,
            Base = baseSequence,
            BaseHash = baseHash,
            Runs = runs,
            Attachment = Attachment,
        };
    }
}

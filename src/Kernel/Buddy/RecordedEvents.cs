using Sim.Engine.Events;

namespace Sim.Kernel.Buddy;

/// <summary>What a recorded kernel was asked for, and what it answered; the answer of this machine follows as page.alloc.</summary>
/// <param name="Line">Line of the recording.</param>
/// <param name="Order">Order asked for.</param>
/// <param name="Gfp">How it was asked for: the kernel's gfp bits.</param>
/// <param name="Owner">Task that asked.</param>
/// <param name="RecordedPfn">The recorded kernel's answer; 0 when it had none.</param>
[Event(124, "recorded.request", Ignorable = true)]
public readonly partial record struct RecordedRequest(
    [Delta(12)] long Line, byte Order, [Unit("hex")] int Gfp, [Unit("pid")] int Owner, [Unit("pfn")] long RecordedPfn);

/// <summary>A recording came to one of its checkpoints.</summary>
/// <param name="Line">Line of the recording.</param>
/// <param name="Checkpoint">Number of the checkpoint.</param>
[Event(125, "recorded.checkpoint", Ignorable = true)]
public readonly partial record struct RecordedCheckpoint([Delta(12)] long Line, int Checkpoint);

/// <summary>A task of a recording asked for the first time.</summary>
/// <param name="Pid">The task.</param>
/// <param name="Comm">Its name in the recording.</param>
[Event(99, "recorded.task", Ignorable = true)]
public readonly partial record struct RecordedTask([Unit("pid")] int Pid, [Symbol] int Comm);

/// <summary>An allocated block was split into smaller ones that are given back one by one (split_page).</summary>
/// <param name="Pfn">First frame of the block.</param>
/// <param name="PieceOrder">Order of the pieces.</param>
[Event(126, "page.split")]
public readonly partial record struct PageSplit([Unit("pfn"), Delta(10)] long Pfn, byte PieceOrder);

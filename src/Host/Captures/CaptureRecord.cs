namespace Sim.Host.Captures;

/// <summary>Kinds of records of an imported capture: stable numbers, whatever <see cref="CaptureEventKind"/> becomes.</summary>
internal enum CaptureRecord : byte
{
    /// <summary>A request and the recorded answer.</summary>
    Request = 1,

    /// <summary>A block is given back.</summary>
    Free = 2,

    /// <summary>A page of a batch is given back.</summary>
    FreeBatched = 3,

    /// <summary>A request for many pages.</summary>
    Bulk = 4,

    /// <summary>How many it got.</summary>
    BulkReturn = 5,

    /// <summary>A mark of the recording.</summary>
    Mark = 6,

    /// <summary>kswapd begins a round.</summary>
    Balance = 7,

    /// <summary>It ends.</summary>
    BalanceReturn = 8,

    /// <summary>A task begins to reclaim for its request.</summary>
    DirectReclaimBegin = 9,

    /// <summary>It ends.</summary>
    DirectReclaimEnd = 10,

    /// <summary>Not an event: the name of a task.</summary>
    Task = 15,
}

/// <summary>The records of events.</summary>
internal static class CaptureRecords
{
    private static readonly CaptureEventKind[] Kinds =
    [
        CaptureEventKind.Other, CaptureEventKind.Alloc, CaptureEventKind.Free, CaptureEventKind.FreeBatched, CaptureEventKind.Bulk,
        CaptureEventKind.BulkReturn, CaptureEventKind.Mark, CaptureEventKind.Balance, CaptureEventKind.BalanceReturn,
        CaptureEventKind.DirectReclaimBegin, CaptureEventKind.DirectReclaimEnd,
    ];

    public static CaptureRecord Of(CaptureEventKind kind)
    {
        int number = Array.IndexOf(Kinds, kind, 1);
        return number > 0 ? (CaptureRecord)number : throw new ArgumentException($"{kind} is no event of an arranged capture.", nameof(kind));
    }

    /// <summary>The event's kind; false for a number that is none.</summary>
    public static bool TryKind(int record, out CaptureEventKind kind)
    {
        kind = record > 0 && record < Kinds.Length ? Kinds[record] : CaptureEventKind.Other;
        return kind != CaptureEventKind.Other;
    }

    /// <summary>The record names a block.</summary>
    public static bool HasBlock(CaptureRecord record) => record is CaptureRecord.Request or CaptureRecord.Free or CaptureRecord.FreeBatched;

    /// <summary>The record has gfp flags.</summary>
    public static bool HasGfp(CaptureRecord record) => record is CaptureRecord.Request or CaptureRecord.Bulk;

    /// <summary>The record has a count, or a zone.</summary>
    public static bool HasNumber(CaptureRecord record) => record is CaptureRecord.Bulk or CaptureRecord.BulkReturn or CaptureRecord.Balance;
}

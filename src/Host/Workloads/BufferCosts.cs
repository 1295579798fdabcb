namespace Sim.Host.Workloads;

/// <summary>What buffers of one kind have cost so far.</summary>
internal sealed class BufferCosts
{
    /// <summary>Buffers asked for.</summary>
    public long Requests { get; set; }

    /// <summary>Those that could not be had.</summary>
    public long Failures { get; set; }

    /// <summary>Bytes asked for of those that could.</summary>
    public long Bytes { get; set; }

    /// <summary>Bytes of memory they took beyond that: internal fragmentation.</summary>
    public long WastedBytes { get; set; }

    /// <summary>Time of the requests, in picoseconds.</summary>
    public long AllocPs { get; set; }

    /// <summary>Time of the returns, in picoseconds.</summary>
    public long FreePs { get; set; }

    /// <summary>Reads made.</summary>
    public long Reads { get; set; }

    /// <summary>Time of the reads, in picoseconds.</summary>
    public long ReadPs { get; set; }

    /// <summary>Reads whose translation the first-level TLB did not have.</summary>
    public long TlbMisses { get; set; }

    /// <summary>Reads whose translation no TLB had.</summary>
    public long Walks { get; set; }

    /// <summary>All of them together.</summary>
    public static BufferCosts Sum(IEnumerable<BufferCosts> parts)
    {
        var sum = new BufferCosts();
        foreach (BufferCosts part in parts)
        {
            sum.Requests += part.Requests;
            sum.Failures += part.Failures;
            sum.Bytes += part.Bytes;
            sum.WastedBytes += part.WastedBytes;
            sum.AllocPs += part.AllocPs;
            sum.FreePs += part.FreePs;
            sum.Reads += part.Reads;
            sum.ReadPs += part.ReadPs;
            sum.TlbMisses += part.TlbMisses;
            sum.Walks += part.Walks;
        }
        return sum;
    }
}

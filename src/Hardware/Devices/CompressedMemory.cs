namespace Sim.Hardware.Devices;

/// <summary>Compressed memory: the CPU that asks does the work, and has it done at once. Execution state.</summary>
public sealed class CompressedMemory(CompressedMemoryOptions options) : IBlockDevice
{
    private long _reads, _writes, _busyPs;

    /// <inheritdoc/>
    public bool IsRotational => false;

    /// <inheritdoc/>
    public bool IsSynchronous => true;

    /// <inheritdoc/>
    public BlockStatistics Statistics => new(_reads, _writes, _busyPs);

    /// <inheritdoc/>
    public long Submit(in BlockRequest request, long timePs)
    {
        long ps = (request.Write ? options.CompressNs : options.DecompressNs) * 1000L * request.Pages;
        _ = request.Write ? _writes += request.Pages : _reads += request.Pages;
        _busyPs += ps;
        return ps;
    }
}

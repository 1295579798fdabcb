using Sim.Engine.Random;

namespace Sim.Engine.Tests.Log;

/// <summary>A file on a <see cref="SimulatedDisk"/>: what programs see of it, and what of that is on the disk.</summary>
internal sealed class SimulatedFile
{
    private const int SectorBytes = 512;

    /// <summary>What was last synced.</summary>
    public byte[] OnDisk { get; private set; } = [];

    /// <summary>What programs read.</summary>
    public MemoryStream Seen { get; } = new();

    public static SimulatedFile Of(byte[] bytes)
    {
        var file = new SimulatedFile { OnDisk = bytes };
        file.Seen.Write(bytes);
        return file;
    }

    public void Sync() => OnDisk = Seen.ToArray();

    public SimulatedFile Copy()
    {
        SimulatedFile copy = Of(Seen.ToArray());
        copy.OnDisk = OnDisk;
        return copy;
    }

    /// <summary>
    /// What a power cut leaves: of what was written since the last sync, each sector arrived, did not, or is garbage, in
    /// no order; the length is the old one, the new one or between. Bytes that no write touched stay as they were, also in
    /// a sector that was written to (SQLite calls that powersafe overwrite; any append-only file needs it).
    /// </summary>
    public byte[] AfterPowerCut(RandomStream random)
    {
        byte[] seen = Seen.ToArray();
        int changed = seen.AsSpan().CommonPrefixLength(OnDisk);
        int shorter = Math.Min(seen.Length, OnDisk.Length), longer = Math.Max(seen.Length, OnDisk.Length);
        int length = random.NextBelow(3) switch
        {
            0 => OnDisk.Length,
            1 => seen.Length,
            _ => shorter + (int)random.NextBelow((ulong)(longer - shorter + 1)),
        };
        byte[] left = new byte[length];
        OnDisk.AsSpan(0, Math.Min(length, OnDisk.Length)).CopyTo(left);
        ulong mood = random.NextBelow(4);
        int arrivedUpTo = changed + (int)random.NextBelow((ulong)(Math.Max(0, length - changed) + 1));
        for (int start = changed; start < length; start = (start / SectorBytes + 1) * SectorBytes)
        {
            int end = Math.Min(length, (start / SectorBytes + 1) * SectorBytes);
            ulong fate = mood switch
            {
                0 => 0,
                1 => start < arrivedUpTo ? 0u : 1u,
                2 => random.NextBelow(2),
                _ => random.NextBelow(3),
            };
            Span<byte> sector = left.AsSpan(start, end - start);
            if (fate == 0 && start < seen.Length)
            {
                seen.AsSpan(start, Math.Min(end, seen.Length) - start).CopyTo(sector);
            }
            else if (fate == 2 && start < seen.Length)
            {
                for (int i = 0; i < sector.Length; i++)
                {
                    sector[i] = (byte)random.NextUInt64();
                }
            }
        }
        return left;
    }
}

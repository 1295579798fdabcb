using Sim.Engine.Events;
using Sim.Kernel.Compaction;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Mm;

/// <content>What a page's move changes.</content>
public sealed partial class AddressSpaces : IApply<CompactMigrate>
{
    /// <summary>From frames to the entries that map them.</summary>
    public ReverseMap ReverseMap { get; }

    /// <summary>Pages moved so far (<c>pgmigrate_success</c>).</summary>
    public long MigratedPages { get; private set; }

    /// <summary>
    /// Entries of the old frame point to the new one with the rights and marks they had; the new frame has all that was known
    /// of the old one, which stays with the mover until it is freed.
    /// </summary>
    public void Apply(in CompactMigrate e, in EventHeader header)
    {
        MigratedPages++;
        ref Frame from = ref _frames[e.FromPfn];
        ref Frame to = ref _frames[e.ToPfn];
        for (int entry = ReverseMap.First(e.FromPfn); entry != 0; entry = ReverseMap.Next(entry))
        {
            (int pid, long vpn) = ReverseMap[entry];
            AddressSpace mm = this[pid];
            ulong address = (ulong)vpn << 12;
            SetEntry(mm, address, e.ToPfn, _tables.Mode.FlagsOf(_tables.ReadPte(mm.Root, address)));
        }
        int mapping = ReverseMap.Mapping(e.FromPfn);
        if (mapping != 0 && from.Use == FrameUse.Anon)
        {
            Reclaim!.Swap.Move(mapping, e.ToPfn);
        }
        else if (mapping != 0)
        {
            Cache.Replace(mapping, (uint)from.Index, e.ToPfn);
        }
        ReverseMap.Move(e.FromPfn, e.ToPfn);
        (to.Use, to.Index, to.MapCount, to.Owner, to.AllocatedBy, to.MigrateType) =
            (from.Use, from.Index, from.MapCount, from.Owner, from.AllocatedBy, from.MigrateType);
        Reclaim?.Lru.Move((int)e.FromPfn, (int)e.ToPfn);
        Reclaim?.Memcg?.Move(e.FromPfn, e.ToPfn);
        (from.Use, from.Index, from.MapCount, from.Owner) = (FrameUse.None, 0, 0, KernelUser.Compaction);
    }
}

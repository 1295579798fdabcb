using Sim.Kernel.Slab;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Vfs;

/// <summary>
/// What holds of names and inodes between two dispatches: each lies in a slab object that is handed out, unused ones are on their list, the
/// lists count right, and an inode is used by its name alone.
/// </summary>
public static class VfsInvariants
{
    /// <summary>The first violation found, in words; null when there is none.</summary>
    public static string? Violation(VfsState state, SlabState slab, FrameTable frames)
    {
        for (int number = 0; number < state.SuperBlocks.Count; number++)
        {
            SuperBlock super = state.SuperBlocks[number];
            if ((List(super.Dentries, slab, frames) ?? List(super.Inodes, slab, frames) ?? Pairs(super)) is { } violation)
            {
                return $"file system {number}: {violation}";
            }
        }
        return null;
    }

    private static string? List(UnusedList list, SlabState slab, FrameTable frames)
    {
        if (list.Isolated.Count > 0)
        {
            return $"{list.Isolated.Count} objects wait to go after the walk ended";
        }
        var listed = new bool[list.Capacity];
        long found = 0;
        for (int file = list.First, before = -1; file >= 0; before = file, file = list[file].Next)
        {
            if (!list[file].IsListed || list[file].Prev != before || listed[file])
            {
                return $"file {file} on the list of unused objects is not behind {before}";
            }
            listed[file] = true;
            found++;
        }
        long cached = 0;
        for (int file = 0; file < list.Capacity; file++)
        {
            CachedObject o = list[file];
            if (o.Address == 0)
            {
                continue;
            }
            cached++;
            if (o.IsListed != listed[file] || (o.Users == 0 && !o.IsListed) || o.Users < 0)
            {
                return $"file {file} is used {o.Users} times and {(listed[file] ? "" : "not ")}on the list of unused objects";
            }
            if (frames[o.Address >> Page.Shift].Use != FrameUse.Slab || !IsHandedOut(slab, o.Address))
            {
                return $"file {file} lies at 0x{o.Address:x}, where no slab object is handed out";
            }
        }
        return found == list.Listed && cached == list.Cached ? null
            : $"{list.Listed} of {list.Cached} objects are counted as unused; {found} of {cached} are";
    }

    private static string? Pairs(SuperBlock super)
    {
        for (int file = 0; file < Math.Max(super.Dentries.Capacity, super.Inodes.Capacity); file++)
        {
            bool name = super.Dentries[file].Address != 0;
            if (super.Inodes[file].Users != (name ? 1 : 0) || (name && super.Inodes[file].Address == 0))
            {
                return $"inode {file} is used {super.Inodes[file].Users} times; {(name ? "one name uses it" : "no name does")}";
            }
        }
        return null;
    }

    private static bool IsHandedOut(SlabState slab, long address)
    {
        SlabRecord record = slab.Slab(slab.SlabOf(address));
        SlabCache cache = slab.Cache(record.Cache);
        int index = SlabState.IndexOf(in record, cache, address);
        return SlabState.AddressOf(in record, cache, index) == address && slab.IsTaken(in record, index);
    }
}

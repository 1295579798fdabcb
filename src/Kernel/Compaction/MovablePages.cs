namespace Sim.Kernel.Compaction;

/// <summary>
/// Someone who holds movable pages by their frame numbers, outside any page table, and wants to know where they go (the
/// kernel's <c>movable_operations</c>).
/// </summary>
public interface IMovablePageOwner
{
    /// <summary>A page of its has moved.</summary>
    void Migrated(long fromPfn, long toPfn);
}

/// <summary>Who holds movable pages outside page tables, by the owner the frames were asked for. Pages of others stay where they are.</summary>
public sealed class MovablePages
{
    private readonly Dictionary<int, IMovablePageOwner> _owners = [];

    /// <summary>Single frames asked for on behalf of an owner, with gfp movable, may be moved from now on.</summary>
    public void Register(int owner, IMovablePageOwner holder) => _owners[owner] = holder;

    /// <summary>Who is to be told; null when the owner's pages must stay.</summary>
    public IMovablePageOwner? Find(int owner) => _owners.GetValueOrDefault(owner);
}

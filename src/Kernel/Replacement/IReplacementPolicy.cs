namespace Sim.Kernel.Replacement;

/// <summary>
/// Decides which resident page gives up its frame. Pages are small integer handles that the caller hands out and keeps for as long as
/// the policy may remember the page, which for some policies is longer than the page is resident.
/// </summary>
/// <remarks>
/// Such a policy learns of references only through <see cref="IPageActivity"/>, as a kernel does. One that is told of every reference
/// implements <see cref="IReferenceObserver"/> too; no kernel could run it, and it is listed as an oracle. A call allocates nothing
/// except <see cref="Reserve"/>.
/// </remarks>
public interface IReplacementPolicy
{
    /// <summary>Makes room for handles below a number; handles in use keep their state.</summary>
    /// <param name="pages">One more than the greatest handle to come.</param>
    void Reserve(int pages);

    /// <summary>A page has come into a frame.</summary>
    /// <param name="page">Its handle; not resident until now.</param>
    void Insert(int page);

    /// <summary>Chooses the page to go; from now on it is not resident.</summary>
    /// <param name="incoming">The page that needs the frame, which <see cref="Insert"/> follows with, or -1 when frames are freed ahead of need.</param>
    /// <returns>The victim's handle. At least one page must be resident.</returns>
    int Evict(int incoming);

    /// <summary>A resident page has gone for good, unmapped or freed: its history goes with it.</summary>
    /// <param name="page">Its handle.</param>
    void Remove(int page);

    /// <summary>The timer: policies that sample accessed bits do it now.</summary>
    void Tick()
    {
    }
}

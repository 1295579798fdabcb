namespace Sim.Kernel.Replacement;

/// <summary>
/// Clock with a counter of two bits in place of the accessed bit: a reference adds one, up to three, and the hand takes one away (Smith,
/// "Sequentiality and prefetching in database systems", 1978, generalized clock).
/// </summary>
internal sealed class CountingClockPolicy : IReferenceObserver
{
    private const byte MaxCount = 3;

    private readonly PageRing _ring = new();
    private byte[] _counts = [];

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _ring.Reserve(pages);
        Array.Resize(ref _counts, pages);
    }

    /// <inheritdoc/>
    public void Insert(int page)
    {
        _counts[page] = 0;
        _ring.Add(page);
    }

    /// <inheritdoc/>
    public void Reference(int page)
    {
        if (_counts[page] < MaxCount)
        {
            _counts[page]++;
        }
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        while (_counts[_ring.Hand] > 0)
        {
            _counts[_ring.Hand]--;
            _ring.Advance();
        }
        int victim = _ring.Hand;
        _ring.Remove(victim);
        return victim;
    }

    /// <inheritdoc/>
    public void Remove(int page) => _ring.Remove(page);
}

namespace Sim.Kernel.Replacement;

/// <summary>
/// Three FIFO queues: a small one of a tenth of the frames that most pages pass through once, a main one for those referenced twice
/// there, and names of what the small one let go; the main one gives second chances by a 2-bit counter (Yang et al., "FIFO queues are all
/// you need for cache eviction", SOSP 2023).
/// </summary>
internal sealed class S3FifoPolicy : IReferenceObserver
{
    private const int Small = 0, Main = 1, Ghost = 2;
    private const byte MaxCount = 3, CountForMain = 2;

    private readonly PageLists _queues = new(3);
    private readonly int _mainFrames;
    private readonly int _ghostNames;
    private byte[] _counts = [];
    private int _recalled = PageLists.None;

    /// <summary>Empty queues.</summary>
    public S3FifoPolicy(int frames)
    {
        _mainFrames = frames - frames / 10;
        _ghostNames = Math.Max(1, frames - frames / 10);
    }

    /// <inheritdoc/>
    public void Reserve(int pages)
    {
        _queues.Reserve(pages);
        Array.Resize(ref _counts, pages);
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
    public void Insert(int page)
    {
        Recall(page);
        _counts[page] = 0;
        _queues.AddLast(page == _recalled ? Main : Small, page);
        _recalled = PageLists.None;
    }

    /// <inheritdoc/>
    public int Evict(int incoming)
    {
        if (incoming >= 0)
        {
            Recall(incoming);
        }
        while (true)
        {
            int victim = _queues.Count(Main) > _mainFrames || _queues.Count(Small) == 0 ? EvictMain() : EvictSmall();
            if (victim != PageLists.None)
            {
                return victim;
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(int page) => _queues.Remove(page);

    private int EvictSmall()
    {
        int page = _queues.First(Small);
        if (_counts[page] >= CountForMain)
        {
            _counts[page] = 0;
            _queues.MoveLast(Main, page);
            return PageLists.None;
        }
        _queues.MoveLast(Ghost, page);
        if (_queues.Count(Ghost) > _ghostNames)
        {
            _queues.Remove(_queues.First(Ghost));
        }
        return page;
    }

    private int EvictMain()
    {
        int page = _queues.First(Main);
        while (_counts[page] > 0)
        {
            _counts[page]--;
            _queues.MoveLast(Main, page);
            page = _queues.First(Main);
        }
        _queues.Remove(page);
        return page;
    }

    private void Recall(int page)
    {
        if (_queues.ListOf(page) == Ghost)
        {
            _queues.Remove(page);
            _recalled = page;
        }
    }
}

using Sim.Engine.Events;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Finds the pages of an image that are stored already: in a full snapshot before it, or earlier in itself. Compares hashes of
/// 64 bits; the image's hash, checked whenever one is loaded, guards against the unlikely.
/// </summary>
internal sealed class PageMatcher
{
    private Dictionary<ulong, int> _base = [], _own = [];

    /// <summary>Runs of the image's pages, and the numbers of those that are new.</summary>
    /// <param name="image">The image.</param>
    /// <param name="useBase">Whether pages of the last full image may be taken.</param>
    /// <param name="newPages">Filled with the numbers of new pages.</param>
    public List<PageRun> Match(StateImage image, bool useBase, List<int> newPages)
    {
        var runs = new List<PageRun>();
        newPages.Clear();
        _own.Clear();
        for (int page = 0; page < image.Pages; page++)
        {
            ulong hash = XxHash64.Hash(image.Page(page));
            PageRun one = useBase && _base.TryGetValue(hash, out int known) ? new PageRun(PageSource.Base, known, 1)
                : _own.TryGetValue(hash, out int earlier) ? new PageRun(PageSource.Earlier, earlier, 1)
                : new PageRun(PageSource.Here, newPages.Count, 1);
            if (one.Source == PageSource.Here)
            {
                newPages.Add(page);
            }
            _own.TryAdd(hash, page);
            if (runs.Count > 0 && runs[^1] is var last && last.Source == one.Source && last.First + last.Count == one.First)
            {
                runs[^1] = last with { Count = last.Count + 1 };
            }
            else
            {
                runs.Add(one);
            }
        }
        return runs;
    }

    /// <summary>The image matched last was stored as a full one: later ones may take pages from it.</summary>
    public void MakeBase() => (_base, _own) = (_own, _base);
}

namespace Sim.Kernel.Replacement;

/// <summary>For each reference of a trace the position of the next one to the same page: what only a trace can tell.</summary>
public sealed class FutureReferences
{
    /// <summary>There is no further reference.</summary>
    public const int Never = int.MaxValue;

    private readonly int[] _next;

    /// <summary>Reads a trace backwards.</summary>
    /// <param name="references">The handles referenced, in order.</param>
    /// <param name="pages">One more than the greatest of them.</param>
    public FutureReferences(ReadOnlySpan<int> references, int pages)
    {
        int[] seen = new int[pages];
        seen.AsSpan().Fill(Never);
        _next = new int[references.Length];
        for (int i = references.Length - 1; i >= 0; i--)
        {
            _next[i] = seen[references[i]];
            seen[references[i]] = i;
        }
    }

    /// <summary>Position of the next reference to the page referenced at a position, or <see cref="Never"/>.</summary>
    public int After(long position) => _next[position];
}

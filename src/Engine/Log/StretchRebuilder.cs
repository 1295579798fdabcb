namespace Sim.Engine.Log;

/// <summary>Writes several dropped segments again, in one re-execution that starts before the first of them.</summary>
/// <param name="target">The folder for the files.</param>
public sealed class StretchRebuilder(ILogStorage target) : IBlockSink, IDisposable
{
    private readonly Queue<(SegmentHeader Header, SegmentFooter Footer)> _waiting = [];
    private SegmentRebuilder? _current;

    /// <summary>True when all of them are there.</summary>
    public bool IsComplete => _current is null && _waiting.Count == 0;

    /// <summary>Adds a segment, behind those that were added before.</summary>
    public void Expect(SegmentHeader header, SegmentFooter footer) => _waiting.Enqueue((header, footer));

    /// <inheritdoc/>
    /// <exception cref="SegmentDivergedException">The block, or the file it completes, is not the one that was dropped.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public byte[] Submit(in RawBlock block)
    {
        if (_current is null && _waiting.TryPeek(out var next) && block.FirstSequence >= next.Header.FirstSequence)
        {
            _current = new SegmentRebuilder(target, next.Header, next.Footer);
            _waiting.Dequeue();
        }
        if (_current is null)
        {
            return block.Payload;
        }
        byte[] payload = _current.Submit(in block);
        if (_current.IsComplete)
        {
            _current.Finish();
            _current.Dispose();
            _current = null;
        }
        return payload;
    }

    public void Dispose() => _current?.Dispose();
}

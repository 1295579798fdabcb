namespace Sim.Engine.Log;

/// <summary>Those who wait for the place and the link of a block that is not yet due. Guarded by the writer.</summary>
internal sealed class BoundaryRequests
{
    private readonly List<(long FirstSequence, TaskCompletionSource<LogBoundary> Answer)> _waiting = [];
    private Exception? _ended;

    /// <summary>Waits until the log has been written up to a sequence.</summary>
    public Task<LogBoundary> Add(long firstSequence)
    {
        if (_ended is not null)
        {
            return Task.FromException<LogBoundary>(_ended);
        }
        var answer = new TaskCompletionSource<LogBoundary>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((firstSequence, answer));
        return answer.Task;
    }

    /// <summary>The log has been written up to a boundary.</summary>
    public void Reached(in LogBoundary boundary)
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            (long firstSequence, TaskCompletionSource<LogBoundary> answer) = _waiting[i];
            if (firstSequence > boundary.NextSequence)
            {
                continue;
            }
            if (firstSequence == boundary.NextSequence)
            {
                answer.SetResult(boundary);
            }
            else
            {
                answer.SetException(new ArgumentException($"No block starts with event {firstSequence}."));
            }
            _waiting.RemoveAt(i);
        }
    }

    /// <summary>Nothing more will be written.</summary>
    public void End(Exception why)
    {
        _ended = why;
        foreach ((_, TaskCompletionSource<LogBoundary> answer) in _waiting)
        {
            answer.SetException(why);
        }
        _waiting.Clear();
    }
}

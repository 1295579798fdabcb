using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Host.Index;

/// <summary>Reads all blocks of a log and writes down what they are about, on two threads.</summary>
internal static class LogIndexBuilder
{
    private const int Threads = 2;

    /// <summary>Blocks that a thread takes at a time.</summary>
    private const int Batch = 32;

    /// <summary>Continues an index to the log's end.</summary>
    /// <param name="open">Opens the log; each thread reads it by itself.</param>
    /// <param name="blocks">The log's blocks.</param>
    /// <param name="index">Its first blocks; empty to begin with the first.</param>
    /// <param name="progress">Told the number of blocks done.</param>
    /// <param name="cancellation">Stops the work; the index is not changed then.</param>
    /// <exception cref="CorruptLogException">A block is damaged.</exception>
    /// <exception cref="DroppedSegmentException">A block was dropped.</exception>
    public static void Complete(Func<LogReader> open, LogBlocks blocks, LogIndex index, Action<int> progress, CancellationToken cancellation)
    {
        int first = index.Count, batches = (blocks.Count - first + Batch - 1) / Batch;
        var parts = new LogIndex[batches];
        int next = -1, done = 0;
        var work = new Task[Threads];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        for (int thread = 0; thread < Threads; thread++)
        {
            work[thread] = Task.Run(Work, CancellationToken.None);
        }
        while (!Task.WaitAll(work.Select(Quiet).ToArray(), 100, CancellationToken.None))
        {
            progress(first + Math.Min(Volatile.Read(ref done) * Batch, blocks.Count - first));
        }
        foreach (Task task in work)
        {
            task.GetAwaiter().GetResult();
        }
        foreach (LogIndex part in parts)
        {
            index.Append(part);
        }
        index.Seal(blocks);

        void Work()
        {
            try
            {
                using LogReader log = open();
                var sketch = new BlockSketch(NamedFields.Of(log.Header.Catalogue));
                var cursor = new EventCursor(log);
                for (int batch; (batch = Interlocked.Increment(ref next)) < batches;)
                {
                    int from = first + (batch * Batch);
                    parts[batch] = Scan(cursor, sketch, blocks, from, Math.Min(from + Batch, blocks.Count), stop.Token);
                    Interlocked.Increment(ref done);
                }
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        }
    }

    private static LogIndex Scan(EventCursor cursor, BlockSketch sketch, LogBlocks blocks, int from, int end, CancellationToken cancellation)
    {
        var part = new LogIndex();
        cursor.Seek(blocks.First(from));
        for (int block = from; block < end; block++)
        {
            cancellation.ThrowIfCancellationRequested();
            sketch.Clear();
            for (long sequence = blocks.First(block); sequence <= blocks.End(block); sequence++)
            {
                if (!cursor.MoveNext() || cursor.Header.Sequence != sequence)
                {
                    throw new CorruptLogException($"event {sequence} is not there any more");
                }
                sketch.Add(cursor);
            }
            part.Add(sketch, blocks.First(block));
        }
        return part;
    }

    // Waiting must not throw: the first failure is thrown once all have ended.
    private static Task Quiet(Task task) => task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}

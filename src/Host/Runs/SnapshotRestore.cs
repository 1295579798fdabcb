using Sim.Engine.Snapshots;

namespace Sim.Host.Runs;

/// <summary>Machines that go on from a snapshot. One that turns out to be of no use counts no longer.</summary>
internal static class SnapshotRestore
{
    /// <summary>A machine in the state of a snapshot; null when that is damaged, or another machine's.</summary>
    /// <param name="build">Makes the machine, from the same configuration.</param>
    public static IRunnable? Load(SnapshotStore store, SnapshotHeader from, Func<IRunnable> build)
    {
        if (store.Load(from, sourcedOnly: false) is { } image)
        {
            IRunnable machine = build();
            try
            {
                machine.Load(image);
                return machine;
            }
            catch (InvalidDataException)
            {
                store.Discard(from);
            }
        }
        return null;
    }

    /// <summary>A machine in the state of the last snapshot at or before an event; null when none is of use.</summary>
    /// <param name="sequence">Number of events that the snapshot may hold at most.</param>
    /// <inheritdoc cref="Load"/>
    public static IRunnable? Newest(SnapshotStore store, long sequence, Func<IRunnable> build)
    {
        while (store.Newest(sequence) is { } newest)
        {
            if (Load(store, newest, build) is { } machine)
            {
                return machine;
            }
        }
        return null;
    }
}

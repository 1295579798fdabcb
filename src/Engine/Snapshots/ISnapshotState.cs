namespace Sim.Engine.Snapshots;

/// <summary>
/// A component with state that its fields do not show as it is: behind pointers, in a file's position, or in an order that
/// does not matter. Called after its other fields were visited.
/// </summary>
public interface ISnapshotState
{
    /// <summary>Saves or restores that state: the same steps either way, <see cref="StateVisitor.IsLoading"/> tells which.</summary>
    void Visit(StateVisitor visitor);
}

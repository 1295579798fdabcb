namespace Sim.Kernel.Replacement;

/// <summary>A policy that is told of every reference to a resident page: an oracle, because the hardware tells no kernel as much.</summary>
public interface IReferenceObserver : IReplacementPolicy
{
    /// <summary>A resident page is referenced. The reference that faulted is not reported: <see cref="IReplacementPolicy.Insert"/> stands for it.</summary>
    /// <param name="page">Its handle.</param>
    void Reference(int page);
}

namespace Sim.Kernel.Replacement;

/// <summary>What a policy is made for.</summary>
/// <param name="Frames">Frames it shares out, at least 1; some policies divide them into parts.</param>
/// <param name="Activity">Where it learns of references.</param>
/// <param name="Window">How long a page belongs to the working set after its last reference, in the unit of <see cref="IPageActivity.Now"/>.</param>
/// <param name="Future">The references to come, for a policy that knows them; else null.</param>
public sealed record ReplacementSettings(int Frames, IPageActivity Activity, long Window, FutureReferences? Future = null);

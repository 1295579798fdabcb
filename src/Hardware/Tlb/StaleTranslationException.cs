namespace Sim.Hardware.Tlb;

/// <summary>
/// A CPU whose uses of the TLB are checked was about to use a translation that its page tables do not have, or not with these
/// rights: the kernel forgot a flush.
/// </summary>
public sealed class StaleTranslationException(int cpu, ulong vpn, string what)
    : Exception($"CPU {cpu} uses a translation of page 0x{vpn:x} that its page tables do not have: {what}.");

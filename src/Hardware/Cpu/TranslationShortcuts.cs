using System.Runtime.CompilerServices;

namespace Sim.Hardware.Cpu;

/// <summary>
/// For each kind of access the page it used last, while that page is in the first-level TLB with the rights the kind needs in the
/// present mode. A use through it counts as a use of the TLB slot, so it never changes which entry is replaced. Cleared whenever a
/// TLB entry, the mode or the address space changes.
/// </summary>
[InlineArray(4)]
internal struct TranslationShortcuts
{
    /// <summary>Page number that no page has.</summary>
    public const ulong NoPage = ulong.MaxValue;

    private Entry _first;

    public struct Entry
    {
        /// <summary>Linear page number, or <see cref="NoPage"/>.</summary>
        public ulong Vpn;

        /// <summary>Physical address of the page.</summary>
        public ulong Frame;

        /// <summary>TLB slot.</summary>
        public int Slot;
    }
}

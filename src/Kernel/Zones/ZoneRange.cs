namespace Sim.Kernel.Zones;

/// <summary>Where a zone lies.</summary>
/// <param name="Type">Which zone.</param>
/// <param name="StartPfn">First frame.</param>
/// <param name="SpannedPages">Frame numbers from first to last, holes included; 0 for a zone without memory.</param>
/// <param name="PresentPages">Frames that memory stands behind.</param>
public readonly record struct ZoneRange(ZoneType Type, long StartPfn, long SpannedPages, long PresentPages);

namespace Sim.Hardware.Segmentation;

/// <summary>A segment register.</summary>
public enum SegmentRegister : byte
{
    /// <summary>CS for instruction fetches, DS for data.</summary>
    Default = 0,
    Cs = 1,
    Ds = 2,
    Ss = 3,
    Es = 4,
    Fs = 5,
    Gs = 6,
}

using System.Runtime.InteropServices;
using Sim.Hardware.Segmentation;

namespace Sim.Hardware.Cpu;

/// <summary>One access by a program: 16 bytes, blittable, so that a trace is an array of them.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MemoryAccess
{
    /// <summary>Offset in the segment; equal to the linear address in flat segments.</summary>
    public ulong Address;

    /// <summary>Bytes, 1 to 65,535; 0 counts as 1.</summary>
    public ushort Size;

    /// <summary>What it does.</summary>
    public AccessKind Kind;

    /// <summary>Segment register used; <see cref="SegmentRegister.Default"/> is CS for fetches and DS for data.</summary>
    public SegmentRegister Segment;

    /// <summary>Core cycles the program computes before the access, beside the cost of instructions themselves.</summary>
    public uint ComputeCycles;

    public MemoryAccess(ulong address, int size, AccessKind kind)
    {
        Address = address;
        Size = checked((ushort)size);
        Kind = kind;
    }
}

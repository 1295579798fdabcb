using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Hardware;
using Sim.Hardware.Segmentation;

namespace Sim.Kernel.ProcFs;

/// <summary>A segment register of a CPU with the descriptor that its selector names; addresses hexadecimal.</summary>
/// <param name="Cpu">Number of the CPU.</param>
/// <param name="Register">Such as cs; kgs is the base alone that swapgs exchanges (MSR_KERNEL_GS_BASE).</param>
/// <param name="Selector">What it holds.</param>
/// <param name="Descriptor">The eight bytes of the descriptor; empty for a null selector.</param>
/// <param name="Base">Linear address of offset 0.</param>
/// <param name="Limit">Greatest offset.</param>
/// <param name="Dpl">Privilege of the segment, 0 or 3.</param>
/// <param name="Kind">code, data, null, or base.</param>
/// <param name="Flat">Linear addresses are offsets: base 0 and no limit below 4 GiB, or 64-bit mode.</param>
public sealed record SegmentRow(
    [property: JsonPropertyName("cpu")] int Cpu,
    [property: JsonPropertyName("register")] string Register,
    [property: JsonPropertyName("selector")] string Selector,
    [property: JsonPropertyName("descriptor")] string Descriptor,
    [property: JsonPropertyName("base")] string Base,
    [property: JsonPropertyName("limit")] string Limit,
    [property: JsonPropertyName("dpl")] int Dpl,
    [property: JsonPropertyName("kind")] string Kind,
    [property: JsonPropertyName("flat")] bool Flat);

/// <summary>The segment registers of all CPUs and what they mean: <c>show RUN segments</c> (compare gdb's <c>info registers</c>).</summary>
public static class SegmentView
{
    /// <summary>Six rows per CPU; in long mode a seventh for the base that swapgs would exchange for that of GS.</summary>
    public static IEnumerable<SegmentRow> Rows(HardwareState hardware)
    {
        for (int cpu = 0; cpu < hardware.Cpus.Count; cpu++)
        {
            for (SegmentRegister register = SegmentRegister.Cs; register <= SegmentRegister.Gs; register++)
            {
                yield return Row(hardware, cpu, register);
            }
            if (hardware.Gdt.LongMode)
            {
                yield return new SegmentRow(cpu, "kgs", "", "", Maps.Hex(hardware.Cpus.ShadowGsBase(cpu)), "", 0, "base", hardware.Cpus.ShadowGsBase(cpu) == 0);
            }
        }
    }

    /// <summary>A line per register.</summary>
    public static string Render(HardwareState hardware)
    {
        var text = new StringBuilder("cpu reg selector descriptor         base               limit      dpl kind flat\n");
        foreach (SegmentRow r in Rows(hardware))
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{r.Cpu,3} {r.Register,-3} {r.Selector,-8} {r.Descriptor,-18} {r.Base,-18} {r.Limit,-10} {r.Dpl,3} {r.Kind,-4} {(r.Flat ? "yes" : "no")}\n");
        }
        return text.ToString();
    }

    private static SegmentRow Row(HardwareState hardware, int cpu, SegmentRegister register)
    {
        ushort selector = hardware.Cpus.Selector(cpu, register);
        string name = register.ToString().ToLowerInvariant();
        bool longMode = hardware.Gdt.LongMode;
        bool hasBase = longMode && register >= SegmentRegister.Fs;
        ulong at = hasBase ? hardware.Cpus.Base(cpu, register) : 0;
        if (!hardware.Descriptors.TryFind(cpu, selector, out SegmentDescriptor d))
        {
            return new SegmentRow(cpu, name, Maps.Hex(selector), "", Maps.Hex(at), "0x0", 0, "null", longMode && at == 0);
        }
        return new SegmentRow(
            cpu, name, Maps.Hex(selector), "0x" + d.Raw.ToString("x16", CultureInfo.InvariantCulture), Maps.Hex(hasBase ? at : d.Base),
            Maps.Hex(d.Limit), d.Dpl, d.IsCode ? "code" : "data", hasBase ? at == 0 : d.IsFlat || longMode);
    }
}

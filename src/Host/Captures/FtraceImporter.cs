using System.Globalization;
using System.Text;
using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary><c>import ftrace</c>: makes a file of a captured trace that any machine can replay.</summary>
internal static class FtraceImporter
{
    /// <summary>Imports a text.</summary>
    /// <exception cref="TraceFormatException">It cannot be read.</exception>
    public static ImportedCaptureHeader Import(string input, string output)
    {
        FtraceText text = FtraceReader.Read(input);
        var arranged = new FtraceText(input, CaptureOrder.Arrange(text), text.Marks, text.Tasks) { IsArranged = true };
        if (arranged.Events.Length == 0)
        {
            throw TraceFormatException.AtLine(input, 0, "there is no request and no free in it", "Record with the events of kmem");
        }
        return ImportedCapture.Write(output, arranged, Metadata(input, text));
    }

    private static string Metadata(string input, FtraceText text)
    {
        var lines = new StringBuilder();
        lines.Append(CultureInfo.InvariantCulture, $"source: {Path.GetFileName(input)}\n");
        lines.Append(CultureInfo.InvariantCulture, $"cpus: {text.Events.Max(e => e.Cpu) + 1}\n");
        lines.Append(CultureInfo.InvariantCulture, $"highestPfn: 0x{text.Events.Where(e => e.Kind == CaptureEventKind.Alloc).Select(e => e.Pfn).DefaultIfEmpty(0).Max():x}\n");
        if (MachineOf(input) is { } machine)
        {
            lines.Append(CultureInfo.InvariantCulture, $"kernel: {machine.Kernel}\nmemoryMiB: {machine.MemoryBytes >> 20}\nprofile: {machine.Profile}\n");
        }
        return lines.ToString().TrimEnd('\n');
    }

    /// <summary>What the capture's folder tells of the machine; null when the text is not in one.</summary>
    private static CaptureFolder? MachineOf(string input)
    {
        try
        {
            return CaptureFolder.Open(Path.GetDirectoryName(Path.GetFullPath(input))!);
        }
        catch (TraceFormatException)
        {
            return null;
        }
    }
}

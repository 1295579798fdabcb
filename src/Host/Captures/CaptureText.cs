using Sim.Host.Traces;

namespace Sim.Host.Captures;

/// <summary>Reads a captured trace in either form: ftrace's text, or the file that it was imported into.</summary>
internal static class CaptureText
{
    /// <exception cref="TraceFormatException">It is neither, or damaged.</exception>
    public static FtraceText Read(string path)
    {
        using (FileStream file = TraceInput.Open(path))
        {
            Span<byte> magic = stackalloc byte[8];
            if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual(ImportedCapture.Magic))
            {
                return FtraceReader.Read(path);
            }
        }
        return ImportedCapture.Read(path).Text;
    }
}

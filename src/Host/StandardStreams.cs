using System.Text;

namespace Sim.Host;

/// <summary>Where a command writes: data to <paramref name="Out"/>, progress and messages to <paramref name="Error"/>.</summary>
/// <param name="ErrorIsTerminal">True when a person watches <paramref name="Error"/>.</param>
/// <param name="Color">True when colour and cursor control are wanted there (NO_COLOR, TERM=dumb).</param>
/// <param name="Input">What a person types; null when nobody sits at a terminal.</param>
/// <param name="Piped">Standard input that is no terminal.</param>
public sealed record StandardStreams(TextWriter Out, TextWriter Error, bool ErrorIsTerminal, bool Color, TextReader? Input = null, TextReader? Piped = null)
{
    /// <summary>The process's own streams. Standard output is buffered; it is flushed when the command ends.</summary>
    public static StandardStreams Open()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var stdout = new StreamWriter(Console.OpenStandardOutput(), utf8, 64 * 1024) { AutoFlush = false };
        bool terminal = !Console.IsErrorRedirected;
        bool color = terminal
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        return new StandardStreams(stdout, Console.Error, terminal, color, Console.IsInputRedirected || Console.IsOutputRedirected ? null : Console.In,
            Console.IsInputRedirected ? Console.In : null);
    }
}

using System.Text;

namespace Sim.Host.Traces;

/// <summary>
/// Reads the lines of valgrind's <c>--trace-syscalls=yes</c> (coregrind/m_syswrap/syswrap-main.c): a call with its arguments, then its result on
/// the same line, on a line of its own that begins with an arrow, or, for a call that may block, on a later line of the same thread.
/// </summary>
internal sealed class ValgrindSyscalls
{
    private const uint ArchPrctlNumber = 158;
    private const string Arrow = " --> ";

    private readonly Dictionary<uint, TracedCall> _pending = [];
    private readonly Stack<TracedCall> _spare = new();
    private TracedCall? _continued;

    /// <summary>The process of the first call; all others must be of the same.</summary>
    internal uint ProcessId { get; private set; }

    /// <summary>What was wrong with the last line, when a method returned false.</summary>
    internal string Problem { get; private set; } = "";

    /// <summary>Takes a line that begins with <c>SYSCALL[</c>. <paramref name="finished"/> is the call if it has returned, else null.</summary>
    internal bool TryLine(ReadOnlySpan<byte> bytes, out TracedCall? finished)
    {
        finished = null;
        string line = Encoding.UTF8.GetString(bytes);
        int comma = line.IndexOf(',');
        int bracket = line.IndexOf(']');
        int open = bracket + 1;
        int close = open < line.Length ? line.IndexOf(')', open) : -1;
        if (comma < 8 || bracket < comma || close < open || line[open] != '('
            || !uint.TryParse(line.AsSpan(8, comma - 8), out uint process)
            || !uint.TryParse(line.AsSpan(comma + 1, bracket - comma - 1), out uint thread)
            || !uint.TryParse(line.AsSpan(open + 1, close - open - 1), out uint number))
        {
            return Fail("a SYSCALL line without [process,thread](number)");
        }

        if (ProcessId != 0 && process != ProcessId)
        {
            return Fail($"system calls of process {process} among those of {ProcessId}: the program forked");
        }

        ProcessId = process;
        string rest = line[(close + 1)..].TrimStart();
        if (rest.StartsWith("...", StringComparison.Ordinal))
        {
            return _pending.Remove(thread, out TracedCall? started) && started.Number == number
                ? TryResult(started, rest, out finished)
                : Fail($"a result of system call {number} that thread {thread} has not begun");
        }

        TracedCall call = _spare.TryPop(out TracedCall? spare) ? spare : new TracedCall();
        call.Clear(thread, number);
        int message = rest.IndexOf($")--{process}", StringComparison.Ordinal);
        rest = message < 0 ? rest : rest[..(message + 1)];
        int arrow = rest.LastIndexOf(Arrow, StringComparison.Ordinal);
        AddArguments(call, arrow < 0 ? rest : rest[..arrow]);
        if (arrow < 0)
        {
            // Valgrind's own messages broke the line (cut off above): the result follows on a line that begins with the arrow.
            _continued = call;
            return true;
        }

        if (rest.AsSpan(arrow + Arrow.Length).StartsWith("[async]"))
        {
            _pending[thread] = call;
            return true;
        }

        return TryResult(call, rest, out finished);
    }

    /// <summary>Takes a line that begins with the arrow: the result of the call before it.</summary>
    internal bool TryContinuation(ReadOnlySpan<byte> bytes, out TracedCall? finished)
    {
        finished = null;
        TracedCall? call = _continued;
        _continued = null;
        if (call is null)
        {
            return Fail("a result without a system call");
        }

        string line = Encoding.UTF8.GetString(bytes);
        if (line.AsSpan(Arrow.Length).StartsWith("[async]"))
        {
            _pending[call.ThreadId] = call;
            return true;
        }

        return TryResult(call, line, out finished);
    }

    /// <summary>Gives a finished call back for use again.</summary>
    internal void Return(TracedCall call) => _spare.Push(call);

    private bool TryResult(TracedCall call, string text, out TracedCall? finished)
    {
        finished = null;
        int success = text.LastIndexOf("Success(0x", StringComparison.Ordinal);
        int failure = text.LastIndexOf("Failure(0x", StringComparison.Ordinal);
        int from = Math.Max(success, failure) + "Success(0x".Length;
        int close = Math.Max(success, failure) < 0 ? -1 : text.IndexOf(')', from);
        if (close < 0)
        {
            return Fail("a system call without Success or Failure");
        }

        // Calls with two results (pipe on some machines) print both, a colon between: the first is the return value.
        string digits = text[from..close].Split(':')[0];
        if (!TextNumbers.TryHex(Encoding.ASCII.GetBytes(digits), out ulong value))
        {
            return Fail("a result that is no hexadecimal number");
        }

        call.Result = failure > success ? -(long)Math.Min(value, 4095) : unchecked((long)value);
        finished = call;
        return true;
    }

    private static void AddArguments(TracedCall call, string text)
    {
        int open = text.IndexOf('(');
        int close = text.LastIndexOf(')');
        if (open < 0 || close < open)
        {
            return;
        }

        // An argument that points to a string shows it in parentheses behind the address; strings may contain commas.
        int depth = 0;
        int start = open + 1;
        for (int i = start; i <= close; i++)
        {
            char c = text[i];
            if (i == close || (c == ',' && depth == 0))
            {
                AddArgument(call, text.AsSpan(start, i - start).Trim());
                start = i + 1;
            }
            else
            {
                depth += c == '(' ? 1 : c == ')' && depth > 0 ? -1 : 0;
            }
        }
    }

    private static void AddArgument(TracedCall call, ReadOnlySpan<char> text)
    {
        int open = text.IndexOf('(');
        string? pointed = open > 0 && text[^1] == ')' ? text[(open + 1)..^1].ToString() : null;
        byte[] number = Encoding.UTF8.GetBytes(text[..(open > 0 ? open : text.Length)].ToString());
        if (number.Length == 0)
        {
            return;
        }

        // The wrapper of arch_prctl prints its pointer in bare hexadecimal; elsewhere a number with a letter in it can be nothing else.
        bool bare = call is { Number: ArchPrctlNumber, Count: 1 };
        ulong? value = (!bare && TextNumbers.TryNumber(number, out ulong parsed)) || TextNumbers.TryHex(number, out parsed) ? parsed : null;
        call.Add(value, pointed);
    }

    private bool Fail(string problem)
    {
        Problem = problem;
        return false;
    }
}

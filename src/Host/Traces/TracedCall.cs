namespace Sim.Host.Traces;

/// <summary>One system call as a tracer's text has it: some arguments may be unknown. Used again for call after call.</summary>
internal sealed class TracedCall
{
    internal const int MaxArguments = 6;

    private readonly ulong[] _values = new ulong[MaxArguments];
    private readonly bool[] _known = new bool[MaxArguments];
    private readonly string?[] _texts = new string?[MaxArguments];

    internal uint ThreadId { get; set; }

    internal uint Number { get; set; }

    internal int Count { get; private set; }

    internal long Result { get; set; }

    internal bool Failed => Result is < 0 and >= -4095;

    internal void Clear(uint threadId, uint number)
    {
        ThreadId = threadId;
        Number = number;
        Count = 0;
        Result = 0;
        Array.Clear(_values);
        Array.Clear(_known);
        Array.Clear(_texts);
    }

    /// <summary>Adds the next argument: its value where it is known, and the string it points to where the text shows one.</summary>
    internal void Add(ulong? value, string? text)
    {
        if (Count == MaxArguments)
        {
            return;
        }

        _values[Count] = value.GetValueOrDefault();
        _known[Count] = value is not null;
        _texts[Count] = text;
        Count++;
    }

    internal bool IsKnown(int argument) => argument < Count && _known[argument];

    internal ulong Value(int argument) => _values[argument];

    internal string? Text(int argument) => _texts[argument];

    internal bool AllKnown(int arguments)
    {
        for (int i = 0; i < arguments; i++)
        {
            if (!IsKnown(i))
            {
                return false;
            }
        }

        return true;
    }
}

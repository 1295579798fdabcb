namespace Sim.Host.Parity;

/// <summary>A program's memory calls from the beginning of <c>main</c> to its end, as one line of a recording has them.</summary>
/// <param name="Program">The program's name.</param>
/// <param name="IsStatic">Statically linked.</param>
/// <param name="Bits">64 or 32.</param>
/// <param name="Seed">What it was compiled with.</param>
/// <param name="BreakAtMain">The break when <c>main</c> began; null where addresses count from it.</param>
/// <param name="Areas">Ranges mapped when <c>main</c> began; empty where the recording has relative addresses.</param>
/// <param name="AreasAtEnd">Ranges mapped when <c>main</c> was left; likewise.</param>
/// <param name="Calls">The calls.</param>
internal sealed record MallocRecording(
    string Program, bool IsStatic, int Bits, int Seed, ulong? BreakAtMain, IReadOnlyList<(ulong Start, ulong End)> Areas,
    IReadOnlyList<(ulong Start, ulong End)> AreasAtEnd, IReadOnlyList<RecordedCall> Calls)
{
    /// <summary>Addresses are relative: another kernel, which placed mappings by its own rules.</summary>
    public bool IsRelative => BreakAtMain is null;

    /// <summary>The program and how it was built.</summary>
    public string Title => $"{Program} {Bits} bit {(IsStatic ? "static" : "dynamic")}, seed {Seed}";
}

/// <summary>What an address counts from.</summary>
internal enum AddressBase
{
    /// <summary>Zero.</summary>
    Absolute,

    /// <summary>The break when <c>main</c> began.</summary>
    Break,

    /// <summary>The first mapping made in <c>main</c>.</summary>
    FirstMapping,
}

/// <summary>A number of a recording.</summary>
/// <param name="Base">What it counts from.</param>
/// <param name="Value">The number.</param>
internal readonly record struct RecordedNumber(AddressBase Base, ulong Value)
{
    /// <summary>The plain number.</summary>
    public ulong At(ulong breakAtMain, ulong firstMapping) => unchecked(Value + Base switch
    {
        AddressBase.Break => breakAtMain,
        AddressBase.FirstMapping => firstMapping,
        _ => 0,
    });
}

/// <summary>A call of a recording.</summary>
/// <param name="Name"><c>brk</c>, <c>mmap</c>, <c>munmap</c> or <c>mremap</c>.</param>
/// <param name="Arguments">All of them.</param>
/// <param name="Result">Null for an error.</param>
internal sealed record RecordedCall(string Name, IReadOnlyList<RecordedNumber> Arguments, RecordedNumber? Result)
{
    /// <summary>The call with plain numbers.</summary>
    public MemoryCall At(ulong breakAtMain, ulong firstMapping) =>
        new(Name, [.. Arguments.Select(a => a.At(breakAtMain, firstMapping))], Result?.At(breakAtMain, firstMapping));
}

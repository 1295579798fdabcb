namespace Sim.Host.Parity;

/// <summary>A system call that changes a program's memory, with all its arguments in Linux's order.</summary>
/// <param name="Name"><c>brk</c>, <c>mmap</c>, <c>munmap</c> or <c>mremap</c>; mmap2 of 32-bit programs is mmap here.</param>
/// <param name="Arguments">Plain numbers, -1 as the greatest.</param>
/// <param name="Result">An address or 0; null for an error.</param>
internal sealed record MemoryCall(string Name, ulong[] Arguments, ulong? Result)
{
    /// <summary>PROT_READ | PROT_WRITE.</summary>
    public const ulong ReadWrite = 3;

    /// <summary>MAP_PRIVATE | MAP_ANONYMOUS.</summary>
    public const ulong PrivateAnonymous = 0x22;

    /// <summary>MREMAP_MAYMOVE.</summary>
    public const ulong MayMove = 1;

    /// <summary>No file descriptor.</summary>
    public const ulong NoFile = ulong.MaxValue;

    /// <summary>The first thing in which two calls differ: <c>call</c>, <c>args[N]</c> or <c>result</c>.</summary>
    /// <param name="other">What was expected.</param>
    /// <param name="field">It.</param>
    /// <returns>False if they are equal.</returns>
    public bool DiffersFrom(MemoryCall other, out string field)
    {
        field = Name != other.Name || Arguments.Length != other.Arguments.Length ? "call" : "";
        for (int i = 0; field.Length == 0 && i < Arguments.Length; i++)
        {
            field = Arguments[i] == other.Arguments[i] ? "" : $"args[{i}]";
        }
        field = field.Length == 0 && Result != other.Result ? "result" : field;
        return field.Length > 0;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}({string.Join(", ", Arguments.Select(Text))}) = {(Result is { } result ? Text(result) : "error")}";

    private static string Text(ulong value) => value == NoFile ? "-1" : value < 65_536 ? value.ToString(System.Globalization.CultureInfo.InvariantCulture) : $"0x{value:x}";
}

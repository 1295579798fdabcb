using Sim.Kernel.Mm;

namespace Sim.Kernel.Exec;

/// <summary>How a program begins: registers and what its stack holds.</summary>
/// <param name="EntryPoint">Its first instruction: the interpreter's where there is one.</param>
/// <param name="StackPointer">Address of <c>argc</c>.</param>
/// <param name="ArgumentCount"><c>argc</c>.</param>
/// <param name="Arguments">Addresses of the arguments.</param>
/// <param name="Environment">Addresses of the environment's strings.</param>
/// <param name="AuxiliaryVectorAddress">Where the pairs are.</param>
/// <param name="AuxiliaryVector">The pairs, AT_NULL last.</param>
public sealed record ProgramStart(
    ulong EntryPoint, ulong StackPointer, int ArgumentCount, IReadOnlyList<ulong> Arguments, IReadOnlyList<ulong> Environment,
    ulong AuxiliaryVectorAddress, IReadOnlyList<AuxiliaryEntry> AuxiliaryVector);

/// <summary>A pair of the auxiliary vector.</summary>
/// <param name="Type">AT_…</param>
/// <param name="Value">Its value.</param>
public readonly record struct AuxiliaryEntry(AuxiliaryType Type, ulong Value);

/// <summary>What execve came to.</summary>
/// <param name="Error">Why it failed.</param>
/// <param name="Start">How the program begins; null when it failed.</param>
/// <param name="IsFatal">The old program was gone already: the task is to be killed.</param>
public readonly record struct ExecResult(Errno Error, ProgramStart? Start, bool IsFatal);

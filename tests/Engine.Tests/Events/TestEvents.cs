using Sim.Engine.Events;

namespace Sim.Engine.Tests.Events;

/// <summary>Where a test event happened.</summary>
public enum TestPlace
{
    /// <summary>Near.</summary>
    Near,

    /// <summary>Far.</summary>
    FarAway,
}

/// <summary>A block of pages was taken.</summary>
/// <param name="Pfn">First page.</param>
/// <param name="Order">Size, as a power of two pages.</param>
/// <param name="Pid">Who took it.</param>
[Event(40, "test.take")]
public readonly partial record struct TestTake([Unit("pfn"), Delta(3)] long Pfn, byte Order, [Unit("pid")] int Pid);

/// <summary>A block of pages was given back.</summary>
/// <param name="Pfn">First page.</param>
[Event(41, "test.give")]
public readonly partial record struct TestGive([Unit("pfn"), Delta(3)] long Pfn);

/// <summary>One field of every type.</summary>
/// <param name="Big">A long.</param>
/// <param name="Small">A short.</param>
/// <param name="Wide">A ushort.</param>
/// <param name="Yes">A boolean.</param>
/// <param name="Place">An enum.</param>
/// <param name="Address">An address.</param>
/// <param name="Name">A symbol.</param>
[Event(42, "other.every")]
public readonly partial record struct TestEvery(
    long Big, short Small, ushort Wide, bool Yes, TestPlace Place, [Address] long Address, [Symbol] int Name);

/// <summary>A remark that changes nothing.</summary>
/// <param name="Value">Anything.</param>
[Event(43, "other.remark", Ignorable = true)]
public readonly partial record struct TestRemark([Delta(3)] long Value);

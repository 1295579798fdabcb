using Sim.Engine.Tests.Log;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(Sim.Engine.Tests.LongestFirst))]

namespace Sim.Engine.Tests;

/// <summary>Classes that take long begin first, so that none runs on alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long = [nameof(LogResumeTests), nameof(HostileLogTests), nameof(LogDamageTests), nameof(LogCrashTests)];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(c => Array.FindIndex(Long, name => c.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) is >= 0 and var at ? at : Long.Length)];
}

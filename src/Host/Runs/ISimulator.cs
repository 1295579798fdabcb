using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Host.Experiments;

namespace Sim.Host.Runs;

/// <summary>Makes what an experiment describes: a machine to run, or its sourced state to fold a log into.</summary>
public interface ISimulator
{
    /// <summary>Every kind of event a run may log.</summary>
    EventCatalogue Catalogue { get; }

    /// <summary>A machine at power-on with its workload.</summary>
    /// <param name="sink">Takes the log.</param>
    /// <param name="leftOut">Categories that are not logged.</param>
    IRunnable Build(Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut);

    /// <summary>Sourced state before the first event, made from the configuration alone.</summary>
    /// <param name="leftOut">Categories that the log does not have.</param>
    ISourcedState CreateState(Experiment experiment, IReadOnlyCollection<string> leftOut);
}

/// <summary>Sourced state that a log is folded into, and what can be seen of it.</summary>
public interface ISourcedState
{
    /// <summary>What applies the events.</summary>
    IReadOnlyList<object> Appliers { get; }

    /// <summary>Hash of the logged part, as <c>state.checkpoint</c> carries it.</summary>
    ulong StateHash();

    /// <summary>The views this state has, in the order of help.</summary>
    IReadOnlyList<StateView> Views { get; }
}

/// <summary>A view of the state.</summary>
/// <param name="Name">Such as <c>buddyinfo</c>.</param>
/// <param name="Argument">What follows the colon, such as <c>PID</c>; null when nothing does.</param>
/// <param name="Category">Category of events the view needs; null when it needs none that can be left out.</param>
/// <param name="Write">Writes the kernel's own layout.</param>
/// <param name="Rows">The same as objects for JSON.</param>
public sealed record StateView(
    string Name, string? Argument, string? Category, Action<ViewRequest, TextWriter> Write, Func<ViewRequest, IEnumerable<object>> Rows);

/// <summary>What a view is asked.</summary>
/// <param name="Number">The pid or pfn after the colon; 0 when the view takes none.</param>
public readonly record struct ViewRequest(long Number);

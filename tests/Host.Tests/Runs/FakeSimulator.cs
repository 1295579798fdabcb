using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Host.Experiments;
using Sim.Host.Runs;

namespace Sim.Host.Tests.Runs;

/// <summary>A machine whose only events are checkpoints, one a dispatch; enough for everything around a machine.</summary>
internal sealed class FakeSimulator : ISimulator
{
    /// <summary>Called before every batch.</summary>
    public Action<FakeMachine> OnStep { get; init; } = _ => { };

    /// <summary>Dispatches until the workload is done.</summary>
    public long Dispatches { get; init; } = 100_000;

    public EventCatalogue Catalogue { get; } = new();

    public IRunnable Build(Experiment experiment, IBlockSink sink, IReadOnlyCollection<string> leftOut) =>
        new FakeMachine(this, new Journal(sink, Catalogue, leftOut), experiment.Stop.Events ?? long.MaxValue, experiment.Seed);

    public FoldedMachine CreateState(Experiment experiment, IReadOnlyCollection<string> leftOut) => throw new NotSupportedException();
}

/// <inheritdoc cref="FakeSimulator"/>
internal sealed class FakeMachine(FakeSimulator simulator, Journal journal, long stopAfter, long seed) : IRunnable
{
    private readonly StateAnchors _anchors = new(journal);

    public long NowPs => journal.TimePs;

    public long Events => journal.NextSequence;

    public long Dispatched => Events;

    public byte[] TakeTouched() => [];

    public void Start()
    {
    }

    public void Save(SnapshotDraft draft, IList<(long Offset, Type Type)>? objects)
    {
        new StateSaver(draft.Image, _anchors).Save(journal);
        draft.Sequence = Events;
        draft.Dispatched = Dispatched;
        draft.TimePs = NowPs;
        draft.BlockFirst = journal.BlockFirst;
        draft.OpenBlock = journal.OpenBlock.ToArray();
    }

    public void Load(StateImage image) => new StateLoader(image, _anchors).Load(journal);

    public StepStatus Step(int dispatches, long pauseAtEvents)
    {
        simulator.OnStep(this);
        for (int i = 0; i < dispatches; i++)
        {
            journal.TimePs += 1_000;
            journal.Emit(new StateCheckpoint(seed * (Events + 1)), -1);
            if (Events >= stopAfter)
            {
                return StepStatus.Stopped;
            }
            if (Events >= simulator.Dispatches)
            {
                return StepStatus.Finished;
            }
        }
        return StepStatus.More;
    }

    public void Reconfigured(Experiment before)
    {
    }

    public StepStatus Look() => StepStatus.More;

    public RunSample Sample() => new(NowPs, Events, 1000, 2000, -1000, (double)Events / simulator.Dispatches);

    public RunOutcome Outcome() => new("the workload is done", [new ZoneOutcome("DMA", [1, 0, 2], [-1000, 500, 0])], [new("allocations", 12)]);

    public void CompleteLog() => journal.Complete();

    public void CheckTranslations()
    {
    }

    public ulong StateHash() => (ulong)Events;
}

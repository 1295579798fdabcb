namespace Sim.Host.Runs;

/// <summary>Why a run came back from <see cref="IRunnable.Step"/>.</summary>
public enum StepStatus
{
    /// <summary>The batch is done and there is more to do.</summary>
    More,

    /// <summary>The workload is done.</summary>
    Finished,

    /// <summary>A stop condition of the experiment is met.</summary>
    Stopped,
}

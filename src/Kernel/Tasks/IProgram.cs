namespace Sim.Kernel.Tasks;

/// <summary>
/// What a task executes: a state machine that is stepped, never a coroutine, so that its position is data. It acts on the
/// machine through <see cref="TaskContext"/> alone. Execution state.
/// </summary>
public interface IProgram
{
    /// <summary>
    /// Executes some of the program, as a rule until <see cref="TaskContext.IsOver"/>. Called again as long as it returns
    /// <see cref="ProgramStatus.Running"/>, and after a sleep.
    /// </summary>
    ProgramStatus Step(TaskContext task);
}

/// <summary>What a program wants next.</summary>
public enum ProgramStatus : byte
{
    /// <summary>To go on.</summary>
    Running,

    /// <summary>To sleep for <see cref="TaskContext.SleepPs"/>.</summary>
    Sleeping,

    /// <summary>To end with <see cref="TaskContext.ExitCode"/>.</summary>
    Exited,
}

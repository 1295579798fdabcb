using Sim.Kernel.Tasks;

namespace Sim.Kernel.Tests.Support;

/// <summary>A program given as a function of the number of the step; returns what the step does.</summary>
internal sealed class ScriptedProgram(Func<TaskContext, int, ProgramStatus> script) : IProgram
{
    private int _step;

    public ProgramStatus Step(TaskContext task) => script(task, _step++);
}

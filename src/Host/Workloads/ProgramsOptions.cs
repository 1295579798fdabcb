using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>Tasks that execute a real program's file: laid out as the kernel does, its pages touched, executed again.</summary>
public sealed record ProgramsOptions : WorkloadOptions
{
    [Setting("The program: an ELF file of the kernel's kind; relative to the experiment file.", Required = true)]
    public InputFile Program { get; init; }

    [Setting("The file of the interpreter that a dynamically linked program asks for.")]
    public InputFile? Interpreter { get; init; }

    [Setting("Path that execve is given and that names the program's areas; the file's own when empty.")]
    public string Path { get; init; } = "";

    [Setting("Arguments behind the program's name.")]
    public IReadOnlyList<string> Arguments { get; init; } = [];

    [Setting("Strings of the environment.")]
    public IReadOnlyList<string> Environment { get; init; } = ["PATH=/usr/bin:/bin"];

    [Setting("Tasks that execute it, in turn on the CPUs.", Min = 1, Max = 10_000)]
    public int Tasks { get; init; } = 1;

    [Setting("How often each task executes it, one after the other; then it exits.", Min = 1, Max = 1_000_000_000, MidRun = true)]
    public int Executions { get; init; } = 1;

    [Setting("The task executes the program once, then forks a child for each execution, as a shell does for programs in the background, and waits for them.")]
    public bool Fork { get; init; }

    [Setting("With \"fork\": children are made by vfork; the task sleeps until each has executed the program.")]
    public bool Vfork { get; init; }

    [Setting("Pages of each area that are touched: fetched, read or written as it allows; in percent.", Min = 0, Max = 100)]
    public int TouchPercent { get; init; } = 100;

    [Setting("Pages by which the program moves the heap's end up, and touches.", Min = 0, Max = 1 << 20)]
    public int HeapPages { get; init; } = 33;

    /// <summary>Path of the program in the simulated machine.</summary>
    internal string PathInMachine => Path.Length > 0 ? Path : Program.Path;

    /// <inheritdoc/>
    public override void CheckInputs() => ExperimentPrograms.Open(this);
}

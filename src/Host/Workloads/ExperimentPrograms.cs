using Sim.Host.Experiments;
using Sim.Kernel.Exec;

namespace Sim.Host.Workloads;

/// <summary>The files of an experiment's program, as execve finds them.</summary>
internal sealed class ExperimentPrograms : IProgramFiles
{
    private readonly ProgramFile _program;
    private readonly ProgramFile? _interpreter;

    private ExperimentPrograms(ProgramFile program, ProgramFile? interpreter)
    {
        _program = program;
        _interpreter = interpreter;
    }

    /// <summary>The program's headers.</summary>
    public ElfImage Image => _program.Image;

    /// <summary>Opens the program, and the interpreter it asks for.</summary>
    /// <exception cref="ExperimentException">One cannot be read, is no program, or the interpreter is not given.</exception>
    public static ExperimentPrograms Open(ProgramsOptions options)
    {
        var program = new ProgramFile(options.PathInMachine, Read(options.Program, "program"));
        if (program.Image.Interpreter is not { } path)
        {
            return new ExperimentPrograms(program, null);
        }
        if (options.Interpreter is not { } file)
        {
            throw new ExperimentException($"The program {options.Program} asks for the interpreter {path}. Give its file as \"interpreter\".");
        }
        ElfImage interpreter = Read(file, "interpreter");
        if (interpreter.Class != program.Image.Class)
        {
            throw new ExperimentException($"The interpreter {file} is not for programs of the kind of {options.Program}. Give the file of {path}.");
        }
        return new ExperimentPrograms(program, new ProgramFile(path, interpreter));
    }

    /// <inheritdoc/>
    public ProgramFile? Open(string path) => path == _program.Name ? _program : path == _interpreter?.Name ? _interpreter : null;

    private static ElfImage Read(InputFile file, string what)
    {
        try
        {
            using FileStream stream = File.OpenRead(file.Path);
            return ElfReader.Read(stream, file.Path);
        }
        catch (ElfFormatException e)
        {
            throw new ExperimentException($"{e.Message} Give an i386 or x86-64 program of Linux as the {what}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ExperimentException($"The {what} {file} cannot be read: {e.Message} Check the path in the experiment file.", e);
        }
    }
}

namespace Sim.Host;

/// <summary>What the process returns; scripts rely on these numbers.</summary>
public enum ExitCode
{
    /// <summary>Done. A simulated allocation failure is a result, not an error.</summary>
    Ok = 0,

    /// <summary>A difference was found, or a check failed.</summary>
    Difference = 1,

    /// <summary>The command line is wrong, or the output directory exists.</summary>
    Usage = 2,

    /// <summary>An experiment or another input file is wrong or missing.</summary>
    Configuration = 3,

    /// <summary>The log is damaged.</summary>
    CorruptLog = 4,

    /// <summary>A replay or a hash differs from what the run recorded.</summary>
    Diverged = 5,

    /// <summary>The run is a clean prefix: it was never sealed.</summary>
    Incomplete = 6,

    /// <summary>A bug in this program.</summary>
    Bug = 70,

    /// <summary>A file could not be read or written, or the disk is full.</summary>
    InputOutput = 74,

    /// <summary>Stopped by Ctrl-C or SIGTERM.</summary>
    Interrupted = 130,
}

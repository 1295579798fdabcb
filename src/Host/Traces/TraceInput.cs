namespace Sim.Host.Traces;

/// <summary>Opens the files that traces are read or imported from.</summary>
internal static class TraceInput
{
    /// <summary>Opens a file to read; one that is missing, a folder or not readable is refused with its name.</summary>
    internal static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw TraceFormatException.AtLine(path, 0, "the file does not exist", "Check the name", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw TraceFormatException.AtLine(path, 0, "this is a folder, or a file that may not be read", "Give a file and check its permissions", e);
        }
    }
}

namespace Sim.Engine.Log;

/// <summary>Another writer is at work in the folder, or nothing can be locked there.</summary>
public sealed class LogLockedException(string message, Exception cause) : IOException(message, cause)
{
    // EWOULDBLOCK of Linux and macOS, and ERROR_SHARING_VIOLATION.
    private const int WouldBlockLinux = 11, WouldBlockMac = 35, SharingViolation = unchecked((int)0x80070020);

    /// <summary>True when somebody has the lock, who will give it back.</summary>
    public bool IsHeld => InnerException is IOException { HResult: WouldBlockLinux or WouldBlockMac or SharingViolation };
}

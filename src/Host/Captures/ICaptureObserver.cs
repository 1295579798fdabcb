namespace Sim.Host.Captures;

/// <summary>Looks on while a capture is replayed; changes nothing.</summary>
internal interface ICaptureObserver
{
    /// <summary>The machine that answers.</summary>
    void Watch(Kernel.Machine machine);

    /// <summary>A request was answered.</summary>
    /// <param name="request">The request, with the recorded kernel's answer.</param>
    /// <param name="pfn">This machine's answer; -1 for none.</param>
    /// <param name="zone">The zone this machine chose by itself; null when it found none.</param>
    void Allocated(in CaptureEvent request, long pfn, Kernel.Zones.ZoneType? zone);

    /// <summary>A checkpoint, of which the capture has the lists.</summary>
    void Checkpoint(int number, string name);

    /// <summary>The moment the recording read <c>/proc/buddyinfo</c>.</summary>
    void Buddyinfo(int number);
}

namespace Sim.Engine.Tests.Log;

/// <summary>An empty folder that goes with the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sim-log-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

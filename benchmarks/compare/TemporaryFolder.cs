namespace Sim.Compare;

/// <summary>A folder that is deleted with what is in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("sim-compare-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

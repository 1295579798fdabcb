namespace Sim.Engine.Log;

/// <summary>Makes dropped segments again, by running the run again; see <see cref="SegmentRebuilder"/>.</summary>
public interface ISegmentSource
{
    /// <summary>The whole file of a dropped segment, byte for byte as it was. The reader disposes of it.</summary>
    /// <param name="header">The segment's header.</param>
    /// <param name="footer">The segment's footer, with the chain hash of every block.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    ILogData Open(SegmentHeader header, SegmentFooter footer);
}

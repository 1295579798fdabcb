using System.Text;
using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Host.Tests.Comparison;

/// <summary>The first difference of two logs by reading both from the start, without any shortcut.</summary>
internal static class Divergence
{
    /// <summary>Sequence of the first event whose text differs, or that only one log has; null when none does.</summary>
    public static long? Of(string left, string right)
    {
        using LogReader a = LogReader.Open(Path.Combine(left, "log")), b = LogReader.Open(Path.Combine(right, "log"));
        var x = new EventCursor(a);
        var y = new EventCursor(b);
        StringBuilder mine = new(), theirs = new();
        for (long sequence = 0; ; sequence++)
        {
            bool hasLeft = x.MoveNext(), hasRight = y.MoveNext();
            if (!hasLeft && !hasRight)
            {
                return null;
            }
            mine.Clear();
            theirs.Clear();
            if (hasLeft && hasRight)
            {
                x.AppendText(mine);
                y.AppendText(theirs);
            }
            if (!hasLeft || !hasRight || !mine.Equals(theirs))
            {
                return sequence;
            }
        }
    }
}

namespace Sim.Kernel.Tests.Support;

/// <summary>Shrinks a sequence that fails to one that still fails and has nothing left to leave out (delta debugging, Zeller 1999).</summary>
internal static class Shrinker
{
    /// <summary>Leaves out ever smaller parts as long as the rest still fails.</summary>
    public static T[] Minimize<T>(T[] failing, Func<T[], bool> fails)
    {
        for (int part = Math.Max(1, failing.Length / 2); ;)
        {
            bool shrunk = false;
            for (int start = 0; start < failing.Length;)
            {
                T[] rest = [.. failing[..start], .. failing[Math.Min(failing.Length, start + part)..]];
                if (rest.Length < failing.Length && fails(rest))
                {
                    failing = rest;
                    shrunk = true;
                }
                else
                {
                    start += part;
                }
            }
            if (part == 1 && !shrunk)
            {
                return failing;
            }
            part = Math.Max(1, part / 2);
        }
    }
}

namespace Sim.Host.Debugger;

/// <summary>A command of a script.</summary>
/// <param name="Text">The command.</param>
/// <param name="Where">File and line that it comes from; empty for one of the command line.</param>
internal readonly record struct ScriptCommand(string Text, string Where = "")
{
    private const int MostShown = 80;

    /// <summary>The command for a message: where it is, and what it says if that is not too long.</summary>
    public override string ToString()
    {
        string text = Text.Length <= MostShown ? Text : $"{Text[..MostShown]}...";
        return $"{(Where.Length > 0 ? $"{Where}: " : "")}\"{text}\"";
    }
}

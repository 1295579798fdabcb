using System.Text.RegularExpressions;

namespace Sim.Host;

/// <summary>The command line as it can be pasted into a shell.</summary>
public sealed class CommandLineText(IReadOnlyList<string> arguments)
{
    /// <summary>How to call the program from here: in the sources through the SDK, elsewhere by its name.</summary>
    public static string Program =>
        File.Exists(Path.Combine("src", "Host", "Host.csproj")) ? "dotnet run --project src/Host -c Release --" : "sim";

    /// <summary><c>sim run 'my file.json'</c>.</summary>
    public string Text { get; } = string.Join(' ', arguments.Prepend("sim").Select(Quote));

    private static string Quote(string argument) =>
        Regex.IsMatch(argument, "^[A-Za-z0-9_@%+=:,./-]+$") ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

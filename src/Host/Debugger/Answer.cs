using System.Text.Json.Nodes;

namespace Sim.Host.Debugger;

/// <summary>What a command of the debugger answers, in the form that is asked for.</summary>
/// <param name="Text">Lines; the last one ends without a line feed.</param>
/// <param name="Json">The same as one object.</param>
internal sealed record Answer(Func<string> Text, Func<JsonObject> Json);

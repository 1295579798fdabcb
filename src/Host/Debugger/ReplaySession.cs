using System.Text.Json.Nodes;

namespace Sim.Host.Debugger;

/// <summary>Runs the debugger's commands: a script's until one fails, a person's one by one.</summary>
internal sealed class ReplaySession(StandardStreams streams, DebugContext context, bool json)
{
    private const string Prompt = "(replay) ";

    /// <summary>Runs commands in order.</summary>
    /// <exception cref="CommandException">One fails; it is named, and those behind it are not run.</exception>
    public void RunScript(IReadOnlyList<ScriptCommand> commands, CancellationToken cancellation)
    {
        context.Cancellation = cancellation;
        foreach (ScriptCommand command in commands)
        {
            cancellation.ThrowIfCancellationRequested();
            if (DebugCommand.IsQuit(command.Text))
            {
                return;
            }
            try
            {
                Print(DebugCommand.Run(context, command.Text), command.Text);
            }
            catch (CommandException e)
            {
                throw new CommandException(e.ExitCode, $"{command}: {e.Message}", e);
            }
        }
    }

    /// <summary>Asks for commands. A wrong one is answered, and the session goes on; Ctrl-C stops what is under way.</summary>
    /// <param name="input">What a person types.</param>
    /// <param name="interrupts">Who takes Ctrl-C.</param>
    /// <param name="cancellation">Ends the session.</param>
    public void Run(TextReader input, Interrupts interrupts, CancellationToken cancellation)
    {
        Print(context.Here());
        while (Ask(input, interrupts, cancellation) is { } line && !DebugCommand.IsQuit(line))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using IDisposable taken = interrupts.Take(stop.Cancel);
            context.Cancellation = stop.Token;
            foreach (ScriptCommand command in DebugScript.Cut(line))
            {
                if (!Try(command.Text, cancellation))
                {
                    break;
                }
            }
        }
    }

    private bool Try(string command, CancellationToken cancellation)
    {
        try
        {
            Print(DebugCommand.Run(context, command), command);
            return true;
        }
        catch (CommandException e)
        {
            streams.Error.WriteLine(e.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            streams.Error.WriteLine("interrupted");
        }
        return false;
    }

    // A read of a terminal cannot be given up: another thread waits for it, and the end of the program ends it.
    private string? Ask(TextReader input, Interrupts interrupts, CancellationToken cancellation)
    {
        streams.Out.Flush();
        streams.Error.Write(Prompt);
        using IDisposable taken = interrupts.Take(() => streams.Error.Write($"\n\"quit\" ends the session.\n{Prompt}"));
        return Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellation).GetAwaiter().GetResult();
    }

    /// <summary>Prints an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="command">What was typed; null for what the command line's options ask.</param>
    public void Print(Answer answer, string? command = null)
    {
        if (!json)
        {
            streams.Out.WriteLine(answer.Text());
            return;
        }
        JsonObject all = command is null ? [] : new JsonObject { ["command"] = command };
        foreach ((string name, JsonNode? value) in answer.Json())
        {
            all[name] = value?.DeepClone();
        }
        streams.Out.WriteLine(all.ToJsonString(HostJson.Line));
    }
}

using System.CommandLine;
using Sim.Host.Runs;

namespace Sim.Host.Commands;

/// <summary><c>--at T</c> and <c>--goto N</c>, shared by the commands that look at a moment of a run.</summary>
internal sealed class PositionOptions
{
    private readonly Option<string?> _at = new("--at") { HelpName = "T", Description = "The moment before the first event that is later than this time, such as 10ms." };

    private readonly Option<string?> _goto = new("--goto") { HelpName = "N", Description = "The moment after the event of this sequence number." };

    public void AddTo(Command command)
    {
        command.Options.Add(_at);
        command.Options.Add(_goto);
    }

    /// <summary>True when one of the options is given.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_at) is not null || parsed.GetValue(_goto) is not null;

    /// <summary>Checks the options; then takes a timeline to the moment, or to the end when none is given.</summary>
    /// <exception cref="CommandException">A value is wrong, or both are given (exit code 2).</exception>
    public Action<Timeline> Read(ParseResult parsed)
    {
        if (parsed.GetValue(_at) is { } at)
        {
            if (parsed.GetValue(_goto) is not null)
            {
                throw new CommandException(ExitCode.Usage, "--at and --goto: give one of them.");
            }
            Engine.Time.SimTime time = OptionText.Time("--at", at);
            return timeline => timeline.GoTo(time);
        }
        if (parsed.GetValue(_goto) is { } sequence)
        {
            long number = OptionText.Number("--goto", sequence);
            return timeline => timeline.GoTo(number);
        }
        return timeline => timeline.GoTo(timeline.Last);
    }

    /// <summary>Checks the options; then finds the moment's event, and goes there only where that is needed to find it.</summary>
    /// <inheritdoc cref="Read" path="exception"/>
    public Func<Timeline, long> Find(ParseResult parsed)
    {
        Action<Timeline> move = Read(parsed);
        long? sequence = parsed.GetValue(_goto) is { } text ? OptionText.Number("--goto", text) : null;
        return timeline =>
        {
            long known = sequence ?? (parsed.GetValue(_at) is null ? timeline.Last : long.MaxValue);
            if (known > timeline.Last)
            {
                move(timeline);
                return timeline.Position;
            }
            return known;
        };
    }
}

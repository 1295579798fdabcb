using System.CommandLine;
using Sim.Host.Experiments;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;
using Sim.Kernel.Zones;

namespace Sim.Host.Commands;

/// <summary><c>why RUN frame:PFN</c> and <c>why RUN block:PFN --order N</c>: how a frame came to be what it is, and what keeps a block from being free.</summary>
internal sealed class WhyCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    private const string Form = "What to ask is written frame:PFN, or block:PFN with --order N.";

    public Command Build()
    {
        var command = new Command("why",
            "Tells how a page frame came to be what it is at a moment of a run: every event that changed it, and what led to each. Of a block of "
            + "frames, it names those that keep it from being free, who has them and since when.\n\n"
            + "Examples:\n  sim why runs/latest frame:0x1a00\n  sim why runs/latest frame:0x1a00 --at 5ms --json\n  sim why runs/latest block:0x1a00 --order 9");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var what = new Argument<string>("WHAT") { Description = "frame:PFN or block:PFN." };
        var order = new Option<string?>("--order") { HelpName = "N", Description = "Order of the block." };
        var count = new Option<string?>("-n") { HelpName = "N", Description = "Only the last so many events of the frame." };
        var position = new PositionOptions();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(run);
        command.Arguments.Add(what);
        command.Options.Add(order);
        command.Options.Add(count);
        position.AddTo(command);
        command.Options.Add(json);
        command.SetAction((parsed, cancellation) =>
        {
            (bool isBlock, long pfn) = Parse(parsed.GetValue(what)!);
            int blockOrder = Order(isBlock, parsed.GetValue(order));
            int last = Last(isBlock, parsed.GetValue(count));
            Action<Timeline> move = position.Read(parsed);
            using RecordedRun recorded = RecordedRun.Open(parsed.GetValue(run)!, experiments);
            var moment = new RunMoment(recorded, simulator, RunIndex.Open(recorded.Directory, recorded.Log, streams.Error, cancellation));
            move(moment.Timeline);
            if (isBlock)
            {
                var holders = BlockHolders.Read(moment, pfn, blockOrder);
                Print(parsed.GetValue(json), () => holders.Json().ToJsonString(HostJson.Indented), holders.Print);
            }
            else
            {
                var biography = FrameBiography.Read(moment, pfn);
                Print(parsed.GetValue(json), () => biography.Json(last).ToJsonString(HostJson.Indented), text => biography.Print(text, last));
            }
            RunLog.NoteEnd(recorded.Log, streams.Error);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private void Print(bool asJson, Func<string> json, Action<TextWriter> print)
    {
        if (asJson)
        {
            streams.Out.WriteLine(json());
        }
        else
        {
            print(streams.Out);
        }
    }

    private static (bool IsBlock, long Pfn) Parse(string text)
    {
        string[] parts = text.Split(':', 2);
        return parts.Length == 2 && parts[0] is "frame" or "block"
            ? (parts[0] == "block", OptionText.Hexadecimal(parts[0], parts[1]))
            : throw new CommandException(ExitCode.Usage, $"{text}: {Form}");
    }

    private static int Order(bool isBlock, string? text)
    {
        if (isBlock != text is not null)
        {
            throw new CommandException(ExitCode.Usage, isBlock ? $"Name the order of the block: --order N. {Form}" : $"--order belongs to block:PFN. {Form}");
        }
        long order = text is null ? 0 : OptionText.Number("--order", text);
        return order <= PageOrder.Max ? (int)order : throw new CommandException(ExitCode.Usage, $"--order {order}: a block has an order from 0 to {PageOrder.Max}.");
    }

    private static int Last(bool isBlock, string? text) =>
        text is null ? int.MaxValue
        : isBlock ? throw new CommandException(ExitCode.Usage, $"-n belongs to frame:PFN. {Form}")
        : (int)Math.Min(int.MaxValue, OptionText.Number("-n", text, 1));
}

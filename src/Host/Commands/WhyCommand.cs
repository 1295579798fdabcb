using System.CommandLine;
using System.Text.Json.Nodes;
using Sim.Host.Experiments;
using Sim.Host.Index;
using Sim.Host.Provenance;
using Sim.Host.Runs;
using Sim.Kernel.Zones;

namespace Sim.Host.Commands;

/// <summary><c>why RUN frame:PFN</c>, <c>block:PFN --order N</c>, <c>blocks --order N</c>: how a frame came to be what it is, and what keeps blocks from being free.</summary>
internal sealed class WhyCommand(StandardStreams streams, ExperimentFile experiments, ISimulator simulator) : ICommandModule
{
    private const string Form = "What to ask is written frame:PFN, or block:PFN or blocks with --order N.";
    private const int NearestBlocks = 8;

    public Command Build()
    {
        var command = new Command("why",
            "Tells how a page frame came to be what it is at a moment of a run: every event that changed it, and what led to each. Of a block of "
            + "frames, it names those that keep it from being free, who has them and since when; of all blocks of an order, those nearest to being free.\n\n"
            + "Examples:\n  sim why runs/latest frame:0x1a00\n  sim why runs/latest frame:0x1a00 --at 5ms --json\n  sim why runs/latest block:0x1a00 --order 9\n  sim why runs/latest blocks --order 9");
        var run = new Argument<string>("RUN") { Description = "The run directory." };
        var what = new Argument<string>("WHAT") { Description = "frame:PFN, block:PFN or blocks." };
        var order = new Option<string?>("--order") { HelpName = "N", Description = "Order of the block, or of the blocks." };
        var count = new Option<string?>("-n") { HelpName = "N|all", Description = "Only the last so many events of the frame, or all of the log with all; so many blocks. Default: all of a short log, else those since the frame was last handed out or freed." };
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
            (Asked asked, long pfn) = Parse(parsed.GetValue(what)!);
            int blockOrder = Order(asked, parsed.GetValue(order));
            int last = Last(asked, parsed.GetValue(count));
            Func<Timeline, long> find = position.Find(parsed);
            using RecordedRun recorded = RecordedRun.Open(parsed.GetValue(run)!, experiments, streams.Error, cancellation);
            var moment = new RunMoment(recorded, simulator, RunIndex.Open(recorded.Directory, recorded.Log, streams.Error, cancellation));
            moment.Timeline.Cancellation = cancellation;
            long end = find(moment.Timeline);
            bool asJson = parsed.GetValue(json);
            switch (asked)
            {
                case Asked.Block:
                    moment.Timeline.GoTo(end);
                    var holders = BlockHolders.Read(moment, pfn, blockOrder);
                    Print(asJson, holders.Json, holders.Print);
                    break;
                case Asked.Blocks:
                    moment.Timeline.GoTo(end);
                    var survey = new BlockSurvey(moment, blockOrder, last);
                    Print(asJson, survey.Json, survey.Print);
                    break;
                default:
                    var biography = FrameBiography.Read(moment, pfn, end, parsed.GetValue(count) is null ? null : last);
                    Print(asJson, () => biography.Json(last), text => biography.Print(text, last));
                    break;
            }
            RunLog.NoteEnd(recorded.Log, streams.Error);
            return Task.FromResult((int)ExitCode.Ok);
        });
        return command;
    }

    private enum Asked
    {
        Frame,
        Block,
        Blocks,
    }

    private void Print(bool asJson, Func<JsonObject> json, Action<TextWriter> print)
    {
        if (asJson)
        {
            streams.Out.WriteLine(json().ToJsonString(HostJson.Indented));
        }
        else
        {
            print(streams.Out);
        }
    }

    private static (Asked What, long Pfn) Parse(string text)
    {
        string[] parts = text.Split(':', 2);
        return parts switch
        {
            ["frame", var pfn] => (Asked.Frame, OptionText.Hexadecimal("frame:", pfn)),
            ["block", var pfn] => (Asked.Block, OptionText.Hexadecimal("block:", pfn)),
            ["blocks"] => (Asked.Blocks, 0),
            _ => throw new CommandException(ExitCode.Usage, $"{text}: {Form}"),
        };
    }

    private static int Order(Asked asked, string? text)
    {
        if (asked == Asked.Frame != text is null)
        {
            throw new CommandException(ExitCode.Usage, text is null ? $"Name the order of the block: --order N. {Form}" : $"--order belongs to block:PFN. {Form}");
        }
        long order = text is null ? 0 : OptionText.Number("--order", text);
        return order <= PageOrder.Max ? (int)order : throw new CommandException(ExitCode.Usage, $"--order {order}: a block has an order from 0 to {PageOrder.Max}.");
    }

    private static int Last(Asked asked, string? text) =>
        text is null ? asked == Asked.Blocks ? NearestBlocks : int.MaxValue
        : text == "all" && asked == Asked.Frame ? int.MaxValue
        : asked == Asked.Block ? throw new CommandException(ExitCode.Usage, $"-n belongs to frame:PFN and to blocks. {Form}")
        : (int)Math.Min(int.MaxValue, OptionText.Number("-n", text, 1));
}

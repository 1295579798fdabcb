using System.Globalization;
using Sim.Kernel;
using Sim.Kernel.Zones;

namespace Sim.Host.Debugger;

/// <summary>How much of a zone is free.</summary>
/// <param name="FreePages">Frames on its buddy lists.</param>
/// <param name="Below">The lowest watermark that its counter is below; <see cref="Watermark.Promo"/> for none of the first three.</param>
/// <param name="Boost">By how much its watermarks are raised.</param>
internal readonly record struct ZoneMoment(long FreePages, Watermark Below, long Boost);

/// <summary>Watches a zone: its free frames, and where its counter stands among the watermarks.</summary>
internal sealed class ZoneWatch(ZoneType type) : Watch<ZoneMoment>($"zone:{ZoneTypes.Name(type)}")
{
    private Zone? _zone;

    protected override void Use(MachineState state) => _zone = state.Memory.Pages.Zone(type);

    protected override ZoneMoment Look()
    {
        Zone zone = _zone!;
        long counter = zone.FreePagesCounter;
        Watermark below = counter < zone.Watermark(Watermark.Min) ? Watermark.Min
            : counter < zone.Watermark(Watermark.Low) ? Watermark.Low
            : counter < zone.Watermark(Watermark.High) ? Watermark.High
            : Watermark.Promo;
        return new ZoneMoment(zone.FreePages, below, zone.WatermarkBoost);
    }

    protected override string Describe(DebugContext context, ZoneMoment before, ZoneMoment after)
    {
        var what = new List<string>();
        if (before.FreePages != after.FreePages)
        {
            what.Add(string.Create(CultureInfo.InvariantCulture, $"{before.FreePages} free pages become {after.FreePages}"));
        }
        if (before.Below != after.Below)
        {
            what.Add($"{Level(before.Below)} becomes {Level(after.Below)}");
        }
        if (before.Boost != after.Boost)
        {
            what.Add(string.Create(CultureInfo.InvariantCulture, $"boost of {before.Boost} pages becomes {after.Boost}"));
        }
        return string.Join(", ", what);
    }

    private static string Level(Watermark below) =>
        below == Watermark.Promo ? "above the high watermark" : $"below the {below.ToString().ToLowerInvariant()} watermark";
}

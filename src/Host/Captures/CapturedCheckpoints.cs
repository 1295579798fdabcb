using System.Globalization;
using Sim.Host.Traces;
using Sim.Kernel.Zones;

namespace Sim.Host.Captures;

/// <summary>The files of <c>/proc</c> that a capture read at its checkpoints.</summary>
internal sealed class CapturedCheckpoints
{
    private readonly Dictionary<(int Checkpoint, string File), TextSection> _sections = [];

    /// <summary>Reads the file.</summary>
    /// <exception cref="TraceFormatException">It cannot be read, or a section's name is not <c>cpNN.CHECKPOINT.FILE</c>.</exception>
    public static CapturedCheckpoints Read(string path)
    {
        var read = new CapturedCheckpoints();
        foreach (TextSection section in SectionedText.Read(path))
        {
            string[] parts = section.Name.Split('.');
            if (parts.Length < 3 || !parts[0].StartsWith("cp", StringComparison.Ordinal)
                || !int.TryParse(parts[0].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                throw TraceFormatException.AtLine(path, section.Lines.Count > 0 ? section.Lines[0].Number - 1 : 0,
                    $"the section {section.Name} is not named cpNN.CHECKPOINT.FILE", "The file must be as the capture left it");
            }
            read._sections.TryAdd((number, parts[^1]), section);
        }
        return read;
    }

    /// <summary>Free blocks by zone and order, from <c>/proc/buddyinfo</c>; null when the checkpoint has none.</summary>
    public IReadOnlyDictionary<ZoneType, long[]>? Buddyinfo(int checkpoint)
    {
        if (!_sections.TryGetValue((checkpoint, "buddyinfo"), out TextSection? section))
        {
            return null;
        }
        var zones = new Dictionary<ZoneType, long[]>();
        foreach ((int number, string text) in section.Lines)
        {
            var line = new LineFields(section.Path, number, text);
            if (line.AtEnd)
            {
                continue;
            }
            line.Expect("Node");
            line.Word("the node");
            line.Expect("zone");
            string name = line.Word("the zone");
            int type = Array.FindIndex(Enum.GetValues<ZoneType>(), z => ZoneTypes.Name(z) == name);
            if (type < 0)
            {
                throw line.Bad($"there is no zone {name}");
            }
            long[] counts = new long[PageOrder.Count];
            for (int order = 0; order < counts.Length; order++)
            {
                counts[order] = line.Decimal("a count", 0, FrameTable.MaxFrames);
            }
            zones[(ZoneType)type] = counts;
        }
        return zones;
    }
}

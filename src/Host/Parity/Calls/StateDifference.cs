using System.Globalization;

namespace Sim.Host.Parity.Calls;

/// <summary>The first field in which two states differ.</summary>
/// <param name="Field">Which, such as areas[3].perms or vmpte.</param>
/// <param name="Expected">As recorded.</param>
/// <param name="Actual">As here.</param>
internal sealed record StateDifference(string Field, string Expected, string Actual)
{
    /// <summary>The first difference; null when both are equal.</summary>
    public static StateDifference? Of(RecordedState expected, RecordedState actual, string prefix = "") =>
        OfAreas(expected.Areas, actual.Areas, prefix)
        ?? Of(prefix + "rss.anon", expected.Anon, actual.Anon)
        ?? Of(prefix + "rss.file", expected.File, actual.File)
        ?? Of(prefix + "rss.shmem", expected.Shmem, actual.Shmem)
        ?? Of(prefix + "vmpte", expected.VmPte, actual.VmPte)
        ?? Of(prefix + "vmlck", expected.VmLck, actual.VmLck)
        ?? Of(prefix + "vmdata", expected.VmData, actual.VmData);

    /// <summary>The difference of two numbers; null when they are equal.</summary>
    public static StateDifference? Of(string field, long expected, long actual) => expected == actual
        ? null
        : new(field, expected.ToString(CultureInfo.InvariantCulture), actual.ToString(CultureInfo.InvariantCulture));

    /// <summary>The difference of two texts; null when they are equal.</summary>
    public static StateDifference? Of(string field, string expected, string actual) =>
        expected == actual ? null : new(field, expected, actual);

    private static StateDifference? OfAreas(IReadOnlyList<RecordedArea> expected, IReadOnlyList<RecordedArea> actual, string prefix)
    {
        for (int i = 0; i < Math.Max(expected.Count, actual.Count); i++)
        {
            if (i >= expected.Count || i >= actual.Count || expected[i] != actual[i])
            {
                string part = i < expected.Count && i < actual.Count ? Part(expected[i], actual[i]) : "count";
                return new($"{prefix}areas[{i}].{part}", Line(expected, i), Line(actual, i));
            }
        }
        return null;
    }

    private static string Part(RecordedArea a, RecordedArea b) =>
        a.Start != b.Start ? "start" : a.End != b.End ? "end" : a.Perms != b.Perms ? "perms" : a.Offset != b.Offset ? "offset"
        : a.Id != b.Id ? "id" : a.Flags != b.Flags ? "flags" : "pages";

    /// <summary>An area as one line.</summary>
    public static string Line(IReadOnlyList<RecordedArea> areas, int index) => index >= areas.Count ? "no area" : string.Create(
        CultureInfo.InvariantCulture,
        $"{areas[index].Start:x}-{areas[index].End:x} {areas[index].Perms} {areas[index].Offset:x} {areas[index].Id} [{areas[index].Flags}] {areas[index].Pages}");
}

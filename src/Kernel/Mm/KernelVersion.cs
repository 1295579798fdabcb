using System.Globalization;

namespace Sim.Kernel.Mm;

/// <summary>A version of Linux, such as 6.1.192.</summary>
/// <param name="Major">First number.</param>
/// <param name="Minor">Second number.</param>
/// <param name="Patch">Number of the stable release; 0 for the first.</param>
public readonly record struct KernelVersion(int Major, int Minor, int Patch) : IComparable<KernelVersion>
{
    /// <summary>Reads the numbers a release name begins with: 6.18.44-generic is 6.18.44. False when there are not two.</summary>
    public static bool TryParse(string release, out KernelVersion version)
    {
        version = default;
        Span<int> numbers = [0, 0, 0];
        int count = 0, at = 0;
        while (count < numbers.Length)
        {
            int end = at;
            while (end < release.Length && char.IsAsciiDigit(release[end]))
            {
                end++;
            }
            if (end == at || !int.TryParse(release.AsSpan(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out numbers[count]))
            {
                break;
            }
            count++;
            at = end + 1;
            if (end == release.Length || release[end] != '.')
            {
                break;
            }
        }
        version = new KernelVersion(numbers[0], numbers[1], numbers[2]);
        return count >= 2;
    }

    /// <summary>True from a release on, and in stable releases of earlier ones that got the change later.</summary>
    /// <param name="mainline">The first version with the change.</param>
    /// <param name="stable">The first release with it, for each older branch that got it.</param>
    public bool Has(KernelVersion mainline, params ReadOnlySpan<KernelVersion> stable)
    {
        foreach (KernelVersion release in stable)
        {
            if (release.Major == Major && release.Minor == Minor)
            {
                return Patch >= release.Patch;
            }
        }
        return CompareTo(mainline) >= 0;
    }

    public int CompareTo(KernelVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");
}

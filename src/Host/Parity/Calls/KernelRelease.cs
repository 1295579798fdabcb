using System.Globalization;
using Sim.Kernel.Mm;

namespace Sim.Host.Parity.Calls;

/// <summary>The version behind the name that a kernel gives itself (<c>uname -r</c>).</summary>
internal static class KernelRelease
{
    // Debian's names have the number of the kernel's interface instead of the stable release (changelog of linux-image-6.1.0-56-amd64).
    private static readonly (int Build, int Patch)[] _debian = [(56, 192), (55, 192), (54, 190), (53, 187), (50, 176), (47, 170)];

    /// <summary>
    /// Reads a name such as 6.18.44-generic, or of Debian such as 6.1.0-56-amd64: a build between two that are known has at least the release of the
    /// earlier. False when it begins with no version, or one before 6.1.
    /// </summary>
    public static bool TryParse(string release, out KernelVersion version)
    {
        if (!KernelVersion.TryParse(release, out version))
        {
            return false;
        }
        string[] parts = release.Split('-');
        if (version == new KernelVersion(6, 1, 0) && parts.Length >= 3
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int build))
        {
            version = version with { Patch = Array.Find(_debian, k => k.Build <= build).Patch };
        }
        return version.CompareTo(new KernelVersion(6, 1, 0)) >= 0;
    }
}

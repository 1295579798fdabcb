using Sim.Host.Parity.Calls;
using Sim.Kernel.Mm;

namespace Sim.Host.Tests.Parity;

public class KernelReleaseTests
{
    /// <summary>Debian's changelogs say which stable release a build has: MREMAP_DONTUNMAP changed in 6.1.191, between builds 54 and 55.</summary>
    [Theory]
    [InlineData("6.1.0-50-686-pae", 176)]
    [InlineData("6.1.0-53-amd64", 187)]
    [InlineData("6.1.0-54-amd64", 190)]
    [InlineData("6.1.0-55-amd64", 192)]
    [InlineData("6.1.0-56-amd64", 192)]
    [InlineData("6.1.0-99-cloud-amd64", 192)]
    [InlineData("6.1.0-51-amd64", 176)]
    [InlineData("6.1.0-9-amd64", 0)]
    [InlineData("6.1.0", 0)]
    [InlineData("6.1.140-custom", 140)]
    public void BuildsHaveTheirStableRelease(string release, int patch)
    {
        Assert.True(KernelRelease.TryParse(release, out KernelVersion version));
        Assert.Equal(new KernelVersion(6, 1, patch), version);
    }

    [Theory]
    [InlineData("5.10.0-28-amd64")]
    [InlineData("amd64")]
    [InlineData("")]
    public void EarlierOnesAreRefused(string release) => Assert.False(KernelRelease.TryParse(release, out _));
}

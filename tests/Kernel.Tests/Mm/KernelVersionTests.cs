using Sim.Kernel.Mm;

namespace Sim.Kernel.Tests.Mm;

public class KernelVersionTests
{
    [Theory]
    [InlineData("6.1", 6, 1, 0)]
    [InlineData("6.1.192", 6, 1, 192)]
    [InlineData("6.18.44-fc-v657", 6, 18, 44)]
    [InlineData("6.12.107+deb13-amd64", 6, 12, 107)]
    [InlineData("7.2-rc1", 7, 2, 0)]
    public void ReleasesBeginWithTheirVersion(string release, int major, int minor, int patch)
    {
        Assert.True(KernelVersion.TryParse(release, out KernelVersion version));
        Assert.Equal(new KernelVersion(major, minor, patch), version);
    }

    [Theory]
    [InlineData("")]
    [InlineData("6")]
    [InlineData("6.")]
    [InlineData("x6.1")]
    [InlineData("-6.1")]
    [InlineData("99999999999.1")]
    public void OthersHaveNone(string release) => Assert.False(KernelVersion.TryParse(release, out _));

    [Fact]
    public void AChangeIsInItsReleaseAndInStableOnesThatGotIt()
    {
        KernelVersion mainline = new(7, 2, 0), stable = new(6, 1, 191);
        foreach ((string release, bool has) in new[] { ("6.1.190", false), ("6.1.191", true), ("6.2.0", false), ("6.18.44", false), ("7.1.9", false), ("7.2.0", true), ("8.0.0", true) })
        {
            Assert.True(KernelVersion.TryParse(release, out KernelVersion version));
            Assert.Equal(has, version.Has(mainline, stable));
        }
    }
}

using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sim.Host.Tests;

/// <summary>Invariant: the walls of the house. References run Host → Kernel → Hardware → Engine and never back.</summary>
public partial class ArchitectureTests
{
    private static readonly string[] Order = ["Sim.Engine", "Sim.Hardware", "Sim.Kernel", "sim"];

    [Theory]
    [InlineData("Sim.Engine")]
    [InlineData("Sim.Hardware")]
    [InlineData("Sim.Kernel")]
    [InlineData("sim")]
    public void AnAssemblyReferencesOnlyThoseBelowIt(string name)
    {
        int rank = Array.IndexOf(Order, name);
        IEnumerable<string> ours = Assembly.Load(name).GetReferencedAssemblies()
            .Select(r => r.Name!).Where(r => Array.IndexOf(Order, r) >= 0);
        Assert.All(ours, r => Assert.True(Array.IndexOf(Order, r) < rank, $"{name} references {r}"));
    }

    [Theory]
    [InlineData("src/Engine/Engine.csproj", 0)]
    [InlineData("src/Hardware/Hardware.csproj", 1)]
    [InlineData("src/Kernel/Kernel.csproj", 2)]
    public void AProjectReferencesOnlyThoseBelowIt(string project, int rank)
    {
        string[] projects = ["Engine", "Hardware", "Kernel", "Host"];
        IEnumerable<string> references = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.All(references.Where(projects.Contains), r => Assert.True(Array.IndexOf(projects, r) < rank, $"{project} references {r}"));
    }

    [Fact]
    public void TheShimsKnowNothingOfTheSimulator()
    {
        foreach (string shim in Directory.GetFiles(Path.Combine(Repository.Root, "src", "Shims"), "*.csproj", SearchOption.AllDirectories))
        {
            Assert.Empty(XDocument.Load(shim).Descendants("ProjectReference"));
        }
    }

    [Theory]
    [InlineData("true", "SimSharp MessagePack Parquet.Net", "")]
    [InlineData("false", "", "SimSharp MessagePack Parquet.Net")]
    public void TheSwitchTakesThePackagesOrTheShims(string upstream, string packages, string shims)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            $"msbuild {Path.Combine(Repository.Root, "src/Engine/Engine.csproj")} -p:UpstreamPackages={upstream} -getItem:PackageReference -getItem:ProjectReference")
        {
            RedirectStandardOutput = true,
        })!;
        JsonElement items = JsonDocument.Parse(process.StandardOutput.ReadToEnd()).RootElement.GetProperty("Items");
        process.WaitForExit();
        string[] ours = ["SimSharp", "MessagePack", "Parquet.Net"];
        Assert.Equal(packages.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            Names("PackageReference").Intersect(ours).Order());
        Assert.Equal(shims.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(),
            Names("ProjectReference").Select(Path.GetFileNameWithoutExtension).Intersect(ours).Order());

        IEnumerable<string> Names(string kind) => items.GetProperty(kind).EnumerateArray().Select(i => i.GetProperty("Identity").GetString()!);
    }

    [Theory]
    [InlineData("Engine")]
    [InlineData("Hardware")]
    [InlineData("Kernel")]
    [InlineData("Host/Workloads")]
    [InlineData("Host/Traces")]
    public void TheSimulatedWorldHasNoSourceOfNondeterminism(string room)
    {
        foreach (string file in SourcesOf(room))
        {
            foreach (string line in File.ReadLines(file).Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            {
                Assert.False(Nondeterminism().IsMatch(line), $"{file}: {line.Trim()}");
            }
        }
    }

    [Fact]
    public void TheBannedSymbolsAreABuildErrorInEveryRoomOfTheSimulatedWorld()
    {
        foreach (string project in (string[])["Engine", "Hardware", "Kernel"])
        {
            XDocument file = XDocument.Load(Path.Combine(Repository.Root, "src", project, project + ".csproj"));
            Assert.Equal("true", file.Descendants("UsesBannedSymbols").Single().Value);
        }
        Assert.Contains("dotnet_diagnostic.RS0030.severity = error", File.ReadAllText(Path.Combine(Repository.Root, ".editorconfig")), StringComparison.Ordinal);
    }

    [Fact]
    public void NoSourceFileIsLongerThanAConcept()
    {
        Assert.All(SourcesOf(""), f => Assert.True(File.ReadLines(f).Count() < 1_000, f));
    }

    private static IEnumerable<string> SourcesOf(string room) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", room), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    [GeneratedRegex(@"DateTime(Offset)?\.(Utc)?Now|Guid\.NewGuid|\bnew (System\.)?Random\(|Random\.Shared|Environment\.TickCount|Environment\.ProcessorCount|\.GetHashCode\(\)|HashCode\.Combine|\bParallel\.|Task\.Run|Stopwatch")]
    private static partial Regex Nondeterminism();
}
